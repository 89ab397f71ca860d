import type { TimerHandle } from '../shared/clock.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type OnLink, safely } from './context.ts';
import { DigitSender } from './digit-sender.ts';
import { userOf } from './grammar.ts';
import { ACCEPT_INFO, ALLOW, allowsIn, SUPPORTED } from './headers.ts';
import { InboundOffers } from './inbound-offers.ts';
import { InboundRefers } from './inbound-refers.ts';
import type { InboundRequest } from './link.ts';
import type { DialogEnd, KeptOrphan } from './orphans.ts';
import { OutboundRefers } from './outbound-refers.ts';
import { formatReason, parseReason, type Reason } from './reason.ts';
import { grantedSession } from './session-expires.ts';
import { sdpOf, type Transaction, transact } from './transact.ts';
import type { Credentials, RequestFailure, SipDialog, SipDialogEvents } from './types.ts';

/** What the INVITE and its 200 say about the dialog. */
export interface DialogFacts {
  /** As the server names it: `<Call-ID>;from-tag=<tag>`. */
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly remoteUri: string;
  /** Ours, as From or To of the dialog says it. */
  readonly localUri?: string | undefined;
  /** We sent the first INVITE, so the Call-ID is ours (RFC 3261 14.1). */
  readonly ownsCallId: boolean;
  readonly credentials?: Credentials;
  /** Allow header of the other side's INVITE or 200. */
  readonly allow?: string | undefined;
  /** For whoever has to end it without us. */
  readonly end: DialogEnd;
}

const LOST: RequestFailure = {
  status: 503,
  reason: 'the connection to the SIP server is gone',
  kind: 'control-lost',
};
const ENDED: RequestFailure = { status: 481, reason: 'the dialog has ended', kind: 'ended' };
/** Retries of a re-INVITE after 491. */
const MAX_GLARES = 2;

/** One dialog on one link. Offers go one at a time in each direction; the end comes once, whatever its cause. */
export class Dialog implements SipDialog {
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly remoteUri: string;
  readonly remoteUser: string;
  readonly #facts: DialogFacts;
  readonly #on: OnLink;
  readonly #onEnd: (dialog: Dialog) => void;
  readonly #offers: InboundOffers;
  readonly #refers: InboundRefers;
  readonly #sent: OutboundRefers;
  readonly #digits: DigitSender;
  readonly #allowed: ReadonlySet<string>;
  readonly #running = new Set<Transaction>();
  /** Glare delays of re-INVITEs. */
  readonly #waiting = new Map<TimerHandle, () => void>();
  #events: SipDialogEvents | undefined;
  #backlog: (() => void)[] = [];
  #reinvites: Promise<unknown> = Promise.resolve();
  #offering = false;
  #alive = true;
  /** The call is over; NOTIFYs may be owed. */
  #over = false;
  #left = false;
  #bye: Promise<void> | undefined;

