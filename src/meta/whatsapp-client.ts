import type {
  AcceptOutcome,
  CallsApi,
  ConnectOutcome,
  EndOutcome,
  GraphClientOptions,
  PermissionOutcome,
} from './client.ts';
import { failureFrom, type GraphFailure } from './failure.ts';
import type { GraphFailureKind } from './failure-table.ts';
import { idOf, isObject, type JsonObject, listOf } from './json.ts';
import type { MessageOutcome } from './messages.ts';
import { permissionOf } from './permissions.ts';
import type { ProfileOutcome } from './profile.ts';
import { GraphRequester, SPARED } from './requester.ts';
import { crlf } from './sdp-value.ts';
import type { GraphReply } from './transport.ts';
import type { Addressee, CallPermissionRequest, WhatsAppCallsRequest } from './wire-whatsapp.ts';

/** To end a call, all of these are good news. */
const OVER: readonly GraphFailureKind[] = ['already', 'ended', 'bad-call'];

/** `permanent grant exists`: who may call for good need not ask. */
const PERMITTED_FOR_GOOD = 138_017;

/**
 * Calls of WhatsApp numbers, as `GraphClient` has them for Pages. Meta offers when a consumer calls: `preAccept` and
 * `accept` send the same answer. Our own offer is answered by a webhook, never in the reply to `connect`.
 */
export class WhatsAppClient implements CallsApi {
  readonly #timeouts: GraphClientOptions['timeouts'];
  readonly #requester: GraphRequester;

  constructor(options: GraphClientOptions) {
    this.#timeouts = options.timeouts;
    this.#requester = new GraphRequester(options);
  }

  /** Never repeated; its failure is no end: `accept` may still come through. */
  preAccept(numberId: string, callId: string, answerSdp: string): Promise<AcceptOutcome> {
    return this.#answer(numberId, callId, answerSdp, 'pre_accept', this.#timeouts.endMs);
  }

  accept(numberId: string, callId: string, answerSdp: string): Promise<AcceptOutcome> {
    return this.#answer(numberId, callId, answerSdp, 'accept', this.#timeouts.acceptMs);
  }

  /** @param opaque comes back in the webhooks of the call */
  async connect(numberId: string, waId: string, offerSdp: string, opaque?: string): Promise<ConnectOutcome> {
    const reply = await this.#once(
      numberId,
      {
        messaging_product: 'whatsapp',
        ...addressee(waId),
        action: 'connect',
        session: { sdp_type: 'offer', sdp: crlf(offerSdp) },
        ...(opaque === undefined ? {} : { biz_opaque_callback_data: opaque }),
      },
      this.#timeouts.acceptMs,
    );
    if (!reply.ok) return { ok: false, failure: asBadSdp(reply.failure) };
    const callId = callIdIn(reply.body);
    return { ok: true, ...(callId === undefined ? {} : { callId }) };
  }

  reject(numberId: string, callId: string): Promise<EndOutcome> {
    return this.#end(numberId, callId, 'reject');
  }

  terminate(numberId: string, callId: string): Promise<EndOutcome> {
    return this.#end(numberId, callId, 'terminate');
  }

  /** `GET /{phone_number_id}/call_permissions?user_wa_id=` */
  async permission(numberId: string, waId: string): Promise<PermissionOutcome> {
    const reply = await this.#requester.send({
      pageId: numberId,
      action: 'permission',
      path: `/${numberId}/call_permissions`,
      query: { user_wa_id: waId },
      timeoutMs: this.#timeouts.permissionMs,
    });
    return reply.ok ? { ok: true, permission: permissionOf(reply.body) } : reply;
  }

  /**
   * Asks by an interactive `call_permission_request`. Never repeated: Meta allows one in 24 hours and two in seven
   * days. Who has permitted calls for good is not asked: that is a success without a message.
   */
  async requestPermission(numberId: string, waId: string): Promise<MessageOutcome> {
    if (this.#requester.runsLow(numberId)) return { ok: false, failure: SPARED };
    const body: CallPermissionRequest = {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      ...addressee(waId),
      type: 'interactive',
      interactive: {
        type: 'call_permission_request',
        action: { name: 'call_permission_request' },
        body: { text: 'May we call you?' },
      },
    };
    const reply = await this.#requester.send({
      pageId: numberId,
      action: 'call_permission_request',
      path: `/${numberId}/messages`,
      body,
      timeoutMs: this.#timeouts.acceptMs,
    });
    if (!reply.ok) return reply.failure.code === PERMITTED_FOR_GOOD ? { ok: true } : reply;
    const messageId = firstId(reply.body, 'messages');
    return { ok: true, ...(messageId === undefined ? {} : { messageId }) };
  }

  /** The webhook brings the name; there is nothing to ask for. */
  profile(): Promise<ProfileOutcome> {
    return Promise.resolve({ ok: false, failure: NO_PROFILE });
  }

  /** Ends what is under way (their outcomes are failures) and closes the connections. Idempotent. */
  close(): Promise<void> {
    return this.#requester.close();
  }

  async #answer(
    numberId: string,
    callId: string,
    answerSdp: string,
    action: 'pre_accept' | 'accept',
    timeoutMs: number,
  ): Promise<AcceptOutcome> {
    const session = { sdp_type: 'answer', sdp: crlf(answerSdp) } as const;
    const body = { messaging_product: 'whatsapp', call_id: callId, action, session } as const;
    const reply = await this.#once(numberId, body, timeoutMs, callId);
    return reply.ok ? { ok: true } : reply;
  }

  async #end(numberId: string, callId: string, action: 'reject' | 'terminate'): Promise<EndOutcome> {
    const body: WhatsAppCallsRequest = { messaging_product: 'whatsapp', call_id: callId, action };
    const reply = await this.#requester.repeat(
      { pageId: numberId, action, callId, path: `/${numberId}/calls`, body, timeoutMs: this.#timeouts.endMs },
      ({ kind }) => OVER.includes(kind),
    );
    if (reply.ok) return { ok: true, already: false };
    return OVER.includes(reply.failure.kind) ? { ok: true, already: true } : reply;
  }

  async #once(
    numberId: string,
    body: WhatsAppCallsRequest,
    timeoutMs: number,
    callId?: string,
  ): Promise<GraphReply> {
    const reply = await this.#requester.send({
      pageId: numberId,
      action: body.action,
      path: `/${numberId}/calls`,
      body,
      timeoutMs,
      ...(callId === undefined ? {} : { callId }),
    });
    if (reply.ok) return reply;
    const { failure } = reply;
    // A server that broke while it worked may have done it.
    return { ok: false, failure: failure.kind === 'transient' ? { ...failure, kind: 'ambiguous' } : failure };
  }
}

/** `calls: [{ id }]`; one form of the reply names it as Messenger does. */
function callIdIn(body: JsonObject): string | undefined {
  return firstId(body, 'calls') ?? idOf(body['call_id']) ?? idOf(body['id']);
}

const addressee = (id: string): Addressee => (/^\d+$/.test(id) ? { to: id } : { recipient: id });

function firstId(body: JsonObject, key: string): string | undefined {
  const [first] = listOf(body[key]) ?? [];
  return isObject(first) ? idOf(first['id']) : undefined;
}

/** On WhatsApp, 100 without more means the parameters of the call: the description above all. */
function asBadSdp(failure: GraphFailure): GraphFailure {
  return failure.kind === 'invalid' && failure.code === 100 ? { ...failure, sipStatus: 488 } : failure;
}

const NO_PROFILE = failureFrom({ kind: 'profile', sipStatus: 404, meaning: 'WhatsApp has no profiles' });
