import { Dialog, remoteFrom } from '../dialog/dialog.ts';
import { parseNameAddr } from '../grammar/name-addr.ts';
import { schemeOf } from '../grammar/uri.ts';
import { parseCSeq } from '../grammar/via.ts';
import type { SipResponse } from '../message/message.ts';
import { REASONS } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import type { ClientEvents } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient, AppFrame } from '../wire/client.ts';
import { requestSentFrame } from '../wire/sip-frames.ts';
import type { AppMessage } from './app-message.ts';
import { deliver, deliverUnsolicited, type EngineContext } from './context.ts';
import { InDialog } from './in-dialog.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import {
  buildCancel,
  buildFailureAck,
  buildInside,
  buildOutside,
  buildSynthetic,
  targetOf,
  type WireRequest,
} from './wire-request.ts';

type RequestMessage = AppMessage & { start: { kind: 'request' } };

/** The UAC half: requests of applications, their answers, ACK and CANCEL (RFC 3261 8.1, 9.1, 12.2.1, 13.2, 15.1). */
export class Outgoing {
  readonly #context: EngineContext;
  readonly #requests = new Map<string, OutgoingRequest>();
  readonly #lastInvite = new WeakMap<Dialog, OutgoingRequest>();
  /** INVITEs given up while a peer may still accept them; by branch. */
  readonly #abandoned = new Map<string, OutgoingRequest>();
  readonly #timers: Timers;
  readonly #inDialog: InDialog;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#timers = new Timers(context.clock);
    this.#inDialog = new InDialog(context);
  }

  // ---- from the application -------------------------------------------------------------------------------

  /** A request frame that names no dialog, or one whose Call-ID is that of a live dialog. */
  sendOutside(client: AppClient, frame: AppFrame, message: RequestMessage): void {
    const { method, uri } = message.start;
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (schemeOf(uri) === undefined || /[<>"\s]/.test(uri)) {
      nok('invalid request uri');
      return;
    }
    if (method === 'ACK' || method === 'CANCEL' || method === 'PRACK') {
      nok(`${method} needs a dialog or transaction`);
      return;
    }
    const proxy =
      frame.proxy === '' || schemeOf(frame.proxy) !== undefined ? frame.proxy : `sip:${frame.proxy}`;
    const hop = proxy === '' ? uri : (parseNameAddr(proxy)?.uri ?? proxy);
    const target = targetOf(hop);
    if (!target) {
      nok(`no next hop in ${proxy === '' ? 'the request uri' : 'the outbound proxy'}`);
      return;
    }

    const { transports, ids, dialogs } = this.#context;
    transports.open(target, (opened) => {
      if (!client.alive) return;
      const flow = opened.ok ? opened.value : transports.anyFlow();
      const built = buildOutside(method, uri, message, flow, ids);
      if (!built.ok) return nok(built.error);
      const request = built.value;
      let dialog: Dialog | undefined;
      if (method === 'INVITE') {
        dialog = this.#newDialog(client, request, request.contact);
        if (dialogs.ofClient(dialog.id, client)) return nok('a dialog with this Call-ID and From tag exists');
        dialogs.add(dialog);
      }
      const out = this.#track(client, request, dialog, method === 'INVITE');
      const failure = opened.ok ? undefined : opened.error;
      this.#confirm(frame.id, out);
      this.#start(out, failure);
    });
  }

  #newDialog(client: AppClient, request: WireRequest, contact: string): Dialog {
    const to = parseNameAddr(request.headers.get('to') ?? '');
    return new Dialog({
      role: 'uac',
      client,
      callId: request.callId,
      fromTag: request.fromTag,
      localTag: request.fromTag,
      localAddress: request.headers.get('from') ?? '',
      remoteAddress: to ?? { display: '', uri: request.uri, params: [] },
      contact,
      localSeq: request.seq,
      flow: request.flow,
    });
  }

  /** A request frame for a dialog. */
  sendInside(client: AppClient, frame: AppFrame, message: RequestMessage, dialog: Dialog): void {
    const { method } = message.start;
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (method === 'CANCEL') {
      nok('CANCEL needs a transaction');
      return;
    }
    if (method === 'ACK') {
      this.#sendAck(client, frame, message, dialog);
      return;
    }
    if (dialog.state === 'terminated' && method !== 'BYE') {
      nok('Server error: unable to find dialog for dialog id provided');
      return;
    }
    if (method === 'INVITE' && this.#pendingInvite(dialog)) {
      nok('another INVITE is in progress in this dialog');
      return;
    }
    const wanted = parseCSeq(message.headers.get('cseq') ?? '')?.seq ?? 0;
    dialog.localSeq = Math.max(dialog.localSeq + 1, wanted);
    const seq = dialog.localSeq;
    if (method === 'BYE') this.#cancelPending(dialog);

    this.#inDialog.open(dialog, (opened) => {
      if (!client.alive) return;
      const flow = opened.ok ? opened.value : dialog.flow;
      const built = buildInside(dialog, method, seq, message, flow, this.#context.ids);
      if (!built.ok) return nok(built.error);
      if (method === 'INVITE') dialog.contact = built.value.headers.get('contact') ?? dialog.contact;
      const out = this.#track(client, built.value, dialog, false);
      const failure = opened.ok ? undefined : opened.error;
      this.#confirm(frame.id, out);
      if (method === 'BYE') dialog.state = 'terminated';
      // RFC 3261 14.1, 15: the callee's re-INVITE and BYE wait for the ACK of its 2xx, or for that to time out.
      const waits = (method === 'BYE' || method === 'INVITE') && dialog.unacked.size > 0;
      if (waits) dialog.afterAck.push(() => this.#start(out, failure));
      else this.#start(out, failure);
    });
  }

  /** ACK of a 2xx: stored, and sent once more for each 2xx that comes again (RFC 3261 13.2.2.4). */
  #sendAck(client: AppClient, frame: AppFrame, message: RequestMessage, dialog: Dialog): void {
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    let seq = -1;
    for (const [number, ack] of dialog.acks) if (ack === 'wanted') seq = Math.max(seq, number);
    if (seq < 0) {
      nok('no 2xx response awaits an ACK in this dialog');
      return;
    }
    this.#inDialog.open(dialog, (opened) => {
      const flow = opened.ok ? opened.value : dialog.flow;
      const built = this.#inDialog.buildAck(
        dialog,
        seq,
        this.#lastInvite.get(dialog)?.request,
        message,
        flow,
      );
      if (!built.ok) return nok(built.error);
      const { bytes } = built.value;
      const now = this.#context.clock.now();
      client.send(requestSentFrame(frame.id, bytes.length, flow, now, this.#context.ids.uuid()), bytes);
      this.#inDialog.sendAck(dialog, seq, bytes, flow);
      if (dialog.endAfterAck) this.endDialog(dialog, 'SIP;cause=487;text="Cancelled"');
    });
  }

  /** A CANCEL frame for an INVITE of this client. */
  cancel(client: AppClient, frame: AppFrame, message: RequestMessage): void {
    const out = this.#requests.get(frame.transactionId);
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (!out || out.client !== client || out.request.method !== 'INVITE') {
      nok('unknown transaction id');
      return;
    }
    if (out.final) {
      nok('the INVITE has had its final response');
      return;
    }
    if (out.cancel) {
      nok('the INVITE is being cancelled');
      return;
    }
    const request = buildCancel(out.request, message);
    out.cancel = { request, sent: false };
    const now = this.#context.clock.now();
    client.send(requestSentFrame(frame.id, request.bytes.length, request.flow, now, out.id), request.bytes);
    this.#flushCancel(out);
  }

  #flushCancel(out: OutgoingRequest): void {
    const { cancel } = out;
    if (!cancel || cancel.sent || !out.provisional || out.final) return;
    cancel.sent = true;
    this.#inDialog.sendAlone(cancel.request);
    // RFC 3261 9.1: no final response to the INVITE within 64*T1 ends it all the same.
    this.#timers.set(`cancel ${out.id}`, T1x64, () => {
      if (out.final) return;
      this.#abandon(out);
      this.#fail(out, 487);
      out.transaction?.terminate();
    });
  }

  // ---- the transaction ------------------------------------------------------------------------------------

  #track(
    client: AppClient,
    request: WireRequest,
    dialog: Dialog | undefined,
    initial: boolean,
  ): OutgoingRequest {
    const out: OutgoingRequest = {
      id: this.#context.ids.uuid(),
      client,
      request,
      dialog,
      initial,
      transaction: undefined,
      provisional: false,
      final: false,
      reliable: 0,
      refused: new Map(),
      cancel: undefined,
    };
    this.#requests.set(out.id, out);
    if (dialog && request.method === 'INVITE') this.#lastInvite.set(dialog, out);
    return out;
  }

  /** The OK frame: before anything of the transaction can come back, or drachtio-srf drops it. */
  #confirm(frameId: string, out: OutgoingRequest): void {
    const { bytes, flow } = out.request;
    out.client.send(requestSentFrame(frameId, bytes.length, flow, this.#context.clock.now(), out.id), bytes);
  }

  #start(out: OutgoingRequest, failure: Error | undefined): void {
    const { request } = out;
    if (failure) {
      this.#inDialog.onSendError(failure, request.flow);
      this.#requests.delete(out.id);
      this.#fail(out, 503);
      return;
    }
    const events: ClientEvents = {
      onResponse: (response, flow) => this.#onResponse(out, response, flow),
      onTimeout: () => {
        this.#abandon(out);
        this.#fail(out, 408);
      },
      onTransportError: (error) => {
        this.#inDialog.onSendError(error, request.flow);
        this.#fail(out, 503);
      },
      onTerminated: () => {
        this.#requests.delete(out.id);
        this.#timers.clear(`cancel ${out.id}`);
        this.#onForgotten(out);
      },
    };
    const { method, branch, bytes, flow } = request;
    const ackFor = (response: SipResponse): Buffer => buildFailureAck(request, response);
    this.#context.counters.request('out', method);
    const transaction = this.#context.transactions.client(
      method,
      branch,
      bytes,
      flow,
      events,
      method === 'INVITE' ? ackFor : undefined,
    );
    out.transaction = transaction;
    transaction.start();
  }

  /** The final response that nobody sent: 408, 487 or 503. */
  #fail(out: OutgoingRequest, status: number): void {
    if (out.final) return;
    out.final = true;
    this.#timers.clear(`cancel ${out.id}`);
    const message = buildSynthetic(out.request, status, REASONS[status] ?? '');
    this.#deliver(out, message, undefined);
    this.#settleDialog(out, status);
  }

  #onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow): void {
    const { request, dialog } = out;
    this.#context.counters.response('in', response.status);
    if (response.status < 200) {
      out.provisional = true;
      if (dialog && out.initial && response.toTag !== undefined) this.#early(dialog, response, flow);
      const sequence = Number(response.headers.get('rseq') ?? 0);
      const again = sequence > 0 && sequence <= out.reliable;
      if (sequence > 0 && !again) out.reliable = sequence;
      // 100 is hop by hop and never shown.
      if (response.status > 100 && !again) this.#deliver(out, serializeMessage(response), flow);
      this.#flushCancel(out);
      return;
    }
    if (request.method === 'INVITE' && response.status < 300 && dialog) {
      this.#onAccepted(out, dialog, response, flow);
      return;
    }
    if (out.final) return;
    out.final = true;
    this.#timers.clear(`cancel ${out.id}`);
    if (dialog && response.status < 300 && request.method === 'UPDATE')
      dialog.refresh(response, flow, this.#context.nat);
    this.#deliver(out, serializeMessage(response), flow);
    this.#settleDialog(out, response.status);
  }

  /** What a final response other than 2xx to INVITE means for the dialog. */
  #settleDialog(out: OutgoingRequest, status: number): void {
    const { dialog, request } = out;
    if (!dialog) return;
    // A challenged BYE comes again with credentials, or never.
    if (request.method === 'BYE') {
      const challenged = status === 401 || status === 407;
      this.#timers.clear(`challenged ${dialog.id}`);
      if (challenged)
        this.#timers.set(`challenged ${dialog.id}`, T1x64, () => this.#context.dialogs.remove(dialog));
      else this.#context.dialogs.remove(dialog);
    }
    if (out.initial && status >= 300) this.#context.dialogs.remove(dialog);
  }

  #early(dialog: Dialog, response: SipResponse, flow: Flow): void {
    if (dialog.state !== 'early') return;
    const remote = remoteFrom(response, flow, this.#context.nat, dialog.remoteAddress.uri);
    dialog.forks.set(remote.tag, remote);
    dialog.remote = remote;
  }

  /** 2xx to INVITE: the first, one more of the same, or one of another fork (RFC 3261 13.2.2.4). */
  #onAccepted(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow): void {
    const { seq } = out.request;
    const tag = response.toTag ?? '';
    if (!out.final) {
      out.final = true;
      this.#timers.clear(`cancel ${out.id}`);
      if (out.initial) {
        dialog.remote = remoteFrom(
          response,
          flow,
          this.#context.nat,
          dialog.forks.get(tag)?.target ?? dialog.remoteAddress.uri,
        );
        dialog.forks.clear();
        if (dialog.state === 'early') dialog.state = 'confirmed';
      } else dialog.refresh(response, flow, this.#context.nat);
      dialog.acks.set(seq, 'wanted');
      if (out.cancel && out.initial) dialog.endAfterAck = true;
      if (!out.client.alive || dialog.state === 'terminated') {
        this.#releaseAnswer(out, dialog);
        return;
      }
      this.#deliver(out, serializeMessage(response), flow);
      return;
    }
    if (dialog.remote?.tag !== tag) {
      this.#refuseFork(out, response, flow);
      return;
    }
    const ack = dialog.acks.get(seq);
    this.#context.counters.add('retransmissionsIn');
    if (ack !== undefined && ack !== 'wanted') {
      this.#context.counters.add('retransmissionsOut');
      this.#inDialog.transmit(ack.bytes, ack.flow);
    }
  }

  /** An accepted INVITE whose application is gone, or has hung up meanwhile. */
  #releaseAnswer(out: OutgoingRequest, dialog: Dialog): void {
    this.#inDialog.acknowledge(dialog, out.request.seq, out.request);
    if (dialog.state !== 'terminated') this.endDialog(dialog, 'SIP;cause=503;text="Application gone"');
    else if (out.initial) this.#inDialog.bye(dialog, 'SIP;cause=487;text="Cancelled"');
  }

  /** Timer M: an application that never acknowledged a 2xx has lost the call; its peer gave up long ago. */
  #onForgotten(out: OutgoingRequest): void {
    const { dialog, request } = out;
    if (dialog?.acks.get(request.seq) !== 'wanted') return;
    this.#inDialog.acknowledge(dialog, request.seq, request);
    if (dialog.state === 'confirmed')
      this.endDialog(dialog, 'SIP;cause=500;text="No ACK from the application"');
  }

  /** ACK and BYE for an answer that nobody waits for: a second fork, or one that came too late. */
  #refuseFork(out: OutgoingRequest, response: SipResponse, flow: Flow): void {
    const { request, client, refused } = out;
    const known = refused.get(response.toTag ?? '')?.acks.get(request.seq);
    if (known !== undefined) {
      if (known !== 'wanted') this.#inDialog.transmit(known.bytes, known.flow);
      return;
    }
    const fork = this.#newDialog(client, request, request.headers.get('contact') ?? '');
    fork.remote = remoteFrom(response, flow, this.#context.nat, request.uri);
    fork.acks.set(request.seq, 'wanted');
    refused.set(response.toTag ?? '', fork);
    this.#context.log.info({ callId: fork.callId }, 'sip_server.extra_answer_released');
    this.#inDialog.acknowledge(fork, request.seq, request);
    this.#inDialog.bye(fork, 'SIP;cause=200;text="Call completed elsewhere"');
  }

  #deliver(out: OutgoingRequest, message: Buffer, flow: Flow | undefined): void {
    if (!out.client.alive) return;
    const dialogId = out.dialog?.id ?? '';
    deliver(this.#context, out.client, message, { flow, transactionId: out.id, dialogId, isRequest: false });
  }

  // ---- for the other half ---------------------------------------------------------------------------------

  /** Ends a confirmed dialog from here: BYE to the peer, and the same BYE to the application as unsolicited. */
  endDialog(dialog: Dialog, reason: string): void {
    const { dialogs } = this.#context;
    // RFC 3261 15: not before the ACK of our 2xx.
    if (dialog.unacked.size > 0) {
      dialog.afterAck.push(() => this.endDialog(dialog, reason));
      return;
    }
    if (dialog.state === 'terminated') return;
    this.#cancelPending(dialog);
    const told = (bye: WireRequest): void => {
      if (dialog.client.alive)
        deliverUnsolicited(this.#context, dialog.client, bye.bytes, bye.flow, dialog.id);
    };
    this.#inDialog.bye(dialog, reason, told, () => dialogs.remove(dialog));
    dialog.state = 'terminated';
    dialog.stop();
  }

  #pendingInvite(dialog: Dialog): OutgoingRequest | undefined {
    const out = this.#lastInvite.get(dialog);
    return out?.final === false ? out : undefined;
  }

  /** Whether an INVITE of ours waits for its final response: an INVITE from the peer is then glare (14.2). */
  hasPendingInvite(dialog: Dialog): boolean {
    return this.#pendingInvite(dialog) !== undefined;
  }

  #cancelPending(dialog: Dialog): void {
    const out = this.#pendingInvite(dialog);
    if (!out || out.cancel) return;
    out.cancel = { request: buildCancel(out.request, undefined), sent: false };
    this.#flushCancel(out);
  }

  /** A 2xx may still come: it will get ACK and BYE. */
  #abandon(out: OutgoingRequest): void {
    if (out.request.method !== 'INVITE' || !out.initial) return;
    const { branch } = out.request;
    this.#abandoned.set(branch, out);
    this.#timers.set(`abandoned ${branch}`, T1x64, () => this.#abandoned.delete(branch));
  }

  /** A response without a transaction: a late 2xx is released, the rest dropped. */
  onStray(branch: string, response: SipResponse, flow: Flow): void {
    const out = this.#abandoned.get(branch);
    if (out && response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300) {
      this.#refuseFork(out, response, flow);
      return;
    }
    this.#context.counters.add('strayResponses');
  }

  /** The client's connection is gone: its INVITEs are cancelled. */
  onGone(client: AppClient): void {
    for (const out of this.#requests.values()) {
      if (out.client !== client || out.final || out.request.method !== 'INVITE' || !out.dialog) continue;
      this.#cancelPending(out.dialog);
    }
  }

  close(): void {
    this.#timers.clearAll();
    this.#requests.clear();
    this.#abandoned.clear();
  }
}
