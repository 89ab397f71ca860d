/** Width of one bin, ms. */
const BIN_MS = 5;
/** Packets that the histogram remembers: half a minute at 50 a second, as long as NetEQ does. */
const MEMORY = 1_400;

/** How packets were delayed lately: a histogram that forgets, and learns fast while it is young. */
export class DelayHistogram {
  readonly #bins: Float64Array;
  #age = 0;

  /** @param maxMs delays beyond count as this one */
  constructor(maxMs: number) {
    this.#bins = new Float64Array(Math.ceil(maxMs / BIN_MS) + 1);
  }

  /** @param delayMs of one packet, behind the fastest */
  add(delayMs: number): void {
    const bins = this.#bins;
    this.#age = Math.min(this.#age + 1, MEMORY);
    const weight = 1 / this.#age;
    const keep = 1 - weight;
    for (let i = 0; i < bins.length; i++) bins[i] = (bins[i] as number) * keep;
    const bin = Math.min(Math.max(0, Math.floor(delayMs / BIN_MS)), bins.length - 1);
    bins[bin] = (bins[bin] as number) + weight;
  }

  /** The delay, ms, that `share` (0 to 1) of the packets did not exceed: the upper edge of its bin; 0 before any packet. */
  quantile(share: number): number {
    if (this.#age === 0) return 0;
    const bins = this.#bins;
    let sum = 0;
    for (let i = 0; i < bins.length; i++) {
      sum += bins[i] as number;
      if (sum >= share) return (i + 1) * BIN_MS;
    }
    return bins.length * BIN_MS;
  }
}
