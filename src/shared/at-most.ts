import type { Clock } from './clock.ts';

/** Resolves with `work`, or after `ms` milliseconds: which of them, as `true` for the work. Rejects as the work does. */
export async function atMost(
  clock: Pick<Clock, 'after'>,
  ms: number,
  work: Promise<unknown>,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.after(ms, () => resolve(false));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer.clear();
  }
}
