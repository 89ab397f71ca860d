import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ConsumerCall } from './consumer-call.ts';
import type { Fault, Faults, ReplyForm } from './faults.ts';
import { readOffer } from './meta-sdp.ts';
import type { MetaSimulatorOptions } from './simulator.ts';

/** What the Graph side needs of the simulator. */
export interface GraphHost {
  readonly options: MetaSimulatorOptions;
  readonly faults: Faults;
  audioEnabled(): boolean;
  call(callId: string): ConsumerCall | undefined;
  /** Whether the call is over and since when it is not known any more. */
  consumerName(psid: string): string | undefined;
  onRequest(action: string, callId: string | undefined, status: number): void;
  /** Requests that were hung on purpose end with the simulator. */
  readonly closing: AbortSignal;
}

interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly subcode?: number;
  readonly message: string;
}

/** Graph endpoints for consumer-initiated calls, as strict as the real ones. */
export function graphApp(host: GraphHost): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_000_000 });
  app.setErrorHandler((error, _request, reply) =>
    refuse(reply, { status: 400, code: 100, message: `(#100) Invalid request: ${String(error)}` }),
  );
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, { status: 404, code: 2500, message: 'Unknown path components' }),
  );
  app.post<{ Params: { version: string; pageId: string } }>('/:version/:pageId/calls', (request, reply) =>
    calls(host, request, reply),
  );
  app.get<{ Params: { version: string; psid: string } }>('/:version/:psid', async (request, reply) => {
    const fault = host.faults.take('profile');
    if (fault) return misbehave(host, fault, request, reply);
    const refusal = credentials(host, request);
    if (refusal) return refuse(reply, refusal);
    const name = host.consumerName(request.params.psid);
    if (!name)
      return refuse(reply, {
        status: 400,
        code: 100,
        subcode: 2018001,
        message: '(#100) No matching user found',
      });
    const [first, ...rest] = name.split(' ');
    return reply.send({ name, first_name: first, last_name: rest.join(' '), id: request.params.psid });
  });
  return app;
}

