/** Milliseconds that `callsPerSecond` speaks of. */
const WINDOW_MS = 1_000;

/**
 * New calls of one trunk: no more than `perSecond` in any second. A token bucket of that size would let nearly twice
 * as many through in the second after a rest, and a provider counts those. Time is passed in, monotonic ms.
 */
export class CallRate {
  readonly #perSecond: number;
  /** When the last calls were let through, oldest first; at most `perSecond` of them. */
  readonly #passed: number[] = [];

  /** @param perSecond at least 1 */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether one more may go now; it counts when it may. */
  take(nowMs: number): boolean {
    while (this.#passed.length > 0 && nowMs - this.#passed[0]! >= WINDOW_MS) this.#passed.shift();
    if (this.#passed.length >= this.#perSecond) return false;
    this.#passed.push(nowMs);
    return true;
  }
}
