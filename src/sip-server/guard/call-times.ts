import type { Clock } from '../../shared/clock.ts';
import type { Counters } from './counters.ts';

type Direction = 'in' | 'out';

/** How long first INVITEs wait for their first response (post-dial delay) and for their 200. */
export class CallTimes {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #calls = new WeakMap<object, { readonly at: number; alerted: boolean }>();

  constructor(clock: Clock, counters: Counters) {
    this.#clock = clock;
    this.#counters = counters;
  }

  /** @param call what stands for the INVITE from now on */
  began(call: object): void {
    this.#calls.set(call, { at: this.#clock.monotonic(), alerted: false });
  }

  /** A response to that INVITE, to others nothing; failures end the watch. */
  response(direction: Direction, call: object, status: number): void {
    const entry = status > 100 ? this.#calls.get(call) : undefined;
    if (!entry) return;
    if (status >= 200) this.#calls.delete(call);
    if (status >= 300) return;
    const seconds = (this.#clock.monotonic() - entry.at) / 1000;
    const suffix = direction === 'in' ? 'In' : 'Out';
    if (!entry.alerted) this.#counters.observe(`postDialDelaySeconds${suffix}`, seconds);
    entry.alerted = true;
    if (status >= 200) this.#counters.observe(`answerSeconds${suffix}`, seconds);
  }
}