async function calls(
  host: GraphHost,
  request: FastifyRequest<{ Params: { version: string; pageId: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = (typeof request.body === 'object' && request.body !== null ? request.body : {}) as Record<
    string,
    unknown
  >;
  const action = String(body['action'] ?? '').toLowerCase();
  const callId = typeof body['call_id'] === 'string' ? body['call_id'] : undefined;
  const fault = host.faults.take(action);
  if (fault && fault.kind !== 'reset-after' && fault.kind !== 'hang-after' && fault.kind !== 'empty-200') {
    return misbehave(host, fault, request, reply);
  }
  const refusal = check(host, request, action, callId, body);
  host.onRequest(action, callId, refusal?.status ?? 200);
  if (refusal) return refuse(reply, refusal);
  const call = host.call(callId ?? '');
  if (!call) return refuse(reply, { status: 400, code: 2018390, message: 'Invalid call id' });
  const result = action === 'accept' ? await accept(call, body) : { success: true };
  if ('refusal' in result) {
    return refuse(reply, { status: 400, code: 2018392, message: `Invalid SDP: ${result.refusal}` });
  }
  // The webhook follows the reply.
  if (action !== 'accept') setImmediate(() => void call.endByBusiness(`business ${action}ed`));
  if (fault) return misbehave(host, fault, request, reply);
  reply.header('x-app-usage', JSON.stringify({ call_count: 3, total_time: 2, total_cputime: 1 }));
  return reply.send(result);
}

/** What Meta refuses, in its order: who asks, what for, about which call. */
function check(
  host: GraphHost,
  request: FastifyRequest<{ Params: { version: string; pageId: string } }>,
  action: string,
  callId: string | undefined,
  body: Readonly<Record<string, unknown>>,
): Refusal | undefined {
  const denied = credentials(host, request);
  if (denied) return denied;
  const invalid = (message: string): Refusal => ({ status: 400, code: 100, message: `(#100) ${message}` });
  if (request.params.pageId !== host.options.pageId) {
    return {
      status: 400,
      code: 100,
      subcode: 33,
      message: 'Unsupported post request: the Page does not exist',
    };
  }
  const platform = body['platform'];
  if (platform !== undefined && String(platform).toLowerCase() !== 'messenger')
    return invalid('platform must be messenger');
  if (!['accept', 'reject', 'terminate'].includes(action)) {
    return invalid(`action ${action || '(missing)'} is not supported by this simulator yet`);
  }
  if (!callId) return invalid('call_id is required');
  if (!host.audioEnabled()) {
    return {
      status: 400,
      code: 100,
      subcode: 1893056,
      message: 'Call settings are not enabled for this Page',
    };
  }
  const call = host.call(callId);
  if (!call) return { status: 400, code: 2018390, message: 'Invalid call id' };
  if (call.end) {
    if (action !== 'accept') return { status: 400, code: 100, message: 'The call was already terminated' };
    return call.end.status === 'Failed'
      ? { status: 400, code: 2018395, message: 'The call has failed' }
      : { status: 400, code: 2018396, message: 'The call has ended' };
  }
  if (action === 'accept' && call.state !== 'ringing')
    return { status: 400, code: 100, message: 'The call was already accepted' };
  if (action === 'reject' && call.state !== 'ringing')
    return { status: 400, code: 100, message: 'The call was already accepted' };
  return undefined;
}

async function accept(
  call: ConsumerCall,
  body: Readonly<Record<string, unknown>>,
): Promise<{ refusal: string } | object> {
  const raw = body['session'];
  let session: unknown = raw;
  if (typeof raw === 'string') {
    try {
      session = JSON.parse(raw);
    } catch {
      return { refusal: 'session is no JSON' };
    }
  }
  if (typeof session !== 'object' || session === null) return { refusal: 'session is missing' };
  const { sdp_type: type, sdp } = session as Record<string, unknown>;
  const offer = readOffer(type, sdp);
  if ('refusal' in offer) return offer;
  const { answer, renegotiation } = await call.accept(offer);
  return replyOf(call.id, answer, renegotiation, call.options.reply ?? {});
}

function replyOf(callId: string, answer: string, renegotiation: string, form: ReplyForm): object {
  if (form.withoutSdp) return { success: true, id: callId, call_id: callId };
  const sdpOf = (type: string, sdp: string): unknown => (form.sdpAsString ? sdp : { sdp_type: type, sdp });
  const session = {
    sdp_response: sdpOf('answer', answer),
    ...(form.withoutRenegotiation ? {} : { sdp_renegotiation: sdpOf('offer', renegotiation) }),
  };
  return {
    success: true,
    id: callId,
    call_id: callId,
    session: form.sessionAsString ? JSON.stringify(session) : session,
  };
}

function credentials(host: GraphHost, request: FastifyRequest): Refusal | undefined {
  const query = request.query as Record<string, unknown>;
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer ?? String(query['access_token'] ?? query['oauth_token'] ?? '');
  if (!same(token, host.options.accessToken)) {
    return { status: 401, code: 190, message: 'Invalid OAuth access token - Cannot parse access token' };
  }
  const proof = query['appsecret_proof'];
  const expected = createHmac('sha256', host.options.appSecret).update(token).digest('hex');
  if (proof === undefined && host.options.requireAppSecretProof !== true) return undefined;
  if (proof === undefined) {
    return {
      status: 400,
      code: 100,
      message: 'API calls from the server require an appsecret_proof argument',
    };
  }
  return same(String(proof), expected)
    ? undefined
    : { status: 400, code: 100, message: 'Invalid appsecret_proof provided in the API argument' };
}

async function misbehave(
  host: GraphHost,
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const status = fault.httpStatus ?? 400;
  const error = {
    message: fault.text ?? 'An unknown error has occurred.',
    type: 'OAuthException',
    code: fault.code ?? 1,
    ...(fault.subcode === undefined ? {} : { error_subcode: fault.subcode }),
    fbtrace_id: trace(),
  };
  switch (fault.kind) {
    case 'error':
      return reply.code(status).send({ error });
    case 'flat-error':
      return reply.code(status).send(error);
    case 'error-in-200':
      return reply.code(200).send({ error });
    case 'html-500':
      return reply.code(500).type('text/html').send('<html><body>Sorry, something went wrong.</body></html>');
    case 'empty-200':
      return reply.code(200).send();
    case 'reset-after':
      request.raw.socket.destroy();
      return reply.hijack();
    case 'hang':
    case 'hang-after':
      await new Promise<void>((resolve) => {
        request.raw.socket.once('close', resolve);
        host.closing.addEventListener('abort', () => resolve(), { once: true });
      });
      return reply.hijack();
  }
}

function refuse(reply: FastifyReply, { status, code, subcode, message }: Refusal): FastifyReply {
  return reply.code(status).send({
    error: {
      message,
      type: 'OAuthException',
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      is_transient: false,
      fbtrace_id: trace(),
    },
  });
}

function trace(): string {
  return `A${randomBytes(8).toString('base64url')}`;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
