import type { TimerHandle } from '../../shared/clock.ts';
import { type Dialog, dialogId } from '../dialog/dialog.ts';
import { parseDigits } from '../grammar/scan.ts';
import { Headers } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { deliver, deliverUnsolicited, type EngineContext, FORMING } from './context.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { buildOwnResponse } from './wire-response.ts';

/** An application that has said nothing for so long gets its request answered 500. */
const SILENCE_MS = 60_000;

const SILENT = 'SIP;cause=500;text="No answer from the application"';

/** Seconds; whoever waits longer than a day waits for ever. */
const MAX_EXPIRES = 86_400;

/** What peers are told of a server that died, by its successor. */
export const RESTARTED = 'SIP;cause=503;text="Server restarted"';

/** Headers of an answer of the server's own. */
export type Extra = readonly (readonly [name: string, value: string])[];

/** The requests of peers that applications have been given, and the server's own answers (RFC 3261 8.2). */
export class ServerRequests {
  readonly #context: EngineContext;
  readonly #requests = new Map<string, IncomingRequest>();
  readonly #byTransaction = new Map<ServerTransaction, IncomingRequest>();
  /** The last first INVITE of each dialog id. */
  readonly #firstInvites = new Map<string, IncomingRequest>();
  readonly #lastInvite = new WeakMap<Dialog, IncomingRequest>();
  readonly #lastUpdate = new WeakMap<Dialog, IncomingRequest>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  find(id: string): IncomingRequest | undefined {
    return this.#requests.get(id);
  }

  ofTransaction(transaction: ServerTransaction): IncomingRequest | undefined {
    return this.#byTransaction.get(transaction);
  }

  /** The last request of that method in the dialog, while it has no final answer. */
  pending(dialog: Dialog, method: 'INVITE' | 'UPDATE'): IncomingRequest | undefined {
    const incoming = (method === 'INVITE' ? this.#lastInvite : this.#lastUpdate).get(dialog);
    return incoming?.final === false ? incoming : undefined;
  }

  /** Whether an INVITE or UPDATE of the peer waits for its answer. */
  isOffered(dialog: Dialog): boolean {
    return this.pending(dialog, 'INVITE') !== undefined || this.pending(dialog, 'UPDATE') !== undefined;
  }

  /** First INVITEs that wait for their final answer, with what would refuse each. */
  *unanswered(): Generator<{ readonly id: string; readonly flow: Flow; readonly refusal: () => Buffer }> {
    for (const { id, request, transaction, localTag, final } of this.#firstInvites.values()) {
      if (final) continue;
      const reason = ['Reason', RESTARTED] as const;
      yield {
        id,
        flow: transaction.flow,
        refusal: () => buildOwnResponse(request, 503, localTag, [reason]),
      };
    }
  }

  /** Whether its Call-ID and From tag name another call already: for applications the two would be one. */
  isTaken(request: SipRequest): boolean {
    const id = idOf(request);
    return this.#firstInvites.get(id)?.final === false || this.#context.dialogs.hasCall('uas', id);
  }

  /** Notes the dialog that a first request has made. */
  formed(incoming: IncomingRequest, dialog: Dialog): void {
    incoming.dialog = dialog;
    if (dialog.isCall) this.#lastInvite.set(dialog, incoming);
  }

  transaction(request: SipRequest, flow: Flow): ServerTransaction {
    let transaction: ServerTransaction | undefined;
    // The transaction outlives the request by 32 s, thus holds no more of it than this.
    const { callId } = request;
    transaction = this.#context.transactions.server(request, flow, {
      onTimeout: () => this.#context.log.info({ callId }, 'sip_server.ack_for_failure_missing'),
      onTransportError: (error) => {
        this.#context.counters.add('transportErrors');
        this.#context.log.warn({ remote: flow.remote, error: error.message }, 'sip_server.send_failed');
      },
      onTerminated: () => {
        const incoming = transaction && this.#byTransaction.get(transaction);
        if (incoming) this.#forget(incoming);
      },
    });
    return transaction;
  }

  /** Gives a request to an application; an INVITE gets its 100. */
  handOver(
    client: AppClient,
    request: SipRequest,
    transaction: ServerTransaction,
    dialog: Dialog | undefined,
    localTag: string,
  ): IncomingRequest {
    const initial = dialog === undefined && FORMING.has(request.method);
    if (request.method === 'INVITE') this.send(transaction, request, 100, '');
    const id = this.#context.ids.uuid();
    const incoming: IncomingRequest = {
      id,
      client,
      request,
      transaction,
      localTag,
      dialog,
      initial,
      final: false,
      answered: false,
      reliable: undefined,
      held: undefined,
      onFinal: undefined,
      timer: undefined,
      expiry: undefined,
    };
    // What an INVITE has set in motion does not go on for a peer that was refused.
    incoming.timer = this.after(SILENCE_MS, () =>
      request.method === 'INVITE'
        ? this.giveUp(incoming, request, 500, [['Reason', SILENT]])
        : this.answer(incoming, 500),
    );
    if (initial && request.method === 'INVITE') {
      this.#context.callTimes.began(incoming);
      this.#context.cdrs.attempt(incoming, 'network', () => serializeMessage(request));
      this.#limit(incoming);
      this.#firstInvites.set(idOf(request), incoming);
    }
    this.#requests.set(id, incoming);
    this.#byTransaction.set(transaction, incoming);
    if (dialog && request.method === 'INVITE') this.#lastInvite.set(dialog, incoming);
    if (dialog && request.method === 'UPDATE') this.#lastUpdate.set(dialog, incoming);
    deliver(this.#context, client, serializeMessage(request), {
      flow: transaction.flow,
      transactionId: id,
      dialogId: dialog?.id ?? '',
      isRequest: true,
    });
    return incoming;
  }

  /** RFC 3261 13.3.1: an invitation that is not answered within its Expires is over. */
  #limit(incoming: IncomingRequest): void {
    const seconds = parseDigits(incoming.request.headers.get('expires') ?? '', MAX_EXPIRES);
    if (!seconds) return;
    const reason = ['Reason', 'SIP;cause=487;text="Invitation expired"'] as const;
    incoming.expiry = this.after(seconds * 1000, () =>
      this.giveUp(incoming, incoming.request, 487, [reason]),
    );
  }

  after(ms: number, fn: () => void): TimerHandle {
    return this.#context.clock.after(ms, fn);
  }

  // ---- answers --------------------------------------------------------------------------------------------

  /** Answers with a failure in the application's place. */
  answer(incoming: IncomingRequest, status: number, extra: Extra = []): void {
    if (incoming.final) return;
    incoming.timer?.clear();
    incoming.timer = undefined;
    const bytes = this.send(incoming.transaction, incoming.request, status, incoming.localTag, extra);
    this.#context.cdrs.stop(incoming, 'application', 'call-rejected', () => bytes);
    this.finish(incoming, status);
  }

  /**
   * Fails an INVITE and tells the application: with CANCEL, or with BYE when its 2xx was held and it has a call in hand.
   *
   * @param cause the CANCEL or BYE of the peer, or the INVITE itself when there is none
   */
  giveUp(invite: IncomingRequest, cause: SipRequest, status = 487, extra: Extra = []): void {
    const { id, client, held, transaction } = invite;
    if (status === 487)
      this.#context.cdrs.stop(invite, 'network', 'call-canceled', () => serializeMessage(cause));
    this.answer(invite, status, extra);
    const flow = transaction.flow;
    const dialogId = invite.dialog?.id ?? '';
    const hasCall = held !== undefined && invite.initial;
    const message = serializeMessage(told(cause, hasCall ? 'BYE' : 'CANCEL', extra));
    if (hasCall) deliverUnsolicited(this.#context, client, message, flow, dialogId);
    else deliver(this.#context, client, message, { flow, transactionId: id, dialogId, isRequest: true });
  }

  /** Notes that the peer's BYE has ended a call. */
  released(dialog: Dialog, bye: SipRequest): void {
    this.#context.cdrs.stop(dialog, 'network', 'normal-release', () => serializeMessage(bye));
  }

  /** Notes that the final answer is out; a failed INVITE and any answered BYE leave no dialog. */
  finish(incoming: IncomingRequest, status: number, answer = new Headers()): void {
    incoming.final = true;
    incoming.reliable?.stop();
    incoming.expiry?.clear();
    const wasHeld = incoming.held !== undefined;
    incoming.held = undefined;
    const { request, dialog, initial } = incoming;
    const then = incoming.onFinal;
    incoming.onFinal = undefined;
    then?.();
    // Of a failed INVITE more is wanted: the tag for a CANCEL that comes late. It ends with its ACK.
    if (status < 300 || request.method !== 'INVITE') this.#forget(incoming);
    if (!dialog) return;
    if (this.#lastInvite.get(dialog) === incoming) this.#lastInvite.delete(dialog);
    if (this.#lastUpdate.get(dialog) === incoming) this.#lastUpdate.delete(dialog);
    const use = { method: request.method, headers: request.headers, seq: request.cseq.seq };
    this.#context.subscriptions.onAnswered(dialog, use, status, answer);
    if (wasHeld && status >= 300) dialog.settleAnswer();
    if (request.method === 'BYE' || (initial && status >= 300)) this.#context.dialogs.remove(dialog);
  }

  /** Refuses a request that no application has seen. */
  refuse(
    transaction: ServerTransaction,
    request: SipRequest,
    status: number,
    extra: Extra = [],
    reason?: string,
  ): void {
    this.send(transaction, request, status, this.#context.ids.tag(), extra, reason);
  }

  send(
    transaction: ServerTransaction,
    request: SipRequest,
    status: number,
    tag: string,
    extra: Extra = [],
    reason?: string,
  ): Buffer {
    this.#context.counters.response('out', request.method, status);
    const bytes = buildOwnResponse(request, status, tag, extra, reason);
    transaction.respond(status, bytes);
    return bytes;
  }

  // ---- ends -----------------------------------------------------------------------------------------------

  #forget(incoming: IncomingRequest): void {
    incoming.reliable?.stop();
    incoming.expiry?.clear();
    incoming.timer?.clear();
    incoming.timer = undefined;
    this.#requests.delete(incoming.id);
    this.#byTransaction.delete(incoming.transaction);
    const id = idOf(incoming.request);
    if (this.#firstInvites.get(id) === incoming) this.#firstInvites.delete(id);
  }

  /** The client's connection is gone: what it owes is answered 503, inside dialogs 481. */
  onGone(client: AppClient): void {
    for (const incoming of [...this.#requests.values()]) {
      if (incoming.client === client && !incoming.final)
        this.answer(incoming, incoming.dialog && !incoming.initial ? 481 : 503);
    }
  }

  close(): void {
    for (const incoming of this.#requests.values()) {
      incoming.timer?.clear();
      incoming.expiry?.clear();
      incoming.reliable?.stop();
    }
    this.#requests.clear();
    this.#byTransaction.clear();
    this.#firstInvites.clear();
  }
}

const idOf = ({ callId, fromTag }: SipRequest): string => dialogId(callId, fromTag ?? '');

/** The request that stands for another in the eyes of an application. */
function told(cause: SipRequest, method: string, extra: Extra): SipRequest {
  if (cause.method === method) return cause;
  const headers = new Headers();
  for (const { key, name, value } of cause.headers)
    if (key !== 'content-type') headers.append(name, key === 'cseq' ? `${cause.cseq.seq} ${method}` : value);
  for (const [name, value] of extra) headers.append(name, value);
  return { ...cause, method, headers, body: Buffer.alloc(0) };
}
