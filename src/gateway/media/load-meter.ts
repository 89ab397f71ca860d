import type { MediaEngine } from '../../media/index.ts';
import type { WorkerReport } from './protocol.ts';

/** How often a worker reports, ms. */
export const REPORT_EVERY_MS = 1_000;

/** Measures the thread that it runs on. */
export class LoadMeter {
  readonly #engine: MediaEngine;
  #cpuMs = threadCpuMs();
  #atMs = performance.now();

  constructor(engine: MediaEngine) {
    this.#engine = engine;
  }

  /** @param calls of this worker */
  report(calls: number): WorkerReport {
    const cpuMs = threadCpuMs();
    const atMs = performance.now();
    const cpuShare = Math.min(1, Math.max(0, (cpuMs - this.#cpuMs) / Math.max(1, atMs - this.#atMs)));
    this.#cpuMs = cpuMs;
    this.#atMs = atMs;
    const { consumer, phone, dropped } = this.#engine.totals();
    return {
      calls,
      cpuMs,
      cpuShare,
      tickLateMs: this.#engine.takeTickLateMs(),
      packets: { consumer, phone, dropped },
    };
  }
}

/**
 * CPU time of this thread, ms. Time that the event loop was busy stands in for it before Node 23.9; it counts waits in
 * the kernel too, which is why it is not the first choice.
 */
function threadCpuMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.eventLoopUtilization().active;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
