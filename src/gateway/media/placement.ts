/** What placement knows of one worker. */
export interface Placeable {
  readonly state: 'starting' | 'up' | 'dead';
  /** The part of a core that it took of late, 0 to 1. */
  readonly cpuShare: number;
  readonly calls: number;
  /** Of these, calls whose audio was not open when the CPU was measured: they will cost more than was seen. */
  readonly unmeasured: number;
}

/** What a call is taken to cost until calls were measured, part of a core: an Opus call that is transcoded. */
const ASSUMED_COST = 0.005;
/** Measured costs below this say that the calls are silent, not that they are cheap. */
const LEAST_COST = 0.001;
/**
 * Measured costs above this say that set-ups took the core, or that few calls share what a thread costs by itself. Where
 * it matters, on a busy worker, a transcoded call was measured at half of it (src/media/PERFORMANCE.md).
 */
const MOST_COST = 0.015;
/** Loads that differ by less are the same: shares of a second are noise. */
const SAME_LOAD = 0.02;

/** The part of a core that one talking call costs, averaged over all workers. */
export function costOfCall(workers: readonly Placeable[]): number {
  let share = 0;
  let measured = 0;
  for (const worker of workers) {
    if (worker.state !== 'up') continue;
    share += worker.cpuShare;
    measured += worker.calls - worker.unmeasured;
  }
  return measured === 0 ? ASSUMED_COST : Math.min(MOST_COST, Math.max(LEAST_COST, share / measured));
}

/** The part of a core that a worker takes, with what its newest calls are going to take. */
export const loadOf = (worker: Placeable, cost: number): number => worker.cpuShare + worker.unmeasured * cost;

/**
 * Where the next call goes: to the least loaded worker that lives; when none does, to one that starts, whose requests
 * wait until it has. Undefined when all are dead.
 */
export function place<W extends Placeable>(workers: readonly W[]): W | undefined {
  const up = workers.filter(({ state }) => state === 'up');
  const able = up.length > 0 ? up : workers.filter(({ state }) => state === 'starting');
  const cost = costOfCall(workers);
  const least = Math.min(...able.map((worker) => loadOf(worker, cost)));
  const [first, ...others] = able.filter((worker) => loadOf(worker, cost) <= least + SAME_LOAD);
  return first && others.reduce((best, worker) => (worker.calls < best.calls ? worker : best), first);
}

/**
 * Whether no worker has room: each one that lives took, or is going to take, at least this part of its core. Not when
 * none lives: then a call fails by that.
 */
export function isFull(
  workers: readonly (Placeable & { readonly steadyShare: number })[],
  limit: number,
): boolean {
  const up = workers.filter(({ state }) => state === 'up');
  const cost = costOfCall(workers);
  return up.length > 0 && up.every((worker) => worker.steadyShare + worker.unmeasured * cost >= limit);
}
