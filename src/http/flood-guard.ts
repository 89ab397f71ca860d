/** At most one line in so many milliseconds: what strangers cause must not fill a disk. */
const QUIET_MS = 10_000;

/** Lets the first of many like events through, then one in ten seconds with the number of those left out. */
export class FloodGuard {
  #lastMs = Number.NEGATIVE_INFINITY;
  #suppressed = 0;

  /** The number of events left out since the last one, or undefined when this one is to be left out too. */
  admit(nowMs: number): number | undefined {
    // A clock that went back would otherwise silence it for as long.
    const sinceMs = Math.abs(nowMs - this.#lastMs);
    if (sinceMs < QUIET_MS) {
      this.#suppressed += 1;
      return undefined;
    }
    const suppressed = this.#suppressed;
    this.#lastMs = nowMs;
    this.#suppressed = 0;
    return suppressed;
  }
}
