import type { Clock } from '../../shared/clock.ts';

/** The same clock, but what a timer throws goes to `onBug`: it must cost one timer, not the process with all calls. */
export function guardedClock(clock: Clock, onBug: (error: unknown) => void): Clock {
  const guarded = (fn: () => void) => (): void => {
    try {
      fn();
    } catch (error) {
      onBug(error);
    }
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, fn) => clock.after(ms, guarded(fn)),
    every: (ms, fn) => clock.every(ms, guarded(fn)),
  };
}
