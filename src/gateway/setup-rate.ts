/** Seconds of new calls that may come at once after a rest. */
const BURST_S = 2;

/**
 * New calls that are let in: `perSecond` on average, twice as many at once after a rest (a token bucket). Setting a call
 * up costs ten times what a second of it costs, and those who talk must not pay for it. Time is passed in, monotonic ms.
 */
export class SetupRate {
  #tokens: number | undefined;
  #atMs = 0;

  /**
   * Whether one more may come now; it counts when it may.
   *
   * @param perSecond may differ from call to call, as workers die and come back
   */
  take(perSecond: number, nowMs: number): boolean {
    const most = perSecond * BURST_S;
    const earned = ((nowMs - this.#atMs) * perSecond) / 1_000;
    this.#tokens = Math.min(most, this.#tokens === undefined ? most : this.#tokens + earned);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
