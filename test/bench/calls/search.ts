import { type Step, sentOf } from './ladder.ts';

export interface Limit {
  /** The most calls that were held within the target; 0: none of the steps was. */
  readonly calls: number;
  /** What stopped the search. */
  readonly because: 'latency' | 'loss' | 'core' | 'load program' | 'most calls' | 'set-up';
}

const MOST_LOST = 0.001;
/** Of a core: no more fits, and what is queued would be lost in a longer run. */
const FULL = 0.97;
/** The load program is late itself: what it measures is no longer the carrier's doing. */
const LOAD_LATE_MS = 5;
/** Of what it sent, not timed because it was late: the rest is no fair sample of what the carrier does. */
const MOST_UNTIMED = 0.25;
const GROWTH = 1.5;
const ROUNDS = 3;

/** Why a step is over the limit; undefined: it is within. */
export function faultOf({ load, lost, busy }: Step, targetMs: number): Limit['because'] | undefined {
  const isLate = load.lagP99Ms > LOAD_LATE_MS;
  if (lost > sentOf(load) * MOST_LOST) return isLate ? 'load program' : 'loss';
  if (load.untimed > sentOf(load) * MOST_UNTIMED) return 'load program';
  if (Math.max(load.toPhone.p99Ms, load.toConsumer.p99Ms) > targetMs)
    return isLate ? 'load program' : 'latency';
  if (busy > FULL) return 'core';
  return undefined;
}

/**
 * The most calls at which 99 % of the packets of either way are within the target: upward from the steps that were
 * measured, then between the last good and the first bad number. Only what was held counts.
 */
export async function search(
  steps: readonly Step[],
  targetMs: number,
  most: number,
  hold: (calls: number) => Promise<Step>,
): Promise<Limit> {
  let good = 0;
  let bad: { readonly calls: number; readonly because: Limit['because'] } | undefined;
  const judge = (step: Step): void => {
    const because = faultOf(step, targetMs);
    if (because === undefined) good = Math.max(good, step.calls);
    else if (!bad || step.calls < bad.calls) bad = { calls: step.calls, because };
  };
  for (const step of steps) judge(step);
  const attempt = async (calls: number): Promise<void> => {
    try {
      const step = await hold(calls);
      // One late second of the machine's own is no limit of the carrier: too late is what is late twice.
      judge(faultOf(step, targetMs) === 'latency' ? await hold(calls) : step);
    } catch {
      bad = { calls, because: 'set-up' };
    }
  };
  while (!bad) {
    if (good >= most) return { calls: good, because: 'most calls' };
    await attempt(Math.min(most, Math.ceil(good * GROWTH)));
  }
  for (let round = 0; round < ROUNDS && bad.because !== 'set-up'; round++) {
    const middle = Math.round((good + bad.calls) / 2);
    if (middle - good < Math.max(5, good * 0.05)) break;
    await attempt(middle);
  }
  return { calls: good, because: bad.because };
}
