import type { GatewayConfig } from '../config/index.ts';
import type { Clock } from '../shared/clock.ts';
import { LoopLoad } from './loop-load.ts';
import type { MediaPlane } from './media/plane.ts';
import { SetupRate } from './setup-rate.ts';

/** Why there is no room: `calls` at once, `workers` busy, the `loop` of the main thread late, or too many a second. */
export type Refused = 'calls' | 'workers' | 'loop' | 'rate';

export interface AdmissionOptions {
  /** Read when it is asked: a reload may have changed them. */
  readonly limits: GatewayConfig['limits'];
  readonly plane: () => Pick<MediaPlane, 'isFull' | 'stats'>;
  readonly clock: Clock;
}

/**
 * Whether one more call may come, whoever places it, so that those who talk do not pay for those who come. Says no in
 * microseconds: a refusal costs next to nothing, and that is what carries ten times the load.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #loop: LoopLoad;
  readonly #rate = new SetupRate();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#loop = new LoopLoad(options.clock);
  }

  /**
   * Undefined: it may come, and counts.
   *
   * @param calls that are there
   */
  refuse(calls: number): Refused | undefined {
    const { limits, plane, clock } = this.#options;
    if (calls >= limits.maxCalls) return 'calls';
    if (plane().isFull(limits.maxWorkerLoadPercent / 100)) return 'workers';
    if (this.#loop.delayMs >= limits.maxLoopDelayMs) return 'loop';
    // Where none lives, a call fails by that.
    const living = Math.max(1, plane().stats.filter(({ up }) => up).length);
    return this.#rate.take(limits.setupsPerSecond * living, clock.monotonic()) ? undefined : 'rate';
  }

  close(): void {
    this.#loop.close();
  }
}
