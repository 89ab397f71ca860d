import { setTimeout as sleep } from 'node:timers/promises';

/** Polls what has no event of its own; false when it did not come true in time. */
export async function within(ms: number, isTrue: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; await sleep(20)) {
    if (await isTrue()) return true;
  }
  return isTrue();
}
