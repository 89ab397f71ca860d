import { setTimeout as sleep } from 'node:timers/promises';

/** Polls what has no event of its own, each `everyMs` ms; false when it did not come true in `ms`. */
export async function within(
  ms: number,
  isTrue: () => boolean | Promise<boolean>,
  everyMs = 20,
): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; await sleep(everyMs)) {
    if (await isTrue()) return true;
  }
  return isTrue();
}
