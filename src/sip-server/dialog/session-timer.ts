import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { SessionTerms } from './session-terms.ts';

/** Refreshes are spread over as much before and after half the interval. */
const JITTER_MS = 5000;
/** setTimeout counts in 31 bits; a session interval may have 32, of seconds. */
const LONGEST_MS = 0x7fff_ffff;
/** A refresh answered 422 so many times in a row has failed: each answer asked for more than the one before. */
const MAX_RAISES = 3;

export interface SessionTimerEvents {
  /** A refresh is due. Its end comes back as `start` (2xx), `refused` or `stop`. */
  onRefresh(): void;
  /** Nobody refreshed in time: the session is to end. */
  onExpired(): void;
}

/** A refresh that was answered with other than 2xx, or could not be sent yet. */
export interface Refusal {
  readonly status: number;
  /** Min-SE of a 422 in seconds, 0 when there is none. */
  readonly minSE: number;
  /** Retry-After in seconds, undefined when there is none. */
  readonly retryAfter: number | undefined;
}

/** Of a session timer: its dialog's share. */
export interface SessionTimerOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Whether we made the Call-ID: who waits longer after glare (RFC 3261 14.1). */
  readonly ownsCallId: boolean;
}

/**
 * Session timer of one dialog (RFC 4028 10): off, waiting for a refresh of the peer, waiting for the time of ours, or
 * refreshing. Each 2xx to INVITE or UPDATE starts it anew or stops it, whoever sent the request.
 */
export class SessionTimer {
  readonly #options: SessionTimerOptions;
  readonly #events: SessionTimerEvents;
  #terms: SessionTerms | undefined;
  #minSE = 0;
  #refresh: TimerHandle | undefined;
  #expiry: TimerHandle | undefined;
  /** Refusals since the last 2xx. */
  #delays = 0;
  #raises = 0;

  constructor(options: SessionTimerOptions, events: SessionTimerEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** What was agreed on; undefined while off. A 422 raises the interval before anybody agrees. */
  get terms(): SessionTerms | undefined {
    return this.#terms;
  }

  /** The largest Min-SE of this dialog so far, in seconds: our refreshes repeat it (RFC 4028 7.4). */
  get minSE(): number {
    return this.#minSE;
  }

  /** Min-SE of a request in the dialog, ours or the peer's. */
  learn(minSE: number): void {
    this.#minSE = Math.max(this.#minSE, minSE);
  }

  /** A 2xx with Session-Expires was sent or received. */
  start(terms: SessionTerms): void {
    this.stop();
    this.#terms = terms;
    const interval = terms.interval * 1000;
    if (terms.refresher === 'local') {
      const jitter = (this.#options.random() * 2 - 1) * JITTER_MS;
      this.#arm('refresh', Math.round(interval / 2 + jitter));
      this.#arm('expiry', interval);
    } else this.#arm('expiry', Math.round(interval - Math.min(32_000, interval / 3)));
  }

  /** A 2xx without Session-Expires, or the end of the dialog. */
  stop(): void {
    this.#terms = undefined;
    this.#delays = 0;
    this.#raises = 0;
    this.#refresh?.clear();
    this.#expiry?.clear();
  }

  /**
   * Our refresh was refused. RFC 4028 7.3 and 10: what the answer allows is tried again while the session lasts.
   * Whether the session ends now is the result.
   */
  refused({ status, minSE, retryAfter }: Refusal): 'again' | 'end' {
    // RFC 3261 12.2.1.2: the dialog itself is gone, session timer or not.
    if (status === 408 || status === 481) return 'end';
    if (!this.#terms) return 'again';
    if (status === 422 && minSE > this.#terms.interval && this.#raises < MAX_RAISES) {
      this.#raises += 1;
      this.#terms = { ...this.#terms, interval: minSE };
      this.learn(minSE);
      this.#arm('refresh', 0);
      return 'again';
    }
    if (status === 491) {
      this.later();
      return 'again';
    }
    if ((status === 500 || status === 503) && retryAfter !== undefined) {
      this.#delays += 1;
      this.#arm('refresh', Math.max(retryAfter, this.#delays) * 1000);
      return 'again';
    }
    return 'end';
  }

  /** Glare: the refresh waits as RFC 3261 14.1 says, longer each time; the session does not. */
  later(): void {
    if (!this.#terms) return;
    const { random, ownsCallId } = this.#options;
    const steps = ownsCallId ? 210 + random() * 190 : random() * 200;
    this.#delays += 1;
    this.#arm('refresh', Math.round(steps) * 10 * this.#delays);
  }

  #arm(what: 'refresh' | 'expiry', ms: number): void {
    const handle = this.#options.clock.after(Math.min(ms, LONGEST_MS), () => {
      if (ms > LONGEST_MS) this.#arm(what, ms - LONGEST_MS);
      else if (what === 'refresh') this.#events.onRefresh();
      else {
        this.stop();
        this.#events.onExpired();
      }
    });
    if (what === 'refresh') {
      this.#refresh?.clear();
      this.#refresh = handle;
    } else {
      this.#expiry?.clear();
      this.#expiry = handle;
    }
  }
}
