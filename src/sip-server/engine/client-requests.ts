import { ok, type Result } from '../../shared/result.ts';
import { type Dialog, type Remote, remoteFrom } from '../dialog/dialog.ts';
import { parseRAck } from '../dialog/reliable-provisionals.ts';
import { parseDigits } from '../grammar/scan.ts';
import { Headers } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { REASONS, TARGET_REFRESH } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import type { ClientEvents } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { requestSentFrame } from '../wire/sip-frames.ts';
import type { AppMessage } from './app-message.ts';
import type { StopReason } from './cdrs.ts';
import { Challenges } from './challenges.ts';
import type { EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import { buildFitting } from './large.ts';
import { deliverResponse, type OutgoingRequest, type OwnRequest } from './outgoing-request.ts';
import type { SessionTimers } from './session-timers.ts';
import {
  buildCancel,
  buildFailureAck,
  buildSynthetic,
  movedContact,
  redirect,
  type WireRequest,
} from './wire-request.ts';

/** What becomes of an INVITE beyond its one final response. */
export interface InviteEvents {
  /** A 2xx; `first` unless the application has had its final response. */
  onAccepted(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow, first: boolean): void;
  /** Given up or refused, while a peer may still accept it. */
  onGivenUp(out: OutgoingRequest): void;
  /** Its transaction has ended. */
  onForgotten(out: OutgoingRequest): void;
}

/** The requests of applications that are on their way: their transactions, responses and CANCEL (RFC 3261 8.1, 9.1). */
export class ClientRequests {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #invites: InviteEvents;
  readonly #requests = new Map<string, OutgoingRequest>();
  readonly challenges: Challenges;
  readonly #lastInvite = new WeakMap<Dialog, OutgoingRequest>();
  readonly #lastUpdate = new WeakMap<Dialog, OutgoingRequest>();
  readonly #sessions: SessionTimers;
  readonly #timers: Timers;

  constructor(context: EngineContext, inDialog: InDialog, invites: InviteEvents, sessions: SessionTimers) {
    this.#context = context;
    this.#sessions = sessions;
    this.#inDialog = inDialog;
    this.#invites = invites;
    this.#timers = new Timers(context.clock);
    this.challenges = new Challenges(context.clock);
  }

  find(id: string): OutgoingRequest | undefined {
    return this.#requests.get(id);
  }

  /** The last INVITE of ours in that dialog, answered or not. */
  lastInvite(dialog: Dialog): OutgoingRequest | undefined {
    return this.#lastInvite.get(dialog);
  }

  /** The fork that a PRACK with this RAck goes to: the one that sent that RSeq. */
  forkOf(dialog: Dialog, rack: string): Remote | undefined {
    const rseq = parseRAck(rack)?.rseq;
    const sent = this.#lastInvite.get(dialog)?.reliable;
    const current = dialog.remote;
    if (rseq === undefined || !sent || sent.get(current?.tag ?? '') === rseq) return current;
    for (const [tag, last] of sent) if (last === rseq) return dialog.forks.get(tag) ?? current;
    return current;
  }

  /** The INVITE of ours that waits for its final response. */
  pendingInvite(dialog: Dialog): OutgoingRequest | undefined {
    const out = this.#lastInvite.get(dialog);
    return out?.final === false ? out : undefined;
  }

  /** Whether an INVITE or UPDATE of ours waits for its final response. */
  isOffering(dialog: Dialog): boolean {
    return this.pendingInvite(dialog) !== undefined || this.#lastUpdate.get(dialog)?.final === false;
  }

  /** Whether an offer of ours waits for its answer; a provisional response with a body counts as that. */
  awaitsAnswer(dialog: Dialog): boolean {
    const invite = this.pendingInvite(dialog);
    const update = this.#lastUpdate.get(dialog);
    if (invite && !invite.answered && hasBody(invite)) return true;
    return update?.final === false && hasBody(update);
  }

  add(
    client: AppClient,
    request: WireRequest,
    dialog: Dialog | undefined,
    initial: boolean,
    own?: OwnRequest,
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
      answered: false,
      reliable: new Map(),
      refused: new Map(),
      cancel: undefined,
      own,
    };
    this.#requests.set(out.id, out);
    if (dialog && request.method === 'INVITE') this.#lastInvite.set(dialog, out);
    if (dialog && request.method === 'UPDATE') this.#lastUpdate.set(dialog, out);
    return out;
  }

  /** The OK frame: before anything of the transaction can come back, or drachtio-srf drops it. */
  confirm(frameId: string, out: OutgoingRequest): void {
    const { bytes, flow } = out.request;
    out.client.send(requestSentFrame(frameId, bytes.length, flow, this.#context.clock.now(), out.id), bytes);
  }

  start(out: OutgoingRequest, failure: Error | undefined): void {
    const { initial, request } = out;
    if (initial && request.method === 'INVITE')
      this.#context.cdrs.attempt(out, 'application', () => request.bytes);
    if (failure) {
      this.#inDialog.onSendError(failure, out.request.flow);
      this.#requests.delete(out.id);
      this.#fail(out, 503);
      return;
    }
    if (out.initial && out.request.method === 'INVITE') this.#context.callTimes.began(out);
    this.#send(out);
  }

  #send(out: OutgoingRequest): void {
    const { request } = out;
    const events: ClientEvents = {
      onResponse: (response, flow) => this.#onResponse(out, response, flow),
      onTimeout: () => {
        this.#invites.onGivenUp(out);
        if (out.provisional || !this.#tryNext(out)) this.#fail(out, 408);
      },
      onTransportError: (error) => {
        this.#inDialog.onSendError(error, request.flow);
        if (!this.#tryNext(out)) this.#fail(out, 503);
      },
      onTerminated: () => {
        // A transaction whose request has gone another way since.
        if (out.request !== request) return;
        this.#requests.delete(out.id);
        this.#timers.clear(`cancel ${out.id}`);
        this.#invites.onForgotten(out);
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

  /**
   * RFC 3263 4.3: the next place that DNS named, in a new transaction. The application sees none of it.
   *
   * @param avoidMs how long the place that failed comes last
   */
  #tryNext(out: OutgoingRequest, avoidMs?: number): boolean {
    const { request, dialog } = out;
    if (out.final || out.cancel) return false;
    const flow = request.flow.next?.(avoidMs);
    if (!flow) return false;
    const moved = (way: Flow): Result<WireRequest, string> => ok(redirect(request, way, this.#context.ids));
    out.provisional = false;
    // Not that of the transaction that ends now, which must not take `out` along.
    out.request = { ...request };
    buildFitting(flow, moved, (built) => {
      if (!built.ok) return;
      if (out.cancel) {
        this.#requests.delete(out.id);
        this.#fail(out, 487);
        return;
      }
      out.request = built.value;
      if (dialog && out.initial) dialog.flow = built.value.flow;
      if (dialog && request.method === 'INVITE')
        dialog.contact = movedContact(dialog.contact, request.flow, built.value.flow);
      const { remote } = built.value.flow;
      this.#context.log.info({ callId: request.callId, remote }, 'sip_server.next_address');
      this.#send(out);
    });
    return true;
  }

  // ---- CANCEL ---------------------------------------------------------------------------------------------

  /** Cancels an INVITE; `message` is the application's. Held until a provisional response has come. */
  cancel(out: OutgoingRequest, message: AppMessage | undefined): WireRequest {
    const request = buildCancel(out.request, message);
    out.cancel = { request, sent: false };
    return request;
  }

  /** Cancels what waits for an answer in this dialog. */
  cancelPending(dialog: Dialog): void {
    const out = this.pendingInvite(dialog);
    if (!out || out.cancel) return;
    this.cancel(out, undefined);
    this.flushCancel(out);
  }

  flushCancel(out: OutgoingRequest): void {
    const { cancel } = out;
    if (!cancel || cancel.sent || !out.provisional || out.final) return;
    cancel.sent = true;
    this.#inDialog.sendAlone(cancel.request);
    // RFC 3261 9.1: no final response to the INVITE within 64*T1 ends it all the same.
    this.#timers.set(`cancel ${out.id}`, T1x64, () => {
      if (out.final) return;
      this.#invites.onGivenUp(out);
      this.#fail(out, 487);
      out.transaction?.terminate();
    });
  }

  // ---- responses ------------------------------------------------------------------------------------------

  #onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow): void {
    const { request, dialog } = out;
    this.#context.counters.response('in', request.method, response.status);
    this.#context.callTimes.response('out', out, response.status);
    if (response.status < 200) {
      this.#onProvisional(out, response, flow);
      return;
    }
    if (request.method === 'INVITE' && response.status < 300 && dialog) {
      const first = !out.final;
      if (first) this.#finish(out);
      this.#invites.onAccepted(out, dialog, response, flow, first);
      release(out);
      return;
    }
    if (out.final) return;
    if (out.cancel && out.initial && isChallenge(response.status)) {
      // drachtio-srf would send the cancelled INVITE again with credentials, and a phone would ring for nobody.
      this.#fail(out, 487);
      return;
    }
    if (isChallenge(response.status) && (out.initial || !dialog)) this.challenges.add(request.callId, flow);
    const rang = out.initial && dialog !== undefined && dialog.forks.size > 0;
    if (response.status === 503 && !rang && this.#tryNext(out, retryAfter(response))) return;
    this.#finish(out);
    if (dialog && response.status < 300) {
      if (out.initial) confirm(dialog, response, flow, this.#context.nat);
      else if (TARGET_REFRESH.has(request.method)) dialog.refresh(response, flow, this.#context.nat);
      if (request.method === 'UPDATE') this.#sessions.onAccepted(dialog, request, response);
    }
    if (response.status >= 300)
      this.#context.cdrs.stop(out, 'network', stopReason(out), () => serializeMessage(response));
    deliverResponse(this.#context, out, serializeMessage(response), flow);
    this.#settleDialog(out, response.status, response.headers);
    if (response.status >= 300 && !isChallenge(response.status)) this.#invites.onGivenUp(out);
    if (response.status >= 300) out.own?.onRefused(response.status, response.headers);
    release(out);
  }

  #onProvisional(out: OutgoingRequest, response: SipResponse, flow: Flow): void {
    const { dialog } = out;
    out.provisional = true;
    if (response.body.length > 0) out.answered = true;
    if (dialog && out.initial && response.toTag !== undefined) this.#early(out, dialog, response, flow);
    // 100 is hop by hop and never shown.
    if (response.status > 100 && isNext(out, response))
      deliverResponse(this.#context, out, serializeMessage(response), flow);
    this.flushCancel(out);
  }

  #early(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow): void {
    if (dialog.state !== 'early' || !dialog.hasRoomFor(response.toTag ?? '')) return;
    const remote = remoteFrom(response, flow, this.#context.nat, out.request.uri);
    remote.seq = dialog.forks.get(remote.tag)?.seq;
    dialog.forks.set(remote.tag, remote);
    dialog.remote = remote;
  }

  /** The final response that nobody sent: 408, 487 or 503. */
  #fail(out: OutgoingRequest, status: number): void {
    if (out.final) return;
    this.#finish(out);
    const message = buildSynthetic(out.request, status, REASONS[status] ?? '');
    this.#context.cdrs.stop(out, 'application', stopReason(out), () => message);
    deliverResponse(this.#context, out, message, undefined);
    this.#settleDialog(out, status);
    out.own?.onRefused(status, new Headers());
    release(out);
  }

  #finish(out: OutgoingRequest): void {
    out.final = true;
    this.#timers.clear(`cancel ${out.id}`);
  }

  /** What a final response other than 2xx to INVITE means for the dialog. */
  #settleDialog(out: OutgoingRequest, status: number, answer = new Headers()): void {
    const { dialog, request } = out;
    if (!dialog) return;
    this.#context.subscriptions.onAnswered(dialog, request, status, answer);
    // A challenged BYE comes again with credentials, or never.
    if (request.method === 'BYE') {
      const challenged = isChallenge(status);
      this.#timers.clear(`challenged ${dialog.id}`);
      if (challenged)
        this.#timers.set(`challenged ${dialog.id}`, T1x64, () => this.#context.dialogs.remove(dialog));
      else this.#context.dialogs.remove(dialog);
    }
    if (!out.initial) return;
    if (status >= 300) this.#context.dialogs.remove(dialog);
    for (const next of dialog.waiting.splice(0)) next();
  }

  /** The client's connection is gone: its INVITEs are cancelled. */
  onGone(client: AppClient): void {
    for (const out of this.#requests.values()) {
      if (out.client !== client || out.final || out.request.method !== 'INVITE' || !out.dialog) continue;
      this.cancelPending(out.dialog);
    }
  }

  close(): void {
    this.challenges.close();
    this.#timers.clearAll();
    this.#requests.clear();
  }
}

/** A dialog that needs no ACK to be confirmed: a subscription. */
function confirm(dialog: Dialog, response: SipResponse, flow: Flow, nat: boolean): void {
  dialog.remote = remoteFrom(response, flow, nat, dialog.remoteAddress.uri);
  dialog.state = 'confirmed';
}

const stopReason = (out: OutgoingRequest): StopReason => (out.cancel ? 'call-canceled' : 'call-rejected');

const hasBody = (out: OutgoingRequest): boolean => out.request.headers.has('content-type');

const isChallenge = (status: number): boolean => status === 401 || status === 407;

/** What waited for a request of the server's own may go. */
function release(out: OutgoingRequest): void {
  for (const next of out.own?.waiting.splice(0) ?? []) next();
}

/** Whether a provisional response is to be shown: a reliable one once, and in its order (RFC 3262 4). */
function isNext(out: OutgoingRequest, response: SipResponse): boolean {
  const rseq = parseDigits(response.headers.get('rseq') ?? '', 0xffff_ffff);
  if (rseq === undefined || out.request.method !== 'INVITE') return true;
  const tag = response.toTag ?? '';
  const last = out.reliable.get(tag);
  if (last !== undefined && rseq !== last + 1) return false;
  out.reliable.set(tag, rseq);
  return true;
}

/** How long a place that answers 503 wants to be left alone (RFC 3261 21.5.4); at most five minutes. ms. */
function retryAfter(response: SipResponse): number {
  const seconds = parseInt(response.headers.get('retry-after') ?? '0', 10);
  return Number.isNaN(seconds) ? 0 : Math.min(seconds, 300) * 1000;
}
