import { DelayHistogram } from './delay-histogram.ts';

export interface JitterBufferOptions {
  /** ms; the delay never falls below it. */
  readonly minDelayMs: number;
  /** ms; what waits longer is skipped. */
  readonly maxDelayMs: number;
}

/** Share of the packets that must come in time; NetEQ's. */
const QUANTILE = 0.97;
/** The fastest packet of this long, ms, is what delays are measured from: 200 ppm of drift move it by 2 ms. */
const WINDOW_MS = 5_000;
/** The target falls by at most so much, ms a second; it rises at once. */
const FALL_MS_PER_S = 5;

/** How long packets should wait: a quantile of how late they come behind the fastest of the last seconds. */
export class DelayTarget {
  /** The delay to keep, ms. */
  ms: number;
  readonly #options: JitterBufferOptions;
  readonly #histogram: DelayHistogram;
  /** Least transit of this window and the one before: any origin, ms. */
  #least = Infinity;
  #leastBefore = Infinity;
  #windowBeganMs = -Infinity;
  #lastMs = -1;

  constructor(options: JitterBufferOptions) {
    this.#options = options;
    this.#histogram = new DelayHistogram(options.maxDelayMs);
    this.ms = Math.min(Math.max(options.minDelayMs, 40), options.maxDelayMs);
  }

  /** Transit of the fastest packet of the last 5 to 10 s, ms. */
  get fastestMs(): number {
    return Math.min(this.#least, this.#leastBefore);
  }

  /** @param transitMs arrival less the packet's timestamp, both in ms */
  arrive(transitMs: number, nowMs: number): void {
    if (nowMs - this.#windowBeganMs >= WINDOW_MS) {
      this.#leastBefore = nowMs - this.#windowBeganMs < 2 * WINDOW_MS ? this.#least : Infinity;
      this.#least = Infinity;
      this.#windowBeganMs = nowMs;
    }
    if (transitMs < this.#least) this.#least = transitMs;
    this.#histogram.add(transitMs - this.fastestMs);
    this.#follow(nowMs);
  }

  /** Another origin of timestamps: the packet that follows is the fastest known. What jitter was, stays known. */
  rebase(): void {
    this.#least = Infinity;
    this.#leastBefore = Infinity;
    this.#windowBeganMs = -Infinity;
  }

  #follow(nowMs: number): void {
    const { minDelayMs, maxDelayMs } = this.#options;
    const wanted = Math.min(Math.max(this.#histogram.quantile(QUANTILE), minDelayMs), maxDelayMs);
    const elapsedS = this.#lastMs < 0 ? 0 : (nowMs - this.#lastMs) / 1000;
    this.#lastMs = nowMs;
    this.ms = wanted >= this.ms ? wanted : Math.max(wanted, this.ms - FALL_MS_PER_S * elapsedS);
  }
}
