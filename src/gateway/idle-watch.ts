import { atMost } from '../shared/at-most.ts';
import type { Clock } from '../shared/clock.ts';

/** Knows when nothing is under way any more: no call, and no work for those that were not taken. */
export class IdleWatch {
  readonly #calls: () => number;
  readonly #onBug: (error: unknown, callId: string) => void;
  readonly #works = new Set<Promise<void>>();
  #whenIdle: (() => void)[] = [];

  /** @param calls how many are up */
  constructor(calls: () => number, onBug: (error: unknown, callId: string) => void) {
    this.#calls = calls;
    this.#onBug = onBug;
  }

  /** It is waited for; should it fail, that is a bug. */
  add(work: Promise<void>, callId: string): void {
    const done = work
      .catch((error: unknown) => this.#onBug(error, callId))
      .finally(() => {
        this.#works.delete(done);
        this.check();
      });
    this.#works.add(done);
  }

  /** A call or a work is over. */
  check(): void {
    if (this.#isBusy) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Resolves when nothing is under way, or after `patienceMs`. */
  async untilIdle(patienceMs: number, clock: Clock): Promise<void> {
    if (!this.#isBusy) return;
    await atMost(clock, patienceMs, new Promise<void>((resolve) => this.#whenIdle.push(resolve)));
  }

  get #isBusy(): boolean {
    return this.#calls() > 0 || this.#works.size > 0;
  }
}
