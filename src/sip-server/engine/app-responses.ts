import { AnswerRetransmission } from '../dialog/answer-retransmission.ts';
import { Dialog, remoteFrom } from '../dialog/dialog.ts';
import { ReliableProvisionals } from '../dialog/reliable-provisionals.ts';
import { hasOption } from '../dialog/session-terms.ts';
import type { Headers } from '../message/headers.ts';
import { TARGET_REFRESH } from '../message/names.ts';
import type { AppClient, AppFrame } from '../wire/client.ts';
import { responseSentFrame } from '../wire/sip-frames.ts';
import type { AppMessage } from './app-message.ts';
import type { EngineContext } from './context.ts';
import { ENDS } from './dialog-end.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Outgoing } from './outgoing.ts';
import type { ServerRequests } from './server-requests.ts';
import { answeredTo, buildAppResponse, wantedTag } from './wire-response.ts';

/** A ringing INVITE is told so again, lest a proxy on the way gives it up (RFC 3261 13.3.1.1). */
const REMIND_MS = 60_000;

/** Requests whose answers may carry a session description. */
const DESCRIBING = new Set(['INVITE', 'UPDATE', 'PRACK']);

export type ResponseMessage = AppMessage & { start: { kind: 'response' } };

/** The applications' answers to requests of peers (RFC 3261 8.2.6, 12.1.1, 13.3.1). */
export class AppResponses {
  readonly #context: EngineContext;
  readonly #requests: ServerRequests;
  readonly #outgoing: Outgoing;

  constructor(context: EngineContext, requests: ServerRequests, outgoing: Outgoing) {
    this.#context = context;
    this.#requests = requests;
    this.#outgoing = outgoing;
  }

