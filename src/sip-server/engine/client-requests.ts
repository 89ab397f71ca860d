import { ok, type Result } from '../../shared/result.ts';
import type { Dialog, Remote } from '../dialog/dialog.ts';
import { parseRAck } from '../dialog/reliable-provisionals.ts';
import type { SipResponse } from '../message/message.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import type { ClientEvents } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { requestSentFrame } from '../wire/sip-frames.ts';
import type { AppMessage } from './app-message.ts';
import { Challenges } from './challenges.ts';
import { ClientResponses, type InviteEvents } from './client-responses.ts';
import type { EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import { buildFitting } from './large.ts';
import type { OutgoingRequest, OwnRequest } from './outgoing-request.ts';
import { movedContact } from './own-address.ts';
import type { SessionTimers } from './session-timers.ts';
import { buildCancel, buildFailureAck, redirect, type WireRequest } from './wire-request.ts';

/** The requests of applications that are on their way: their transactions, ways and CANCEL (RFC 3261 8.1, 9.1). */
export class ClientRequests {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #invites: InviteEvents;
  readonly #requests = new Map<string, OutgoingRequest>();
  readonly challenges: Challenges;
  readonly #lastInvite = new WeakMap<Dialog, OutgoingRequest>();
  readonly #lastUpdate = new WeakMap<Dialog, OutgoingRequest>();
  readonly #responses: ClientResponses;
  readonly #timers: Timers;

  readonly #onSent: () => void;

  /** @param onSent told whenever a request has gone out, perhaps long after it was asked for */
  constructor(
    context: EngineContext,
    inDialog: InDialog,
    invites: InviteEvents,
    sessions: SessionTimers,
    onSent: () => void,
  ) {
    this.#context = context;
    this.#onSent = onSent;
    this.#inDialog = inDialog;
    this.#invites = invites;
    this.#timers = new Timers(context.clock);
    this.#responses = new ClientResponses(context, invites, sessions, {
      tryNext: (out, avoidMs) => this.#tryNext(out, avoidMs),
      onProvisional: (out) => this.flushCancel(out),
      onChallenged: (callId, flow) => this.challenges.add(callId, flow),
      onFinal: (out) => this.#timers.clear(`cancel ${out.id}`),
    });
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
      this.#responses.fail(out, 503);
      return;
    }
    if (out.initial && out.request.method === 'INVITE') this.#context.callTimes.began(out);
    this.#send(out);
  }

  #send(out: OutgoingRequest): void {
    const { request } = out;
    const events: ClientEvents = {
      onResponse: (response, flow) => this.#responses.onResponse(out, response, flow),
      onTimeout: () => {
        this.#invites.onGivenUp(out);
        if (out.provisional || !this.#tryNext(out)) this.#responses.fail(out, 408);
      },
      onTransportError: (error) => {
        this.#inDialog.onSendError(error, request.flow);
        if (!this.#tryNext(out)) this.#responses.fail(out, 503);
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
    this.#onSent();
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
        this.#responses.fail(out, 487);
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
      this.#responses.fail(out, 487);
      out.transaction?.terminate();
    });
  }

  /** The client's connection is gone: its INVITEs are cancelled. */
  onGone(client: AppClient): void {
    for (const out of this.#requests.values()) {
      if (out.client !== client || out.final || out.request.method !== 'INVITE' || !out.dialog) continue;
      this.cancelPending(out.dialog);
    }
  }

  close(): void {
    this.#timers.clearAll();
    this.#responses.close();
    this.#requests.clear();
  }
}

const hasBody = (out: OutgoingRequest): boolean => out.request.headers.has('content-type');
