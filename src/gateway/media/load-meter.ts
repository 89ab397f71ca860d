import { readFileSync } from 'node:fs';
import type { MediaEngine } from '../../media/index.ts';
import { CollectionMeter } from './collection-meter.ts';
import type { WorkerReport } from './protocol.ts';

/** How often a worker reports, ms. */
export const REPORT_EVERY_MS = 1_000;

/** What can be measured of it. */
export type Load = Omit<WorkerReport, 'realtime'> & {
  /** Of the time since the last report in which the thread worked or waited for its core, 0 to 1; undefined: nobody says. */
  readonly wakeShare: number | undefined;
};

/** Measures the thread that it runs on, until `close`. */
export class LoadMeter {
  readonly #engine: MediaEngine;
  readonly #collections = new CollectionMeter();
  #cpuMs = threadCpuMs();
  #awakeMs = threadAwakeMs();
  #atMs = performance.now();

  constructor(engine: MediaEngine) {
    this.#engine = engine;
  }

  /** @param calls of this worker */
  report(calls: number): Load {
    const cpuMs = threadCpuMs();
    const atMs = performance.now();
    const cpuShare = Math.min(1, Math.max(0, (cpuMs - this.#cpuMs) / Math.max(1, atMs - this.#atMs)));
    const awakeMs = threadAwakeMs();
    const wakeShare =
      awakeMs === undefined || this.#awakeMs === undefined
        ? undefined
        : Math.min(1, (awakeMs - this.#awakeMs) / Math.max(1, atMs - this.#atMs));
    this.#awakeMs = awakeMs;
    this.#cpuMs = cpuMs;
    this.#atMs = atMs;
    const { consumer, phone, dropped } = this.#engine.totals();
    return {
      calls,
      cpuMs,
      cpuShare,
      wakeShare,
      tickLateMs: this.#engine.takeTickLateMs(),
      collections: this.#collections.read(),
      packets: { consumer, phone, dropped },
    };
  }

  close(): void {
    this.#collections.close();
  }
}

/**
 * CPU time of this thread, ms. Before Node 23.9 Linux tells it. Time that the event loop was busy stands in for it
 * elsewhere only: where sockets are driven by epoll it counts the waits in the kernel, and a thread that idles looks full.
 */
export function threadCpuMs(): number {
  if (typeof process.threadCpuUsage === 'function') {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  }
  try {
    return schedstat()[0] / 1e6;
  } catch {
    return process.platform === 'linux' ? 0 : performance.eventLoopUtilization().active;
  }
}

/** Milliseconds that this thread ran or waited for its core; undefined where the system does not tell. */
function threadAwakeMs(): number | undefined {
  try {
    const [ran, waited] = schedstat();
    return (ran + waited) / 1e6;
  } catch {
    return undefined;
  }
}

/** Nanoseconds that the thread which reads it ran, and waited for a core (Documentation/scheduler/sched-stats). */
function schedstat(): [ran: number, waited: number] {
  const [ran, waited] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ').map(Number);
  return [ran ?? Number.NaN, waited ?? Number.NaN];
}
