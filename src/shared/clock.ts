/** Time as a dependency: production passes `systemClock`, tests pass a clock they own. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch. May jump; for records and comparisons with Meta's stamps. */
  now(): number;
  /** Monotonic milliseconds with fractions, from an arbitrary origin; for durations. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. The returned handle belongs to the caller, who must clear it. */
  after(ms: number, fn: () => void): TimerHandle;
  /** Calls `fn` every `ms` milliseconds, without a new timer each time; owned as that of `after` is. */
  every(ms: number, fn: () => void): TimerHandle;
}

export interface TimerHandle {
  /** Idempotent; after it the function is never called. */
  clear(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return { clear: () => clearTimeout(timer) };
  },
  every: (ms, fn) => {
    const timer = setInterval(fn, ms);
    return { clear: () => clearInterval(timer) };
  },
};
