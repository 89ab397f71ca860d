import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LoopDelayMs } from '../types.ts';

/** Each look wakes the thread: a hundred a second took 4 ms of CPU in each. */
const RESOLUTION_MS = 25;
/** A scraper that comes every minute still sees the worst of it. */
const WINDOW_MS = 60_000;

/** How late this thread's event loop is, over the last one to two minutes. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #since: number | undefined;
  #before: LoopDelayMs = { mean: 0, p99: 0, max: 0 };

  constructor() {
    this.#histogram.enable();
  }

  /** @param now monotonic ms */
  read(now: number): LoopDelayMs {
    // Node records the whole interval; what it should have been is no delay.
    const late = (ns: number): number => (ns > 0 ? Math.max(0, ns / 1e6 - RESOLUTION_MS) : 0);
    const { mean, max } = this.#histogram;
    const current = {
      mean: this.#histogram.count > 0 ? late(mean) : 0,
      p99: late(this.#histogram.percentile(99)),
      max: late(max),
    };
    const worst = {
      mean: Math.max(current.mean, this.#before.mean),
      p99: Math.max(current.p99, this.#before.p99),
      max: Math.max(current.max, this.#before.max),
    };
    this.#since ??= now;
    if (now - this.#since >= WINDOW_MS) {
      this.#since = now;
      this.#before = current;
      this.#histogram.reset();
    }
    return worst;
  }

  close(): void {
    this.#histogram.disable();
  }
}
