import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, TimerHandle } from '../shared/clock.ts';

/** Each look wakes the thread: a hundred a second took 5 ms of CPU in each. */
const RESOLUTION_MS = 25;
/** Two of these make the second that `delayMs` speaks of. */
const WINDOW_MS = 500;

/**
 * How late this thread's event loop is: what a webhook or an INVITE waits before anybody looks at it. Owns its
 * histogram and its timer until `close`.
 */
export class LoopLoad {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #clock: Pick<Clock, 'after'>;
  #timer: TimerHandle | undefined;
  #last = 0;
  #before = 0;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
    this.#histogram.enable();
    this.#arm();
  }

  /** The lower mean of the last two half seconds, ms: one stop of a collector, or of loading code, is no load. */
  get delayMs(): number {
    return Math.min(this.#last, this.#before);
  }

  close(): void {
    this.#timer?.clear();
    this.#histogram.disable();
  }

  #arm(): void {
    this.#timer = this.#clock.after(WINDOW_MS, () => {
      this.#arm();
      const { count, mean } = this.#histogram;
      this.#before = this.#last;
      // Node records the whole interval; what it should have been is no delay. A loop that stood still counted none.
      this.#last = count > 0 ? Math.max(0, mean / 1e6 - RESOLUTION_MS) : WINDOW_MS;
      this.#histogram.reset();
    });
  }
}
