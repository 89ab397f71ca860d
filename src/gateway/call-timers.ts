import type { TimerName } from '../call/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';

/** The named timers of one call; owns them until `clear`. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #armed = new Map<TimerName, TimerHandle>();
  readonly #fire: (name: TimerName) => void;

  constructor(clock: Clock, fire: (name: TimerName) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Arms `name` anew; `ms` milliseconds. */
  start(name: TimerName, ms: number): void {
    this.stop(name);
    this.#armed.set(
      name,
      this.#clock.after(ms, () => {
        this.#armed.delete(name);
        this.#fire(name);
      }),
    );
  }

  stop(name: TimerName): void {
    this.#armed.get(name)?.clear();
    this.#armed.delete(name);
  }

  clear(): void {
    for (const handle of this.#armed.values()) handle.clear();
    this.#armed.clear();
  }
}
