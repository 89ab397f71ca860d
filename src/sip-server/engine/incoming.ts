import type { TimerHandle } from '../../shared/clock.ts';
import { AnswerRetransmission } from '../dialog/answer-retransmission.ts';
import { Dialog, remoteFrom } from '../dialog/dialog.ts';
import { splitList } from '../grammar/scan.ts';
import type { SipRequest } from '../message/message.ts';
import { METHODS } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { InviteServerTransaction } from '../transaction/invite-server.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient, AppFrame } from '../wire/client.ts';
import { responseSentFrame } from '../wire/sip-frames.ts';
import type { AppMessage } from './app-message.ts';
import { deliver, type EngineContext, PASSED_OPTIONS } from './context.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Outgoing } from './outgoing.ts';
import { answeredTo, buildAppResponse, buildOwnResponse, wantedTag } from './wire-response.ts';

/** An application that has said nothing for so long gets its request answered 500. */
const SILENCE_MS = 60_000;
/** A ringing INVITE is told so again, lest a proxy on the way gives it up (RFC 3261 13.3.1.1). */
const REMIND_MS = 60_000;

type Extra = readonly (readonly [name: string, value: string])[];
type ResponseMessage = AppMessage & { start: { kind: 'response' } };

/** The UAS half: requests from the network and the applications' answers (RFC 3261 8.2, 9.2, 12.2.2, 13.3, 15.1.2). */
export class Incoming {
  readonly #context: EngineContext;
  readonly #outgoing: Outgoing;
  readonly #requests = new Map<string, IncomingRequest>();
  readonly #lastInvite = new WeakMap<Dialog, IncomingRequest>();
  readonly #lastUpdate = new WeakMap<Dialog, IncomingRequest>();
  readonly #byTransaction = new Map<ServerTransaction, IncomingRequest>();

  constructor(context: EngineContext, outgoing: Outgoing) {
    this.#context = context;
    this.#outgoing = outgoing;
  }

  // ---- from the network -----------------------------------------------------------------------------------

  /** A valid request of a peer that may talk to us; `flow` is where its answers go. */
  receive(request: SipRequest, flow: Flow): void {
    const { transactions, counters, dialogs } = this.#context;
    if (request.method === 'ACK') {
      this.#onAck(request, flow);
      return;
    }
    if (transactions.absorb(request)) return;
    counters.request('in', request.method);
    if (request.method === 'CANCEL') {
      this.#onCancel(request, flow);
      return;
    }
    const merged = transactions.isMerged(request);
    const transaction = this.#transaction(request, flow);
    if (merged) {
      this.#refuse(transaction, request, 482);
      return;
    }
    const unsupported = request.headers
      .all('require')
      .flatMap(splitList)
      .filter((option) => option !== '' && !PASSED_OPTIONS.has(option.toLowerCase()));
    if (unsupported.length > 0) {
      this.#refuse(transaction, request, 420, [['Unsupported', unsupported.join(', ')]]);
      return;
    }
    if (request.toTag !== undefined) {
      const dialog = dialogs.ofRequest(request);
      if (!dialog || dialog.state === 'terminated') {
        this.#refuse(transaction, request, 481);
        return;
      }
      this.#inDialog(request, transaction, flow, dialog);
      return;
    }
    this.#outOfDialog(request, transaction);
  }

  #transaction(request: SipRequest, flow: Flow): ServerTransaction {
    let transaction: ServerTransaction | undefined;
    transaction = this.#context.transactions.server(request, flow, {
      onTimeout: () =>
        this.#context.log.info({ callId: request.callId }, 'sip_server.ack_for_failure_missing'),
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

