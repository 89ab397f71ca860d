import { readFileSync, readlinkSync } from 'node:fs';

/** What Linux says of one thread of this process. */
export interface ThreadFacts {
  /** `R` runs or waits for a core, `S` and `D` wait in the kernel: in `wchan`, called by `syscall`. */
  readonly state: string;
  /** CPU time so far, to a clock tick, ms. */
  readonly cpuMs: number;
  /** Scheduling policy: 0 ordinary, 2 SCHED_RR. */
  readonly policy: number;
  readonly wchan: string | undefined;
  /** Number and arguments, or `running`. */
  readonly syscall: string | undefined;
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10;

/** The system's number of the thread that asks; undefined where there is no /proc. */
export function ownThread(): number | undefined {
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0]);
  } catch {
    return undefined;
  }
}

/** For the log of who is paged: whether a thread that gives no sign loops or waits, and for what. */
export function threadFacts(thread: number | undefined): ThreadFacts | undefined {
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(`/proc/self/task/${thread}/${file}`, 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const stat = thread === undefined ? undefined : read('stat');
  if (stat === undefined) return undefined;
  // Behind the name, which may have spaces and brackets in it (proc(5)); the third field is the first.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '?',
    cpuMs: TICK_MS * (Number(fields[11]) + Number(fields[12])),
    policy: Number(fields[38]),
    wchan: read('wchan'),
    syscall: read('syscall'),
  };
}
