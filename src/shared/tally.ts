/** A histogram as it was counted: by bucket, not cumulated; the last count is of what is above every bound. */
export interface Distribution {
  /** Upper ends of the buckets, growing. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts values by bucket. */
export class Tally implements Distribution {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper ends of the buckets, growing; what is above the last has a bucket of its own */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** What is no number counts nowhere. */
  add(value: number): void {
    if (Number.isNaN(value)) return;
    const at = this.bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? this.bounds.length : at;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }

  /** As it is now. */
  read(): Distribution {
    return { bounds: this.bounds, counts: [...this.counts], sum: this.sum };
  }
}

/** Both, which have the same bounds. */
export function sumOfDistributions(a: Distribution, b: Distribution): Distribution {
  return { ...a, counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)), sum: a.sum + b.sum };
}