  #outOfDialog(request: SipRequest, transaction: ServerTransaction): void {
    const { method } = request;
    if (method === 'BYE' || method === 'UPDATE' || method === 'PRACK') {
      this.#refuse(transaction, request, 481);
      return;
    }
    if (method === 'INVITE' && !request.headers.has('contact')) {
      this.#refuse(transaction, request, 400, [], 'Missing Contact header');
      return;
    }
    const client = this.#context.pick(method);
    if (!client) {
      if (METHODS.has(method)) {
        this.#refuse(transaction, request, 503);
        return;
      }
      this.#refuse(transaction, request, 405, [['Allow', [...METHODS].join(', ')]]);
      return;
    }
    this.#handOver(client, request, transaction, undefined, this.#context.ids.tag());
  }

  #inDialog(request: SipRequest, transaction: ServerTransaction, flow: Flow, dialog: Dialog): void {
    const { method, cseq } = request;
    if (dialog.remoteSeq !== undefined && cseq.seq < dialog.remoteSeq) {
      this.#refuse(transaction, request, 500);
      return;
    }
    dialog.remoteSeq = cseq.seq;
    dialog.flow = flow;
    if (!dialog.client.alive) {
      this.#refuse(transaction, request, 481);
      return;
    }
    if (method === 'INVITE' && (this.#outgoing.hasPendingInvite(dialog) || dialog.state === 'early')) {
      this.#refuse(transaction, request, 491);
      return;
    }
    if ((method === 'INVITE' || method === 'UPDATE') && this.#pending(dialog, method)) {
      this.#refuse(transaction, request, 500, [['Retry-After', String(1 + (cseq.seq % 10))]]);
      return;
    }
    if (method === 'BYE') {
      const invite = this.#pending(dialog, 'INVITE');
      if (invite?.initial) {
        // To the application, an early BYE is what a CANCEL is; it knows no dialog yet (RFC 3261 15.1.2).
        this.#send(transaction, request, 200, dialog.localTag);
        this.#giveUp(invite, request);
        return;
      }
      if (invite) this.#answer(invite, 487);
      dialog.state = 'terminated';
      // A BYE of ours that waited for the ACK crosses this one; its sender still wants an answer.
      for (const next of dialog.afterAck.splice(0)) next();
      dialog.stop();
    }
    this.#handOver(dialog.client, request, transaction, dialog, dialog.localTag);
  }

  #handOver(
    client: AppClient,
    request: SipRequest,
    transaction: ServerTransaction,
    dialog: Dialog | undefined,
    localTag: string,
  ): void {
    const initial = dialog === undefined && request.method === 'INVITE';
    if (request.method === 'INVITE') this.#send(transaction, request, 100, '');
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
      timer: undefined,
    };
    incoming.timer = this.#after(SILENCE_MS, () => this.#answer(incoming, 500));
    this.#requests.set(id, incoming);
    this.#byTransaction.set(transaction, incoming);
    if (dialog && request.method === 'INVITE') this.#lastInvite.set(dialog, incoming);
    if (dialog && request.method === 'UPDATE') this.#lastUpdate.set(dialog, incoming);
    this.#deliver(incoming, request, transaction.flow);
  }

  #after(ms: number, fn: () => void): TimerHandle {
    return this.#context.clock.after(ms, fn);
  }

  #deliver(incoming: IncomingRequest, request: SipRequest, flow: Flow): void {
    const { id, client, dialog } = incoming;
    // A new request has no dialog id yet, whatever its responses will have made.
    const dialogId = incoming.initial && request.method !== 'ACK' ? '' : (dialog?.id ?? '');
    deliver(this.#context, client, serializeMessage(request), {
      flow,
      transactionId: id,
      dialogId,
      isRequest: true,
    });
  }

  /** CANCEL: answered here, and shown to the application when it still has something to cancel (RFC 3261 9.2). */
  #onCancel(request: SipRequest, flow: Flow): void {
    const target = this.#context.transactions.find(request, 'INVITE');
    const transaction = this.#transaction(request, flow);
    const incoming = target && this.#byTransaction.get(target);
    if (
      !target ||
      (incoming?.final === true && target instanceof InviteServerTransaction && target.state === 'accepted')
    ) {
      this.#refuse(transaction, request, 481);
      return;
    }
    this.#send(transaction, request, 200, incoming?.localTag ?? this.#context.ids.tag());
    if (incoming && !incoming.final) this.#giveUp(incoming, request);
  }

  /** 487 to an INVITE that its caller gave up, and CANCEL to the application. */
  #giveUp(invite: IncomingRequest, cause: SipRequest): void {
    this.#answer(invite, 487);
    const cancel: SipRequest = { ...cause, method: 'CANCEL' };
    const { id, client } = invite;
    const dialogId = invite.dialog?.id ?? '';
    const about = { flow: invite.transaction.flow, transactionId: id, dialogId, isRequest: true };
    deliver(this.#context, client, serializeMessage(cancel), about);
  }

  #onAck(request: SipRequest, flow: Flow): void {
    const { transactions, dialogs, counters } = this.#context;
    counters.request('in', 'ACK');
    const transaction = transactions.find(request);
    if (transaction instanceof InviteServerTransaction && transaction.state !== 'accepted') {
      transaction.acknowledged();
      return;
    }
    const dialog = dialogs.ofRequest(request);
    const answer = dialog?.unacked.get(request.cseq.seq);
    if (!dialog || !answer) return;
    dialog.unacked.delete(request.cseq.seq);
    answer.retransmission.stop();
    if (dialog.client.alive && dialog.state !== 'terminated') {
      const about = { flow, transactionId: answer.transactionId, dialogId: dialog.id, isRequest: true };
      deliver(this.#context, dialog.client, serializeMessage(request), about);
    }
    if (dialog.unacked.size === 0) for (const next of dialog.afterAck.splice(0)) next();
  }

  // ---- from the application -------------------------------------------------------------------------------

  /** A response frame. */
  respond(client: AppClient, frame: AppFrame, message: ResponseMessage): void {
    const incoming = this.#requests.get(frame.transactionId);
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (!incoming || incoming.client !== client) {
      nok('Response not sent due to unknown transaction');
      return;
    }
    if (incoming.final) {
      nok('Response not sent: the request has had its final response');
      return;
    }
    const { request, transaction } = incoming;
    const { status } = message.start;
    if (!incoming.dialog) incoming.localTag = wantedTag(message) ?? incoming.localTag;
    if (status < 200 && /\b100rel\b/i.test(message.headers.get('require') ?? '')) {
      nok('reliable provisional responses are not supported');
      return;
    }
    const { flow } = transaction;
    const built = buildAppResponse(request, status, message, incoming.localTag, flow);
    if (!built.ok) {
      nok(built.error);
      return;
    }
    incoming.timer?.clear();
    incoming.timer = undefined;
    const { bytes, contact } = built.value;
    if (incoming.initial && status > 100 && status < 300)
      incoming.dialog ??= this.#newDialog(incoming, contact);
    const dialogId = incoming.dialog?.id ?? '';
    const now = this.#context.clock.now();
    client.send(responseSentFrame(frame.id, bytes.length, flow, now, incoming.id, dialogId), bytes);
    this.#transmit(incoming, status, bytes);
    if (status > 100 && status < 200 && request.method === 'INVITE') this.#remind(incoming, status, bytes);
    if (status >= 200) this.#finish(incoming, status, bytes, contact);
  }

  #transmit(incoming: IncomingRequest, status: number, bytes: Buffer): void {
    this.#context.counters.response('out', status);
    incoming.transaction.respond(status, bytes);
  }

  #remind(incoming: IncomingRequest, status: number, bytes: Buffer): void {
    incoming.timer = this.#after(REMIND_MS, () => {
      this.#transmit(incoming, status, bytes);
      this.#remind(incoming, status, bytes);
    });
  }

  #newDialog(incoming: IncomingRequest, contact: string): Dialog {
    const { request, transaction, localTag, client } = incoming;
    const dialog = new Dialog({
      role: 'uas',
      client,
      callId: request.callId,
      fromTag: request.fromTag ?? '',
      localTag,
      localAddress: answeredTo(request, localTag),
      remoteAddress: request.from,
      contact,
      localSeq: this.#context.ids.seq(),
      remoteSeq: request.cseq.seq,
      flow: transaction.flow,
    });
    dialog.remote = remoteFrom(request, transaction.flow, this.#context.nat, request.from.uri);
    this.#context.dialogs.add(dialog);
    this.#lastInvite.set(dialog, incoming);
    return dialog;
  }

  /** What a final response does to the dialog. */
  #finish(incoming: IncomingRequest, status: number, bytes: Buffer, contact: string): void {
    incoming.final = true;
    const { request, dialog, transaction } = incoming;
    if (!dialog) return;
    const success = status < 300;
    if (request.method === 'BYE') this.#context.dialogs.remove(dialog);
    else if (incoming.initial && !success) this.#context.dialogs.remove(dialog);
    else if (success && (request.method === 'INVITE' || request.method === 'UPDATE')) {
      if (!incoming.initial) dialog.refresh(request, transaction.flow, this.#context.nat);
      dialog.contact = contact;
      if (request.method === 'INVITE') this.#awaitAck(incoming, dialog, bytes);
    }
  }

  #awaitAck(incoming: IncomingRequest, dialog: Dialog, bytes: Buffer): void {
    const { request, transaction, id } = incoming;
    if (dialog.state === 'early') dialog.state = 'confirmed';
    const { counters, clock, log } = this.#context;
    const repeat = (): void => {
      counters.add('retransmissionsOut');
      transaction.respond(200, bytes);
    };
    const giveUp = (): void => {
      dialog.unacked.delete(request.cseq.seq);
      log.warn({ callId: dialog.callId }, 'sip_server.ack_timeout');
      for (const next of dialog.afterAck.splice(0)) next();
      if (dialog.state === 'confirmed') this.#outgoing.endDialog(dialog, 'SIP;cause=200;text="ACK timeout"');
    };
    const retransmission = new AnswerRetransmission(clock, repeat, giveUp);
    dialog.unacked.set(request.cseq.seq, { transactionId: id, retransmission });
  }

  // ---- the server's own answers ---------------------------------------------------------------------------

  /** Answers in the application's place. */
  #answer(incoming: IncomingRequest, status: number): void {
    if (incoming.final) return;
    incoming.timer?.clear();
    incoming.timer = undefined;
    this.#send(incoming.transaction, incoming.request, status, incoming.localTag);
    this.#finish(incoming, status, Buffer.alloc(0), '');
  }

  #refuse(
    transaction: ServerTransaction,
    request: SipRequest,
    status: number,
    extra: Extra = [],
    reason?: string,
  ): void {
    this.#send(transaction, request, status, this.#context.ids.tag(), extra, reason);
  }

  #send(
    transaction: ServerTransaction,
    request: SipRequest,
    status: number,
    tag: string,
    extra: Extra = [],
    reason?: string,
  ): void {
    this.#context.counters.response('out', status);
    transaction.respond(status, buildOwnResponse(request, status, tag, extra, reason));
  }

  #pending(dialog: Dialog, method: 'INVITE' | 'UPDATE'): IncomingRequest | undefined {
    const incoming = (method === 'INVITE' ? this.#lastInvite : this.#lastUpdate).get(dialog);
    return incoming?.final === false ? incoming : undefined;
  }

  #forget(incoming: IncomingRequest): void {
    incoming.timer?.clear();
    incoming.timer = undefined;
    this.#requests.delete(incoming.id);
    this.#byTransaction.delete(incoming.transaction);
  }

  /** The client's connection is gone: what it owes is answered 503. */
  onGone(client: AppClient): void {
    for (const incoming of [...this.#requests.values()]) {
      if (incoming.client === client && !incoming.final)
        this.#answer(incoming, incoming.dialog && !incoming.initial ? 481 : 503);
    }
  }

  close(): void {
    for (const incoming of this.#requests.values()) incoming.timer?.clear();
    this.#requests.clear();
    this.#byTransaction.clear();
  }
}
