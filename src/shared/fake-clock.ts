import type { Clock, TimerHandle } from './clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that only moves when told to, so that 32 s timers test in microseconds. */
export class FakeClock implements Clock {
  #now: number;
  readonly #start: number;
  /** By how much the wall clock was moved. */
  #jumped = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** @param start wall-clock milliseconds at the beginning */
  constructor(start = 1_789_000_000_000) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now + this.#jumped;
  }

  /** Somebody sets the wall clock, forward or back; timers and monotonic time do not notice. */
  jump(ms: number): void {
    this.#jumped += ms;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fn: () => void): TimerHandle {
    const entry: Pending = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      fn,
    };
    this.#pending.add(entry);
    return { clear: () => void this.#pending.delete(entry) };
  }

  every(ms: number, fn: () => void): TimerHandle {
    // Armed before it fires: who clears it from within clears the next.
    const arm = (): TimerHandle =>
      this.after(ms, () => {
        next = arm();
        fn();
      });
    let next = arm();
    return { clear: () => next.clear() };
  }

  /** How many timers are armed; a test's leak check. */
  get armed(): number {
    return this.#pending.size;
  }

  /** One turn of a thread that comes `ms` late: what is due by then fires at that time, and nothing that this arms. */
  turn(ms: number): void {
    this.#now += ms;
    const due = [...this.#pending].filter(({ at }) => at <= this.#now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const entry of due) if (this.#pending.delete(entry)) entry.fn();
  }

  /** Moves time forward by `ms`, firing due timers in order, including those that they arm. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (;;) {
      let next: Pending | undefined;
      for (const entry of this.#pending) {
        if (entry.at > target) continue;
        if (!next || entry.at < next.at || (entry.at === next.at && entry.order < next.order)) next = entry;
      }
      if (!next) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = target;
  }
}
