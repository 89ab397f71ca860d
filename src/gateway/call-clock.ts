import type { Clock } from '../shared/clock.ts';

/** A wall clock that never goes back: anchored once, then advanced by monotonic time. Milliseconds since the epoch. */
export function steadyNow(clock: Clock): () => number {
  const wall = clock.now();
  const origin = clock.monotonic();
  return () => wall + (clock.monotonic() - origin);
}
