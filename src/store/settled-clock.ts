import type { Clock } from '../shared/clock.ts';

/** Less is a clock that is set right, and followed at once, ms. */
const TOLERATED_MS = 60_000;
/** A jump counts when it has stood so long, ms. */
const SETTLE_MS = 3_600_000;

/**
 * The wall clock for what is deleted or begun anew by the day: a jump, forward or back, counts only when it has stood for
 * an hour, so that a clock that is wrong for a moment deletes nothing. Milliseconds since the epoch.
 */
export class SettledClock {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #wall: number;
  #origin: number;
  #jump: { readonly byMs: number; readonly sinceMs: number } | undefined;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#origin = clock.monotonic();
  }

  now(): number {
    const monotonic = this.#clock.monotonic();
    const wall = this.#clock.now();
    const steady = this.#wall + (monotonic - this.#origin);
    const byMs = wall - steady;
    const isSame = this.#jump !== undefined && Math.abs(byMs - this.#jump.byMs) <= TOLERATED_MS;
    if (Math.abs(byMs) > TOLERATED_MS) {
      if (!isSame) this.#jump = { byMs, sinceMs: monotonic };
      if (!this.#jump || monotonic - this.#jump.sinceMs < SETTLE_MS) return steady;
    }
    this.#jump = undefined;
    this.#wall = wall;
    this.#origin = monotonic;
    return wall;
  }
}
