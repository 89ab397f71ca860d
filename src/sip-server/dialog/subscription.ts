import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { Headers } from '../message/headers.ts';

/** Default of RFC 6665 3.1.1 is the event package's; this is that of most. */
const DEFAULT_S = 3600;
/** How long after its end the last NOTIFY may take. */
const GRACE_MS = 32_000;

/** The notifier's side of a subscription (RFC 6665 4.2): a dialog without INVITE, which lives until it expires. */
export class Subscription {
  readonly #clock: Clock;
  readonly #end: () => void;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.#end = end;
  }

  /** Counts anew from a 2xx to SUBSCRIBE: what it grants, or what was asked for when it says nothing. */
  accepted(request: Headers, response: Headers): void {
    const text = response.get('expires') ?? request.get('expires') ?? '';
    const seconds = /^\d{1,9}$/.test(text) ? Number(text) : DEFAULT_S;
    this.#timer?.clear();
    // A timer of Node holds 2^31 ms.
    this.#timer = this.#clock.after(Math.min(seconds * 1000 + GRACE_MS, 0x7fff_ffff), this.#end);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}

/** Whether a NOTIFY of these headers, answered so, is the last (RFC 6665 4.1.3, 4.2.2). */
export const endsSubscription = (notify: Headers, status: number): boolean =>
  status === 408 || status === 481 || /^terminated\b/i.test(notify.get('subscription-state') ?? '');
