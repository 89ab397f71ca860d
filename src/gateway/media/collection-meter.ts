import { PerformanceObserver } from 'node:perf_hooks';
import { type Distribution, Tally } from '../../shared/tally.ts';

/** Seconds: a stop of 5 ms is what packets are allowed, one of 100 ms everybody hears. */
const BOUNDS: readonly number[] = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1];

export const NO_COLLECTIONS: Distribution = new Tally(BOUNDS);

/**
 * Stops of the thread that it was made on for its garbage collector, seconds, from then on until `close`. Marking in steps, between
 * one stop and the next, is not among them.
 */
export class CollectionMeter {
  readonly #tally = new Tally(BOUNDS);
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.#tally.add(duration / 1_000);
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  read(): Distribution {
    return this.#tally.read();
  }

  close(): void {
    this.#observer.disconnect();
  }
}
