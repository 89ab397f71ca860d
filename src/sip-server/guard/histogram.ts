import type { Distribution } from '../types.ts';

/** Upper bounds of the buckets in seconds: those of drachtio-server, so that its dashboards fit. */
const ANSWER = [1, 3, 6, 10, 15, 20, 30, 60];
const POST_DIAL_DELAY = [1, 2, 3, 5, 7, 10, 15, 20];

export const HISTOGRAMS = {
  answerSecondsIn: ANSWER,
  answerSecondsOut: ANSWER,
  postDialDelaySecondsIn: POST_DIAL_DELAY,
  postDialDelaySecondsOut: POST_DIAL_DELAY,
} as const satisfies Record<string, readonly number[]>;
export type HistogramName = keyof typeof HISTOGRAMS;

/** A histogram in cells of shared memory: one for each bound, one for what is above, one for the sum. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #cells: Float64Array;

  constructor(bounds: readonly number[], cells: Float64Array) {
    this.#bounds = bounds;
    this.#cells = cells;
  }

  static cells(bounds: readonly number[]): number {
    return bounds.length + 2;
  }

  observe(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    this.#cells[at < 0 ? this.#bounds.length : at]! += 1;
    this.#cells[this.#bounds.length + 1]! += value;
  }

  read(): Distribution {
    const counts = [...this.#cells.subarray(0, this.#bounds.length + 1)];
    return { bounds: this.#bounds, counts, sum: this.#cells[this.#bounds.length + 1] ?? 0 };
  }
}
