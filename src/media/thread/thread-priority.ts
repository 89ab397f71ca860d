import { getSystemErrorName } from 'node:util';
import type { Scheduling } from './scheduling.ts';

/** What the configuration may ask for. */
export type ThreadPriorityChoice = 'auto' | 'normal' | 'realtime';

/** What `auto` goes by. */
export interface Cores {
  /** That this process may use. */
  readonly cores: number;
  /** Media threads of this process. */
  readonly workers: number;
  /** The process may take less than its cores have (cgroup): threads that go first would not heed that. */
  readonly isLimited: boolean;
}

/** Whether a thread is to go first, if the system lets it. */
export function wantsRealtime(choice: ThreadPriorityChoice, { cores, workers, isLimited }: Cores): boolean {
  return choice === 'realtime' || (choice === 'auto' && cores > 1 && workers <= cores && !isLimited);
}

/** At this share of its time a thread works or waits for its core: ordinary threads would get what the kernel keeps for them, 5 %. */
const SATURATED = 0.9;
const SATURATED_LOOKS = 2;
const CALM = 0.7;
const CALM_LOOKS = 10;

/**
 * Whether a media thread runs before all ordinary ones: packets do not wait for a compiler, a log or another program.
 * It is a privilege of who sleeps: a thread that is saturated is an ordinary one until it is no more, so that the
 * signalling on its core is heard. Pure but for `scheduling`; to be told of the load once a second.
 */
export class ThreadPriority {
  readonly #scheduling: Scheduling | undefined;
  readonly #isWanted: boolean;
  #isRealtime = false;
  #refused: string | undefined;
  #saturated = 0;
  #calm = 0;

  constructor(choice: ThreadPriorityChoice, machine: Cores, scheduling: Scheduling | undefined) {
    this.#scheduling = scheduling;
    this.#isWanted = wantsRealtime(choice, machine);
    if (!this.#isWanted) return;
    if (!scheduling) this.#refused = 'ENOSYS';
    else this.#set(true);
  }

  get name(): 'realtime' | 'normal' {
    return this.#isRealtime ? 'realtime' : 'normal';
  }

  /** Why it is not what was wanted: an error of the system by its name, ENOSYS where it has no such thing. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /**
   * @param wakeShare of the time since the last call in which the thread worked or waited for its core, 0 to 1; undefined
   *   where nobody says: then no thread may go first
   * @returns whether `name` or `refused` is another now
   */
  observe(wakeShare: number | undefined): boolean {
    if (!this.#isWanted || this.#refused === 'ENOSYS') return false;
    if (wakeShare === undefined) return this.#isRealtime && this.#set(false);
    this.#saturated = wakeShare >= SATURATED ? this.#saturated + 1 : 0;
    this.#calm = wakeShare <= CALM ? this.#calm + 1 : 0;
    if (this.#isRealtime) return this.#saturated >= SATURATED_LOOKS && this.#set(false);
    return this.#calm >= CALM_LOOKS && this.#refused === undefined && this.#set(true);
  }

  #set(on: boolean): boolean {
    const before = this.#refused;
    const errno = this.#scheduling?.setRealtime(on) ?? 0;
    this.#calm = 0;
    if (errno === 0) this.#isRealtime = on;
    this.#refused = errno === 0 ? undefined : getSystemErrorName(-errno);
    return errno === 0 || before !== this.#refused;
  }
}