  /** `onEnd` is called once, when no request can belong to it any more. */
  constructor(on: OnLink, facts: DialogFacts, onEnd: (dialog: Dialog) => void) {
    this.#on = on;
    this.#facts = facts;
    this.#onEnd = onEnd;
    this.id = facts.id;
    this.callId = facts.callId;
    this.localTag = facts.localTag;
    this.remoteTag = facts.remoteTag;
    this.remoteUri = facts.remoteUri;
    this.remoteUser = userOf(facts.remoteUri);
    this.#offers = new InboundOffers(on, () => this.#offering);
    this.#refers = new InboundRefers(on, facts.id, facts.credentials, () => this.#over && this.#leave());
    this.#sent = new OutboundRefers(
      (method, headers, body) => this.#request(method, headers, body),
      on.userAgent,
    );
    this.#digits = new DigitSender(on.clock, (contentType, body) => this.info(contentType, body));
    this.#allowed = allowsIn(facts.allow);
  }

  /** What is kept over a crash while it is up. */
  get orphan(): KeptOrphan {
    return { id: `dialog ${this.id}`, item: { kind: 'dialog', dialogId: this.id, ...this.#facts.end } };
  }

  allows(method: string): boolean {
    return this.#allowed.has(method);
  }

  get alive(): boolean {
    return this.#alive;
  }

  attach(events: SipDialogEvents) {
    if (this.#events) throw new Error('the handlers of a SIP dialog are set once');
    this.#events = events;
    this.#offers.attach(events);
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const deliver of backlog) deliver();
  }

  /** Our offer is in the 200 to `request`, its answer comes in the ACK. */
  awaitAnswer(request: InboundRequest) {
    this.#offers.awaitAck(request);
  }

  bye(reason?: Reason): Promise<void> {
    if (this.#bye !== undefined) return this.#bye;
    if (!this.#alive) {
      this.#bye = Promise.resolve();
      return this.#bye;
    }
    this.#stop(ENDED);
    const headers = { 'User-Agent': this.#on.userAgent, ...(reason && { Reason: formatReason(reason) }) };
    const request = { method: 'BYE', dialogId: this.id, headers };
    // Not among #running: nothing shall abort it but the link.
    const transaction = transact(this.#on, request, this.#facts.credentials);
    this.#running.add(transaction);
    this.#bye = transaction.done.then(() => {
      this.#running.delete(transaction);
      this.#leave();
    });
    return this.#bye;
  }

  reinvite(sdp: string): Promise<Result<string, RequestFailure>> {
    const turn = this.#reinvites.then(() => this.#reinvite(sdp));
    this.#reinvites = turn;
    return turn;
  }

  async #reinvite(sdp: string): Promise<Result<string, RequestFailure>> {
    for (let glares = 0; ; glares++) {
      // RFC 3261 14.1: not while an INVITE is in progress in the other direction.
      await this.#offers.idle();
      if (!this.#alive) return err(ENDED);
      const headers = {
        'User-Agent': this.#on.userAgent,
        Allow: ALLOW,
        Supported: SUPPORTED,
        'Content-Type': 'application/sdp',
      };
      this.#offering = true;
      const result = await this.#request('INVITE', headers, sdp);
      this.#offering = false;
      if (
        !result.ok &&
        result.error.status === 491 &&
        result.error.kind === 'response' &&
        glares < MAX_GLARES
      ) {
        await this.#glareDelay();
        continue;
      }
      if (!result.ok) return result;
      const answer = sdpOf(result.value);
      return answer === undefined
        ? err({ status: 488, reason: '200 without an answer', kind: 'response' })
        : ok(answer);
    }
  }

  /** RFC 3261 14.1: 2.1 to 4 s when the Call-ID is ours, else 0 to 2 s, in steps of 10 ms. */
  #glareDelay(): Promise<void> {
    if (!this.#alive) return Promise.resolve();
    const steps = this.#facts.ownsCallId ? 210 + this.#on.random() * 190 : this.#on.random() * 200;
    return new Promise((resolve) => {
      const timer = this.#on.clock.after(Math.round(steps) * 10, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, resolve);
    });
  }

  async info(contentType: string, body: string): Promise<Result<number, RequestFailure>> {
    const result = await this.#request(
      'INFO',
      { 'User-Agent': this.#on.userAgent, 'Content-Type': contentType },
      body,
    );
    return result.ok ? ok(result.value.status) : result;
  }

  refer(to: string, onStatus: (status: number) => void): Promise<Result<number | undefined, RequestFailure>> {
    return this.#sent.refer(to, this.#facts.localUri, (status) =>
      safely(this.#on.log, 'refer', () => onStatus(status)),
    );
  }

  digit(digit: string, durationMs: number): Promise<Result<number, RequestFailure>> {
    return this.#digits.send(digit, durationMs);
  }

  async #request(method: string, headers: Record<string, string>, body: string) {
    if (!this.#alive) return err(ENDED);
    const transaction = transact(
      this.#on,
      { method, dialogId: this.id, headers, body },
      this.#facts.credentials,
    );
    this.#running.add(transaction);
    const result = await transaction.done;
    this.#running.delete(transaction);
    // RFC 3261 12.2.1.2, 14.1: after a 481, and a re-INVITE without an answer, the dialog is over. An INFO without one
    // costs a DTMF digit, not the call (RFC 5057 5.1).
    const gone = !result.ok && result.error.status === 481;
    if (this.#alive && (gone || (method === 'INVITE' && !result.ok && result.error.status === 408))) {
      this.#deliver((events) => events.onLost('dialog-gone'));
      if (gone) this.#end(ENDED);
      else void this.bye({ protocol: 'SIP', cause: 408, text: 'no answer' });
    }
    return result;
  }

  /** A request of the other side in this dialog. */
  handle(request: InboundRequest) {
    const { method } = request;
    if (method === 'BYE') return this.#onBye(request);
    if (method === 'ACK') return this.#offers.onAck(request);
    if (!this.#alive) return request.respond(481);
    const headers = { 'User-Agent': this.#on.userAgent, Allow: ALLOW, Supported: SUPPORTED };
    if (method === 'OPTIONS' || method === 'PRACK') return request.respond(200, { headers });
    if (method === 'INVITE' || method === 'UPDATE') this.#tellMessage(request);
    if (method === 'UPDATE' && request.body === '')
      return request.respond(200, { headers: { ...headers, ...grantedSession(request) } });
    if (method === 'INVITE' || method === 'UPDATE' || method === 'INFO' || method === 'REFER') {
      return this.#whenAttached((events) => this.#ask(request, events));
    }
    if (method === 'NOTIFY') return this.#sent.onNotify(request);
    request.respond(405, { headers });
  }

  #onBye(request: InboundRequest) {
    request.respond(200, { headers: { 'User-Agent': this.#on.userAgent } });
    if (!this.#alive) return;
    this.#tellMessage(request);
    const { q850, sip, text } = parseReason(request.header('reason'));
    this.#deliver((events) =>
      events.onBye({
        ...(q850 !== undefined && { q850 }),
        ...(sip !== undefined && { sip }),
        ...(text !== undefined && { reason: text }),
      }),
    );
    this.#end(ENDED);
  }

  #tellMessage({ method, header }: InboundRequest) {
    this.#deliver((events) => events.onMessage?.({ method, header }));
  }

  /** A request that the owner answers. */
  #ask(request: InboundRequest, events: SipDialogEvents) {
    // The end may have come while nobody was attached (RFC 3261 15.1.2).
    if (!this.#alive) return request.respond(487);
    if (request.method === 'INFO') {
      const contentType = request.header('content-type') ?? '';
      return this.#answer(
        request,
        async () => (await events.onInfo?.({ contentType, body: request.body })) ?? 415,
      );
    }
    if (request.method === 'REFER') return this.#refers.onRefer(request, events);
    this.#offers.onOffer(request);
  }

  /** Responds with the status that the owner's handler gives, or 500 when it throws or takes too long. */
  #answer(request: InboundRequest, handler: () => Promise<number>): void {
    const timer = this.#on.clock.after(this.#on.requestTimeoutMs, () => request.respond(500));
    handler()
      .then(
        // RFC 3261 21.4.13: what would have been taken.
        (status) => request.respond(status, status === 415 ? { headers: { Accept: ACCEPT_INFO } } : {}),
        (error: unknown) => {
          this.#on.log.error({ err: error, callId: this.callId }, 'sip.handler-threw');
          request.respond(500);
        },
      )
      .finally(() => timer.clear());
  }

  /** Nothing more is told of REFERs: the gateway stops. */
  stopTelling(): void {
    this.#refers.stop(ENDED);
    if (this.#over) this.#leave();
  }

  /** The link went: every pending request settles, the owner is told. */
  lost(): void {
    const wasAlive = this.#alive;
    if (wasAlive) this.#deliver((events) => events.onLost('control-lost'));
    this.#refers.stop(LOST);
    this.#end(LOST);
  }

  #end(failure: RequestFailure): void {
    this.#stop(failure);
    this.#leave();
  }

  #leave(): void {
    this.#over = true;
    if (this.#left || this.#refers.live) return;
    this.#left = true;
    this.#onEnd(this);
  }

  #stop(failure: RequestFailure): void {
    this.#alive = false;
    for (const transaction of this.#running) transaction.abort(failure);
    for (const [timer, resume] of this.#waiting) {
      timer.clear();
      resume();
    }
    this.#waiting.clear();
    this.#digits.close(failure);
    this.#offers.stop();
    this.#sent.stop();
  }

  #whenAttached(fn: (events: SipDialogEvents) => void): void {
    if (this.#events) fn(this.#events);
    else this.#backlog.push(() => this.#whenAttached(fn));
  }

  #deliver(fn: (events: SipDialogEvents) => void): void {
    this.#whenAttached((events) => safely(this.#on.log, 'dialog', () => fn(events)));
  }
}
