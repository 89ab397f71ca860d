import { readFileSync } from 'node:fs';
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
 * CPU time of this thread, ms. Before Node 23.9 Linux tells it. Time that the event loop was busy stands in for it
 * elsewhere only: where sockets are driven by epoll it counts the waits in the kernel, and a thread that idles looks full.
 */
export function threadCpuMs(): number {
  if (typeof process.threadCpuUsage === 'function') {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  }
  try {
    // Of the thread that reads it; nanoseconds come first (proc_pid_schedstat).
    const [ns] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return Number(ns) / 1e6;
  } catch {
    return process.platform === 'linux' ? 0 : performance.eventLoopUtilization().active;
  }
}
