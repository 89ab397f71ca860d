import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ConsumerCall } from '../consumer-call.ts';
import type { Consumers, Person } from '../consumers.ts';
import { ask, bodyOf, type Door, type DoorHost, type Outcome, type PageRequest } from '../graph-door.ts';
import { invalidParameter, type Refusal } from '../graph-refusal.ts';
import type { GatewayOffer } from '../meta-sdp.ts';
import { readGateway } from './sdp.ts';

/** What the Graph side of a WhatsApp number needs of the simulator. */
export interface NumberHost extends DoorHost {
  readonly consumers: Consumers;
  call(callId: string): ConsumerCall | undefined;
  /** Whether a call with this consumer is under way. */
  isBusy(waId: string): boolean;
  /** Makes the call; nothing of it is told to anybody yet. */
  place(waId: string, opaque?: string): ConsumerCall;
  /** The reply is on its way: the webhooks follow, one of them with the answer. */
  placed(call: ConsumerCall, answer?: string): void;
  /** A request for permission is on the consumer's screen. */
  asked(person: Person): void;
}

type Body = Readonly<Record<string, unknown>>;

const ACTIONS = ['connect', 'pre_accept', 'accept', 'reject', 'terminate'] as const;
const PRODUCT = { messaging_product: 'whatsapp' };

/** What Graph knows of a WhatsApp number's calls. */
export function numberRoutes(app: FastifyInstance, host: NumberHost): void {
  app.post('/:version/:pageId/calls', (request: PageRequest, reply) => {
    const body = bodyOf(request);
    const callId = typeof body['call_id'] === 'string' ? body['call_id'] : undefined;
    // What is none of these is refused behind the door.
    const action = String(body['action']) as Door['action'];
    return ask(host, { action, callId }, request, reply, () => act(host, body));
  });
  app.get('/:version/:pageId/call_permissions', (request: PageRequest, reply) =>
    ask(host, { action: 'permission' }, request, reply, () =>
      permissions(host, (request.query as Body)['user_wa_id']),
    ),
  );
  app.post('/:version/:pageId/messages', (request: PageRequest, reply) =>
    ask(host, { action: 'message' }, request, reply, () => message(host, bodyOf(request))),
  );
}

async function act(host: NumberHost, body: Body): Promise<Outcome> {
  const { action, call_id: callId } = body;
  if (body['messaging_product'] !== 'whatsapp') return bad('The parameter messaging_product is required');
  if (!ACTIONS.some((each) => each === action)) return bad(`action must be one of ${ACTIONS.join(', ')}`);
  if (!host.page.settings.audio_enabled)
    return refused(138_000, 'Calling is not enabled for this phone number');
  if (action === 'connect') return connect(host, body);
  if (typeof callId !== 'string') return bad('call_id is required');
  const call = host.call(callId);
  if (!call) return bad('Invalid call_id');
  if (call.end) return bad('The call has ended');
  if (action === 'terminate') return end(call, action);
  if (call.options.whenCalled) return bad(`${String(action)} is for calls of consumers`);
  if (call.state !== 'ringing') return bad('The call was already accepted');
  if (action === 'reject') return end(call, action);
  return answered(call, action as 'pre_accept' | 'accept', body['session']);
}

/** The webhook follows the reply. */
function end(call: ConsumerCall, action: 'reject' | 'terminate'): Outcome {
  setImmediate(() => void call.endByBusiness(action));
  return { body: { ...PRODUCT, success: true } };
}

function answered(call: ConsumerCall, action: 'pre_accept' | 'accept', session: unknown): Outcome {
  const read = descriptionOf('answer', session);
  if ('refusal' in read) return read;
  const { remote, sdp } = read;
  if (action === 'pre_accept') {
    if (call.preAnswer !== undefined) return bad('The call was pre-accepted before');
    call.preAccept(remote, sdp);
  } else {
    if (call.preAnswer !== undefined && call.preAnswer !== sdp)
      return badSdp('the answer is not the one of pre_accept');
    call.acceptAnswer(remote);
  }
  // The first key is missing in some of Meta's replies.
  return { body: action === 'accept' ? { success: true } : { ...PRODUCT, success: true } };
}

