import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** As Node 24 calls them. */
const HELPER = 'V8Worker';
/** nice(2): a tenth of an ordinary thread's weight. */
const BEHIND = 10;
const MOST = 19;

/**
 * Has V8's helper threads, which compile and mark the heap, come behind the process's others: there are four, equals of
 * the main thread, which on a busy core got a fifth of it for tens of milliseconds, with every call that came meanwhile. What they
 * measured: src/media/PERFORMANCE.md. For the main thread; nothing where the system does not name threads.
 *
 * @returns how many there are
 */
export function putHelpersBehind(): number {
  let helpers = 0;
  try {
    const nice = Math.min(MOST, getPriority() + BEHIND);
    for (const thread of readdirSync('/proc/self/task')) {
      if (readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim() !== HELPER) continue;
      // Linux takes a thread's number where others want that of a process.
      setPriority(Number(thread), nice);
      helpers += 1;
    }
  } catch {
    // No such files, or not allowed: they stay what they were.
  }
  return helpers;
}