  /** A response frame. */
  respond(client: AppClient, frame: AppFrame, message: ResponseMessage): void {
    const incoming = this.#requests.find(frame.transactionId);
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (!incoming || incoming.client !== client) {
      nok('Response not sent due to unknown transaction');
      return;
    }
    if (incoming.final || incoming.held) {
      nok('Response not sent: the request has had its final response');
      return;
    }
    const { request, transaction } = incoming;
    const { status } = message.start;
    if (!incoming.dialog) incoming.localTag = wantedTag(message) ?? incoming.localTag;
    const isProvisional = status > 100 && status < 200 && request.method === 'INVITE';
    // RFC 3262 3: reliably when the application says so, and always when the peer requires it.
    const required = hasOption(request.headers, 'require', '100rel');
    const reliable = isProvisional && (required || hasOption(message.headers, 'require', '100rel'));
    if (reliable && !required && !hasOption(request.headers, 'supported', '100rel')) {
      nok('Response not sent: the peer does not support 100rel');
      return;
    }
    const { flow } = transaction;
    const { sessions } = this.#outgoing;
    const wanted = sessions.answer(request, incoming.dialog, message);
    if (!wanted.ok) {
      nok(wanted.error);
      return;
    }
    const provisionals = reliable ? this.#provisionals(incoming) : undefined;
    const built = buildAppResponse(
      request,
      status,
      wanted.value,
      incoming.localTag,
      flow,
      provisionals?.next,
    );
    if (!built.ok) {
      nok(built.error);
      return;
    }
    incoming.timer?.clear();
    incoming.timer = undefined;
    const { bytes, headers, contact } = built.value;
    const accepts = status < 300 && status > (request.method === 'INVITE' ? 100 : 199);
    if (incoming.initial && accepts && !incoming.dialog) this.#formDialog(incoming, contact);
    const { dialog } = incoming;
    if (dialog && DESCRIBING.has(request.method) && (incoming.initial ? status < 300 : isSuccess(status)))
      sessions.describe(dialog, headers, bytes);
    const dialogId = dialog?.id ?? '';
    const now = this.#context.clock.now();
    client.send(responseSentFrame(frame.id, bytes.length, flow, now, incoming.id, dialogId), bytes);
    if (isProvisional && message.body.length > 0) incoming.answered = true;
    if (isProvisional) this.#remind(incoming, status, bytes);
    if (provisionals) {
      provisionals.add(() => this.#transmit(incoming, status, bytes));
      return;
    }
    if (status < 200) {
      // The 100 to an INVITE went out when it came: the application's says that it is at it.
      if (status > 100 || request.method !== 'INVITE') this.#transmit(incoming, status, bytes);
      return;
    }
    const send = (): void => {
      this.#transmit(incoming, status, bytes);
      if (incoming.request.method === 'REGISTER' && status < 300) incoming.transaction.flow.registered?.();
      this.#requests.finish(incoming, status, headers);
      if (status < 300) this.#onSuccess(incoming, bytes, headers, contact);
      const { dialog } = incoming;
      if (status < 300 && dialog) this.#context.cdrs.start(incoming, dialog, 'application', () => bytes);
      else this.#context.cdrs.stop(incoming, 'application', 'call-rejected', () => bytes);
    };
    if (status < 300 && incoming.reliable?.settled === false) this.#hold(incoming, send);
    else send();
  }

  #provisionals(incoming: IncomingRequest): ReliableProvisionals {
    incoming.reliable ??= new ReliableProvisionals(this.#context.clock, this.#context.ids.seq(), () => {
      this.#context.log.warn({ callId: incoming.request.callId }, 'sip_server.prack_timeout');
      const reason = ['Reason', 'SIP;cause=504;text="PRACK timeout"'] as const;
      this.#requests.giveUp(incoming, incoming.request, 504, [reason]);
    });
    return incoming.reliable;
  }

  /**
   * Keeps a 2xx until each reliable provisional response has its PRACK. RFC 3262 3 demands that where one carried SDP;
   * one rule for all keeps PRACK and ACK of a dialog in their order.
   */
  #hold(incoming: IncomingRequest, send: () => void): void {
    const { dialog } = incoming;
    incoming.expiry?.clear();
    if (dialog) dialog.answerHeld = true;
    incoming.held = () => {
      if (dialog) dialog.answerHeld = false;
      send();
    };
  }

  #transmit(incoming: IncomingRequest, status: number, bytes: Buffer): void {
    this.#context.counters.response('out', incoming.request.method, status);
    this.#context.callTimes.response('in', incoming, status);
    incoming.transaction.respond(status, bytes);
  }

  #remind(incoming: IncomingRequest, status: number, bytes: Buffer): void {
    incoming.timer = this.#requests.after(REMIND_MS, () => {
      this.#transmit(incoming, status, bytes);
      this.#remind(incoming, status, bytes);
    });
  }

  #formDialog(incoming: IncomingRequest, contact: string): void {
    const { request, transaction, localTag, client } = incoming;
    const dialog = new Dialog({
      role: 'uas',
      method: request.method,
      client,
      callId: request.callId,
      fromTag: request.fromTag ?? '',
      localTag,
      localAddress: answeredTo(request, localTag),
      remoteAddress: request.from,
      contact,
      localSeq: this.#context.ids.seq(),
      flow: transaction.flow,
    });
    dialog.remote = remoteFrom(request, transaction.flow, this.#context.nat, request.from.uri);
    this.#context.dialogs.add(dialog);
    if (!dialog.isCall) dialog.state = 'confirmed';
    this.#requests.formed(incoming, dialog);
  }

  /** What a 2xx does to the dialog: target refresh, and to INVITE the wait for its ACK. */
  #onSuccess(incoming: IncomingRequest, bytes: Buffer, headers: Headers, contact: string): void {
    const { request, dialog, transaction } = incoming;
    if (!dialog || !TARGET_REFRESH.has(request.method)) return;
    if (!incoming.initial) dialog.refresh(request, transaction.flow, this.#context.nat);
    if (request.method !== 'NOTIFY') dialog.contact = contact;
    if (request.method === 'INVITE') this.#awaitAck(incoming, dialog, bytes);
    if (dialog.isCall) this.#outgoing.sessions.onAnswered(dialog, request, headers);
  }

  #awaitAck(incoming: IncomingRequest, dialog: Dialog, bytes: Buffer): void {
    const { transaction, id } = incoming;
    const { seq } = incoming.request.cseq;
    if (dialog.state === 'early') dialog.state = 'confirmed';
    const { counters, clock, log } = this.#context;
    const repeat = (): void => {
      counters.add('retransmissionsOut');
      transaction.respond(200, bytes);
    };
    const giveUp = (): void => {
      dialog.unacked.delete(seq);
      log.warn({ callId: dialog.callId }, 'sip_server.ack_timeout');
      dialog.resumeAfterAck();
      if (dialog.state === 'confirmed') this.#outgoing.endDialog(dialog, ENDS.ackTimeout);
    };
    const retransmission = new AnswerRetransmission(clock, repeat, giveUp);
    dialog.unacked.set(seq, { transactionId: id, retransmission });
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