async function connect(host: NumberHost, body: Body): Promise<Outcome> {
  const { to, session, biz_opaque_callback_data: opaque } = body;
  if (typeof to !== 'string' || !/^\d{7,15}$/.test(to)) return bad('to must be the number of a person');
  if (opaque !== undefined && (typeof opaque !== 'string' || opaque.length > 512))
    return bad('biz_opaque_callback_data must be a string of at most 512 characters');
  if (!host.consumers.get(to)) return refused(138_001, 'Receiver uncallable');
  if (host.consumers.permissions.until(to, host.clock.now()) === undefined)
    return refused(138_006, 'No approved call permission from the recipient');
  const read = descriptionOf('offer', session);
  if ('refusal' in read) return read;
  if (host.isBusy(to)) return refused(138_003, 'A call with this person is in progress');
  const call = host.place(to, opaque);
  const answer = await call.place(read.remote);
  if (answer === undefined) return refused(138_004, 'Connection error');
  host.placed(call, answer);
  return { body: { ...PRODUCT, calls: [{ id: call.id }] } };
}

function descriptionOf(
  wanted: 'offer' | 'answer',
  session: unknown,
): { readonly remote: GatewayOffer; readonly sdp: string } | { readonly refusal: Refusal } {
  const { sdp_type: type, sdp } = (session ?? {}) as Body;
  if (typeof sdp !== 'string') return bad('session with sdp_type and sdp is required');
  const remote = readGateway(wanted, type, sdp);
  return 'refusal' in remote ? badSdp(remote.refusal) : { remote, sdp };
}

function permissions({ consumers, clock }: NumberHost, waId: unknown): Outcome {
  if (typeof waId !== 'string' || !/^\d+$/.test(waId)) return bad('The parameter user_wa_id is required');
  const now = clock.now();
  const ledger = consumers.permissions;
  const until = ledger.until(waId, now);
  const limits = ledger.limits.map(({ ms, max }) => ({
    time_period: ms <= 86_400_000 ? 'PT24H' : 'P7D',
    max_allowed: max,
    current_usage: ledger.used(waId, now, ms),
  }));
  const permission = {
    status: until === undefined ? 'no_permission' : 'temporary',
    ...(until === undefined ? {} : { expiration_time: Math.floor(until / 1000) }),
  };
  const actions = [
    {
      action_name: 'send_call_permission_request',
      can_perform_action: ledger.mayRequest(waId, now),
      limits,
    },
    { action_name: 'start_call', can_perform_action: until !== undefined },
  ];
  return { body: { ...PRODUCT, permission, actions } };
}

/** Only the request for permission to call; other messages are not simulated. */
function message(host: NumberHost, body: Body): Outcome {
  const { to, type, interactive } = body as {
    to?: unknown;
    type?: unknown;
    interactive?: { type?: unknown; action?: { name?: unknown } };
  };
  if (body['messaging_product'] !== 'whatsapp') return bad('The parameter messaging_product is required');
  if (typeof to !== 'string') return bad('The parameter to is required');
  const isRequest =
    type === 'interactive' &&
    interactive?.type === 'call_permission_request' &&
    interactive.action?.name === 'call_permission_request';
  if (!isRequest) return bad('Only interactive messages of type call_permission_request are simulated');
  const person = host.consumers.get(to);
  if (!person) return refused(131_026, 'Message undeliverable');
  if (!host.consumers.permissions.request(to, host.clock.now()))
    return refused(138_009, 'The limit of call permission requests to this person is reached');
  host.asked(person);
  const id = `wamid.${randomBytes(16).toString('base64url')}`;
  return { body: { ...PRODUCT, contacts: [{ input: to, wa_id: to }], messages: [{ id }] } };
}

const bad = (text: string): { readonly refusal: Refusal } => ({ refusal: invalidParameter(text) });

const refused = (code: number, text: string): { readonly refusal: Refusal } => ({
  refusal: { status: 400, code, message: `(#${code}) ${text}` },
});

const badSdp = (text: string): { readonly refusal: Refusal } => ({
  refusal: {
    status: 400,
    code: 138_008,
    subcode: 2_593_093,
    message: `(#138008) SDP validation error: ${text}`,
  },
});
