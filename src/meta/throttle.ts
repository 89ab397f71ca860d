import type { Clock } from '../shared/clock.ts';

/** When Meta does not say how long, ms. */
const USUAL_MS = 60_000;
/** The pools are counted over 24 hours, so no wait is longer, ms. */
const LONGEST_MS = 24 * 3_600_000;

/** Which Pages Meta throttles, and until when: going on asking lengthens the block. */
export class Throttle {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * Meta throttled a request of this Page; a wait that is under way is never made shorter. Returns what is left, s.
   *
   * @param toldS seconds, when Meta says so
   */
  begin(pageId: string, toldS: number | undefined): number {
    const now = this.#clock.monotonic();
    const ms = Math.min(toldS === undefined || toldS <= 0 ? USUAL_MS : toldS * 1_000, LONGEST_MS);
    this.#untilMs.set(pageId, Math.max(this.#untilMs.get(pageId) ?? 0, now + ms));
    return this.leftS(pageId);
  }

  /** Whole seconds, rounded up; 0: not throttled. */
  leftS(pageId: string): number {
    const left = (this.#untilMs.get(pageId) ?? 0) - this.#clock.monotonic();
    if (left > 0) return Math.ceil(left / 1_000);
    this.#untilMs.delete(pageId);
    return 0;
  }
}
