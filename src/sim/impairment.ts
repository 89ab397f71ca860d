import type { Clock, TimerHandle } from '../shared/clock.ts';

export interface ImpairmentOptions {
  /** Percent of packets that never arrive. Default 0. */
  readonly lossPercent?: number;
  /** Each packet comes so many ms late, anything from 0 to this, order kept. Default 0. */
  readonly jitterMs?: number;
  /** Percent of packets that are overtaken by the one after them. Default 0. */
  readonly reorderPercent?: number;
  /** Percent of packets that come twice. Default 0. */
  readonly duplicatePercent?: number;
}

/** A bad network on the way from the consumer to the gateway: loses, delays, swaps and doubles datagrams. */
export class Impairment {
  readonly #options: ImpairmentOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #deliver: (datagram: Buffer) => void;
  readonly #timers = new Set<TimerHandle>();
  /** Delayed datagrams in order: timers of the system may fire in another. */
  readonly #delayed: Buffer[] = [];
  #overtaken: Buffer | undefined;
  /** Monotonic ms; nothing is delivered before what was sent earlier. */
  #lastDueMs = 0;
  lost = 0;

  constructor(
    options: ImpairmentOptions,
    clock: Clock,
    random: () => number,
    deliver: (datagram: Buffer) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#deliver = deliver;
  }

  send(datagram: Buffer): void {
    if (this.#happens(this.#options.lossPercent)) {
      this.lost += 1;
      return;
    }
    if (!this.#overtaken && this.#happens(this.#options.reorderPercent)) {
      this.#overtaken = datagram;
      return;
    }
    this.#later(datagram);
    if (this.#happens(this.#options.duplicatePercent)) this.#later(datagram);
    const overtaken = this.#overtaken;
    this.#overtaken = undefined;
    if (overtaken) this.#later(overtaken);
  }

  close(): void {
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    this.#delayed.length = 0;
    this.#overtaken = undefined;
  }

  #happens(percent = 0): boolean {
    return percent > 0 && this.#random() * 100 < percent;
  }

  #later(datagram: Buffer): void {
    const { jitterMs = 0 } = this.#options;
    if (jitterMs <= 0) return this.#deliver(datagram);
    const now = this.#clock.monotonic();
    this.#lastDueMs = Math.max(this.#lastDueMs, now + this.#random() * jitterMs);
    this.#delayed.push(datagram);
    const timer = this.#clock.after(this.#lastDueMs - now, () => {
      this.#timers.delete(timer);
      const next = this.#delayed.shift();
      if (next) this.#deliver(next);
    });
    this.#timers.add(timer);
  }
}
