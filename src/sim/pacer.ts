import type { Clock, TimerHandle } from '../shared/clock.ts';

/** Calls `frame` every 20 ms on an absolute schedule: late timers do not add up. */
export class Pacer {
  readonly #clock: Clock;
  readonly #frame: () => void;
  #timer: TimerHandle | undefined;
  #due = 0;

  constructor(clock: Clock, frame: () => void) {
    this.#clock = clock;
    this.#frame = frame;
  }

  start(): void {
    if (this.#timer) return;
    this.#due = this.#clock.monotonic();
    this.#next();
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #next(): void {
    this.#due += 20;
    this.#timer = this.#clock.after(Math.max(0, this.#due - this.#clock.monotonic()), () => {
      this.#next();
      this.#frame();
    });
  }
}
