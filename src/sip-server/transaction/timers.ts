import type { Clock, TimerHandle } from '../../shared/clock.ts';

/** RFC 3261 17.1.1.1, in ms. */
export const T1 = 500;
export const T2 = 4000;
export const T4 = 5000;
/** Timers B, D, F, H, J, L, M. */
export const T1x64 = 64 * T1;

/** Named timers with one owner; setting a name again replaces it. */
export class Timers {
  readonly #clock: Clock;
  readonly #armed = new Map<string, TimerHandle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(name: string, ms: number, fn: () => void): void {
    this.#armed.get(name)?.clear();
    this.#armed.set(
      name,
      this.#clock.after(ms, () => {
        this.#armed.delete(name);
        fn();
      }),
    );
  }

  clear(name: string): void {
    this.#armed.get(name)?.clear();
    this.#armed.delete(name);
  }

  clearAll(): void {
    for (const timer of this.#armed.values()) timer.clear();
    this.#armed.clear();
  }
}
