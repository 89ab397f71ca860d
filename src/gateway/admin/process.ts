import type { AdminHandlers } from '../../http/index.ts';
import type { WorkerStats } from '../media/slot-totals.ts';

export interface ProcessSources {
  /** Whether calls are taken, and why not. */
  readonly health: () => {
    readonly ready: boolean;
    readonly calls: number;
    readonly sip: boolean;
    readonly media: boolean;
    readonly workers: readonly Pick<WorkerStats, 'worker' | 'up' | 'calls' | 'cpuShare'>[];
    readonly closing: boolean;
  };
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Returns the calls that are still up. */
  readonly drain: () => number;
}

/** The process as a whole. */
export function processHandlers({
  health,
  metrics,
  drain,
}: ProcessSources): Pick<AdminHandlers, 'live' | 'ready' | 'metrics' | 'drain'> {
  return {
    live: () => ({ status: 200, body: { live: true } }),
    ready: () => {
      const { workers, ...rest } = health();
      const rounded = workers.map(({ worker, up, calls, cpuShare }) => ({
        worker,
        up,
        calls,
        cpuShare: Math.round(cpuShare * 1000) / 1000,
      }));
      const body = { ...rest, workers: rounded };
      return rest.ready ? { status: 200, body } : { status: 503, body };
    },
    metrics: async () => {
      const { contentType, text } = await metrics();
      return { status: 200, body: text, mediaType: contentType };
    },
    drain: () => ({ status: 202, body: { calls: drain() } }),
  };
}
