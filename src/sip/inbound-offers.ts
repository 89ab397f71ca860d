import type { TimerHandle } from '../shared/clock.ts';
import { type OnLink, safely } from './context.ts';
import { ALLOW, cseqOf, SUPPORTED } from './headers.ts';
import type { InboundRequest } from './link.ts';
import { grantedSession } from './session-expires.ts';
import { sdpOf } from './transact.ts';
import type { SipDialogEvents } from './types.ts';

/**
 * The other side's offers in a dialog: re-INVITE with an offer, re-INVITE asking for one (the answer comes in the
 * ACK), and UPDATE. One at a time (RFC 3261 14.2, RFC 3311 5.2), each answered within the time limit.
 */
export class InboundOffers {
  readonly #on: OnLink;
  /** Whether an offer of ours is out. */
  readonly #offering: () => boolean;
  #events: SipDialogEvents | undefined;
  #current: { readonly request: InboundRequest; readonly timer: TimerHandle } | undefined;
  /** CSeq of the re-INVITE whose ACK carries the answer. */
  #awaitedAck: number | undefined;
  /** What the ACK carried when it came before `attach`. */
  #earlyAnswer: { readonly sdp: string | undefined } | undefined;
  #idle: (() => void)[] = [];

  constructor(on: OnLink, offering: () => boolean) {
    this.#on = on;
    this.#offering = offering;
  }

  attach(events: SipDialogEvents): void {
    this.#events = events;
    const answer = this.#earlyAnswer;
    this.#earlyAnswer = undefined;
    if (answer) this.#deliverAnswer(events, answer.sdp);
  }

  /** Resolves when no offer of theirs is being worked on. */
  idle(): Promise<void> {
    return this.#current ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  /** The 200 of the first INVITE carried our offer: its ACK, with this CSeq, carries the answer. */
  awaitAck(request: InboundRequest) {
    this.#begin(request);
    this.#awaitedAck = cseqOf(request.header('cseq'));
  }

  onOffer(request: InboundRequest) {
    const events = this.#events;
    if (!events) throw new Error('offers are delivered after attach');
    const headers = { 'User-Agent': this.#on.userAgent };
    if (this.#offering()) return request.respond(491, { headers });
    if (this.#current) {
      // RFC 3261 14.2: 500 with a random Retry-After of 0 to 10 s.
      const retryAfter = Math.floor(this.#on.random() * 11);
      return request.respond(500, { headers: { ...headers, 'Retry-After': String(retryAfter) } });
    }
    this.#begin(request);
    request.onCancel(() => this.#finish(request));
    const offer = sdpOf(request);
    if (offer === undefined && request.body !== '') return this.#refuse(request, 415);
    let answer: ReturnType<SipDialogEvents['onReinvite']>;
    try {
      answer = events.onReinvite(offer);
    } catch (error) {
      return this.#failed(request, error);
    }
    answer.then(
      (reply) => this.#reply(request, offer === undefined, reply),
      (error: unknown) => this.#failed(request, error),
    );
  }

  #begin(request: InboundRequest): void {
    const timer = this.#on.clock.after(this.#on.requestTimeoutMs, () => {
      // Without an effect when the 200 is out and only its ACK is missing.
      request.respond(500);
      this.#finish(request);
    });
    this.#current = { request, timer };
  }

  #reply(request: InboundRequest, delayed: boolean, reply: { sdp: string } | { status: number }) {
    if (this.#current?.request !== request) return;
    if (!('sdp' in reply)) return this.#refuse(request, reply.status);
    const headers = {
      'User-Agent': this.#on.userAgent,
      Allow: ALLOW,
      Supported: SUPPORTED,
      ...grantedSession(request),
      'Content-Type': 'application/sdp',
    };
    if (delayed && request.method === 'INVITE') this.#awaitedAck = cseqOf(request.header('cseq'));
    request.respond(200, { headers, body: reply.sdp });
    if (this.#awaitedAck === undefined) this.#finish(request);
  }

  #refuse(request: InboundRequest, status: number): void {
    const headers = {
      'User-Agent': this.#on.userAgent,
      ...(status === 415 && { Accept: 'application/sdp' }),
    };
    request.respond(status >= 300 && status <= 699 ? status : 488, { headers });
    this.#finish(request);
  }

  #failed(request: InboundRequest, error: unknown): void {
    this.#on.log.error({ err: error }, 'sip.handler-threw');
    request.respond(500);
    this.#finish(request);
  }

  onAck(ack: InboundRequest): void {
    if (this.#awaitedAck === undefined || this.#awaitedAck !== cseqOf(ack.header('cseq'))) return;
    this.#awaitedAck = undefined;
    const answer = sdpOf(ack);
    if (this.#current) this.#finish(this.#current.request);
    if (answer === undefined) this.#on.log.warn({ callId: ack.callId }, 'sip.ack-without-answer');
    if (this.#events) this.#deliverAnswer(this.#events, answer);
    else this.#earlyAnswer = { sdp: answer };
  }

  #deliverAnswer(events: SipDialogEvents, answer: string | undefined): void {
    safely(this.#on.log, 'onReinviteAnswer', () => {
      if (answer === undefined) events.onNoAnswer?.();
      else events.onReinviteAnswer?.(answer);
    });
  }

  /** The dialog ended: RFC 3261 15.1.2, pending requests get 487. */
  stop(): void {
    const current = this.#current;
    if (!current) return;
    current.request.respond(487);
    this.#finish(current.request);
  }

  #finish(request: InboundRequest): void {
    if (this.#current?.request !== request) return;
    this.#current.timer.clear();
    this.#current = undefined;
    this.#awaitedAck = undefined;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resume of waiting) resume();
  }
}
