import { type Dialog, MAX_FORKS, remoteFrom } from '../dialog/dialog.ts';
import { parseDigits } from '../grammar/scan.ts';
import { Headers } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { REASONS, TARGET_REFRESH } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import type { Flow } from '../transport/transport.ts';
import type { StopReason } from './cdrs.ts';
import type { EngineContext } from './context.ts';
import { deliverResponse, type OutgoingRequest } from './outgoing-request.ts';
import type { SessionTimers } from './session-timers.ts';
import { buildSynthetic } from './wire-request.ts';

/** What becomes of an INVITE beyond its one final response. */
export interface InviteEvents {
  /** A 2xx; `first` unless the application has had its final response. */
  onAccepted(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow, first: boolean): void;
  /** Given up or refused, while a peer may still accept it. */
  onGivenUp(out: OutgoingRequest): void;
  /** Its transaction has ended. */
  onForgotten(out: OutgoingRequest): void;
}

/** What responses need of the requests that they answer. */
export interface RequestWays {
  /** Sends it to the next place that DNS named; whether there is one. `avoidMs`: how long the last one comes last. */
  tryNext(out: OutgoingRequest, avoidMs?: number): boolean;
  onProvisional(out: OutgoingRequest): void;
  onFinal(out: OutgoingRequest): void;
  onChallenged(callId: string, flow: Flow): void;
}

/** Responses to the requests of applications: what is shown, and what each means for its dialog (RFC 3261 12.1.2, 13.2.2). */
export class ClientResponses {
  readonly #context: EngineContext;
  readonly #invites: InviteEvents;
  readonly #sessions: SessionTimers;
  readonly #ways: RequestWays;
  readonly #timers: Timers;

  constructor(context: EngineContext, invites: InviteEvents, sessions: SessionTimers, ways: RequestWays) {
    this.#context = context;
    this.#invites = invites;
    this.#sessions = sessions;
    this.#ways = ways;
    this.#timers = new Timers(context.clock);
  }

  onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow): void {
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
      this.fail(out, 487);
      return;
    }
    if (isChallenge(response.status) && (out.initial || !dialog))
      this.#ways.onChallenged(request.callId, flow);
    const rang = out.initial && dialog !== undefined && dialog.forks.size > 0;
    if (response.status === 503 && !rang && this.#ways.tryNext(out, retryAfter(response))) return;
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
    this.#ways.onProvisional(out);
  }

  #early(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow): void {
    if (dialog.state !== 'early' || !dialog.hasRoomFor(response.toTag ?? '')) return;
    const remote = remoteFrom(response, flow, this.#context.nat, out.request.uri);
    remote.seq = dialog.forks.get(remote.tag)?.seq;
    dialog.forks.set(remote.tag, remote);
    dialog.remote = remote;
  }

  /** The final response that nobody sent: 408, 487 or 503. */
  fail(out: OutgoingRequest, status: number): void {
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
    this.#ways.onFinal(out);
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

  close(): void {
    this.#timers.clearAll();
  }
}

/** A dialog that needs no ACK to be confirmed: a subscription. */
function confirm(dialog: Dialog, response: SipResponse, flow: Flow, nat: boolean): void {
  dialog.remote = remoteFrom(response, flow, nat, dialog.remoteAddress.uri);
  dialog.state = 'confirmed';
}

const stopReason = (out: OutgoingRequest): StopReason => (out.cancel ? 'call-canceled' : 'call-rejected');

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
  if (last !== undefined ? rseq !== last + 1 : out.reliable.size >= MAX_FORKS) return false;
  out.reliable.set(tag, rseq);
  return true;
}

/** How long a place that answers 503 wants to be left alone (RFC 3261 21.5.4); at most five minutes. ms. */
function retryAfter(response: SipResponse): number {
  const seconds = parseInt(response.headers.get('retry-after') ?? '0', 10);
  return Number.isNaN(seconds) ? 0 : Math.min(seconds, 300) * 1000;
}
