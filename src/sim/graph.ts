import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ConsumerCall } from './consumer-call.ts';
import { preventsAction } from './faults.ts';
import { accept } from './graph-accept.ts';
import { type ConnectHost, connect } from './graph-connect.ts';
import {
  bodyOf,
  checkPage,
  checkSettings,
  type DoorHost,
  isVersion,
  type Outcome,
  type PageRequest,
  pause,
  unknownPath,
  whoAsks,
} from './graph-door.ts';
import { misbehave } from './graph-fault.ts';
import { mediaUpdate } from './graph-media-update.ts';
import { appRoutes, type PageHost, pageRoutes } from './graph-page.ts';
import { CALLING, callingError, callOver, invalidParameter, type Refusal, refuse } from './graph-refusal.ts';
import { type Profile, readProfile } from './profile.ts';
import { type NumberHost, numberRoutes } from './whatsapp/graph.ts';

/** What the Graph side needs of the simulator. */
export interface GraphHost extends DoorHost, Omit<ConnectHost, 'place' | 'placed'>, PageHost, NumberHost {
  /** Percent of the quota that the usage headers tell, and minutes until it is free again; undefined: no headers. */
  readonly usage: { readonly percent: number; readonly regainMinutes: number } | undefined;
  call(callId: string): ConsumerCall | undefined;
  profile(psid: string): Profile | undefined;
}

type ProfileRequest = FastifyRequest<{ Params: { version: string; psid: string } }>;

/** Graph endpoints for calls of both directions and for permission, as strict as the real ones. */
export function graphApp(host: GraphHost): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1_000_000,
    // For the control API: what is misspelt is an error, not left out.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } },
  });
  app.setErrorHandler((error, _request, reply) =>
    refuse(reply, invalidParameter(`Invalid request: ${String(error)}`)),
  );
  app.setNotFoundHandler((_request, reply) => refuse(reply, unknownPath));
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of usageHeaders(host)) reply.header(name, value);
    const { clockAheadMs } = host.page;
    if (clockAheadMs !== 0) reply.header('date', new Date(host.clock.now() + clockAheadMs).toUTCString());
  });
  if (host.options.platform === 'whatsapp') {
    numberRoutes(app, host);
    appRoutes(app, host);
    return app;
  }
  app.post('/:version/:pageId/calls', (request: PageRequest, reply) => calls(host, request, reply));
  pageRoutes(app, host);
  app.get('/:version/:psid', (request: ProfileRequest, reply) => profile(host, request, reply));
  return app;
}

async function profile(host: GraphHost, request: ProfileRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { version, psid } = request.params;
  if (!isVersion(version)) return refuse(reply, unknownPath);
  const fault = host.faults.take('profile');
  if (fault && fault.kind !== 'slow') return misbehave(fault, request, reply, host.closing);
  if (fault) await pause(host, fault);
  const denied = whoAsks(host, request, 'page');
  if (denied) return refuse(reply, denied);
  const { fields } = request.query as Record<string, unknown>;
  const result = readProfile(psid, host.profile(psid), fields, host.options.callingErrorsAsSubcode === true);
  return 'refusal' in result ? refuse(reply, result.refusal) : reply.send(result.body);
}

async function calls(host: GraphHost, request: PageRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!isVersion(request.params.version)) return refuse(reply, unknownPath);
  const body = bodyOf(request);
  const action = String(body['action'] ?? '').toLowerCase();
  const callId = typeof body['call_id'] === 'string' ? body['call_id'] : undefined;
  const fault = host.faults.take(action);
  if (fault && preventsAction(fault.kind)) return misbehave(fault, request, reply, host.closing);
  const result = await act(host, request, action, callId, body);
  host.onRequest(action, callId, 'refusal' in result ? result.refusal.status : 200);
  if (fault?.kind === 'slow') await pause(host, fault);
  if ('refusal' in result) return refuse(reply, result.refusal);
  if (fault && fault.kind !== 'slow') return misbehave(fault, request, reply, host.closing);
  return reply.send(result.body);
}

/** What Meta refuses, in its order: who asks, what for, about which call; then the deed. */
async function act(
  host: GraphHost,
  request: PageRequest,
  action: string,
  callId: string | undefined,
  body: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  const asSubcode = host.options.callingErrorsAsSubcode === true;
  const denied = whoAsks(host, request, 'page') ?? checkRequest(host, request, action, callId, body);
  if (denied) return { refusal: denied };
  if (action === 'connect') return connect(host, body, asSubcode);
  const call = host.call(callId ?? '');
  if (!call) return { refusal: callingError(CALLING.badCall, asSubcode) };
  const impossible = checkState(call, action, asSubcode);
  if (impossible) return { refusal: impossible };
  if (action === 'accept') return accept(call, body['session'], asSubcode);
  if (action === 'media_update') return mediaUpdate(call, body, host.page.forms, asSubcode);
  // The webhook follows the reply.
  setImmediate(() => void call.endByBusiness(action === 'reject' ? 'reject' : 'terminate'));
  return { body: { success: true } };
}

function checkRequest(
  host: GraphHost,
  request: PageRequest,
  action: string,
  callId: string | undefined,
  body: Readonly<Record<string, unknown>>,
): Refusal | undefined {
  const elsewhere = checkPage(host, request);
  if (elsewhere) return elsewhere;
  const { platform } = body;
  if (platform !== undefined && String(platform).toLowerCase() !== 'messenger')
    return invalidParameter('platform must be messenger');
  if (action === '') return invalidParameter('action is required');
  if (!['accept', 'connect', 'media_update', 'reject', 'terminate'].includes(action))
    return invalidParameter('action must be one of accept, connect, media_update, reject, terminate');
  if (!callId && action !== 'connect') return invalidParameter('call_id is required');
  return checkSettings(host);
}

function checkState(call: ConsumerCall, action: string, asSubcode: boolean): Refusal | undefined {
  if (call.end) {
    if (call.end.action === action)
      return invalidParameter(`The call was already ${action === 'reject' ? 'rejected' : 'terminated'}`);
    return callOver(call, asSubcode);
  }
  if (call.state === 'elsewhere')
    return { status: 403, code: 100, message: '(#100) This app is not the owner of the call' };
  if (action === 'terminate') return undefined;
  if (action === 'media_update')
    return call.state === 'ringing' ? invalidParameter('The call is not accepted yet') : undefined;
  if (call.options.whenCalled) return invalidParameter(`${action} is for calls of consumers`);
  if (call.state === 'ringing') return undefined;
  return invalidParameter('The call was already accepted');
}

function usageHeaders({ usage, options }: GraphHost): (readonly [string, string])[] {
  if (!usage) return [];
  const counts = { call_count: usage.percent, total_time: usage.percent, total_cputime: usage.percent };
  const business = { type: 'messenger', ...counts, estimated_time_to_regain_access: usage.regainMinutes };
  return [
    ['x-app-usage', JSON.stringify(counts)],
    ['x-business-use-case-usage', JSON.stringify({ [options.pageId]: [business] })],
  ];
}
