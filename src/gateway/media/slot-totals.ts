import { DROP_REASONS } from '../../media/index.ts';
import type { Clock } from '../../shared/clock.ts';
import { type Distribution, sumOfDistributions } from '../../shared/tally.ts';
import { NO_COLLECTIONS } from './collection-meter.ts';
import type { PacketTotals, WorkerReport } from './protocol.ts';

/** What operators see of one worker; counts go on over its replacements. */
export interface WorkerStats {
  readonly worker: number;
  /** False while it is being replaced. */
  readonly up: boolean;
  readonly calls: number;
  /** The part of one core that it took in the last second, 0 to 1. */
  readonly cpuShare: number;
  readonly cpuSeconds: number;
  /** How late the worst 20 ms tick of the last one to two minutes was, ms. */
  readonly tickLateMs: number;
  /** Its thread runs before all ordinary ones of its core. */
  readonly realtime: boolean;
  /** Stops for its garbage collector, seconds. */
  readonly collections: Distribution;
  readonly packets: PacketTotals;
  readonly restarts: number;
}

/** What never goes back. */
type Counts = Pick<WorkerReport, 'cpuMs' | 'collections' | 'packets'>;

/** A scraper that comes every minute still sees the worst of it. */
const WINDOW_MS = 60_000;

/** The reports of one slot's workers, one after the other, made into counts that never go back. */
export class SlotTotals {
  readonly #index: number;
  readonly #clock: Clock;
  #report: WorkerReport | undefined;
  #shareBefore = 0;
  #before: Counts = { cpuMs: 0, collections: NO_COLLECTIONS, packets: NOTHING };
  #restarts = 0;
  #late = { now: 0, before: 0, sinceMs: 0 };

  constructor(index: number, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  get cpuShare(): number {
    return this.#report?.cpuShare ?? 0;
  }

  /** The lower of its last two shares: one second of set-ups, or of compiling, is no load. */
  get steadyShare(): number {
    return Math.min(this.cpuShare, this.#shareBefore);
  }

  take(report: WorkerReport): void {
    this.#shareBefore = this.cpuShare;
    this.#report = report;
    this.#turnWindow();
    this.#late.now = Math.max(this.#late.now, report.tickLateMs);
  }

  /** The worker is gone, with what it counted since its last report. */
  died(): void {
    this.#before = this.#all();
    this.#report = undefined;
    this.#shareBefore = 0;
    this.#restarts += 1;
  }

  read(up: boolean, calls: number): WorkerStats {
    this.#turnWindow();
    const { cpuMs, collections, packets } = this.#all();
    return {
      worker: this.#index,
      up,
      calls,
      cpuShare: this.cpuShare,
      cpuSeconds: cpuMs / 1000,
      tickLateMs: Math.max(this.#late.now, this.#late.before),
      realtime: this.#report?.realtime ?? false,
      collections,
      packets,
      restarts: this.#restarts,
    };
  }

  #all(): Counts {
    const report = this.#report;
    if (!report) return this.#before;
    return {
      cpuMs: this.#before.cpuMs + report.cpuMs,
      collections: sumOfDistributions(this.#before.collections, report.collections),
      packets: sumOf(this.#before.packets, report.packets),
    };
  }

  #turnWindow(): void {
    const now = this.#clock.monotonic();
    const past = now - this.#late.sinceMs;
    if (past < WINDOW_MS) return;
    this.#late = { now: 0, before: past < 2 * WINDOW_MS ? this.#late.now : 0, sinceMs: now };
  }
}

const record = <K extends string>(keys: readonly K[], of: (key: K) => number): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, number>;

const NOTHING: PacketTotals = {
  consumer: { received: 0, sent: 0, strangers: 0 },
  phone: { received: 0, sent: 0, strangers: 0 },
  dropped: record(DROP_REASONS, () => 0),
};

export function sumOf(a: PacketTotals, b: PacketTotals): PacketTotals {
  const leg = (name: 'consumer' | 'phone'): PacketTotals['phone'] => ({
    received: a[name].received + b[name].received,
    sent: a[name].sent + b[name].sent,
    strangers: a[name].strangers + b[name].strangers,
  });
  return {
    consumer: leg('consumer'),
    phone: leg('phone'),
    dropped: record(DROP_REASONS, (reason) => a.dropped[reason] + b.dropped[reason]),
  };
}
