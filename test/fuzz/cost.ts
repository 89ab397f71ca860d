/** What one message may cost the thread that handles it, ms of its own CPU time: a busy machine does not count. */
export const STALL_MS = 50;

/** CPU time of this thread alone that `work` took, ms (getrusage with RUSAGE_THREAD). */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** The least of several: a garbage collection or a compilation that fell into one of them is not the work's. */
export function leastCpuMs(times: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) least = Math.min(least, cpuMs(work));
  return least;
}
