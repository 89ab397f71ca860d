import type { GatewayConfig } from '../config/index.ts';
import type { CallMetrics, GraphClient, GraphFailureKind } from '../meta/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { openSpool, type Spool } from '../store/index.ts';

/** Metrics of one call that Meta does not have yet. */
export interface DueMetrics {
  readonly pageId: string;
  readonly metrics: CallMetrics;
}

/** Meta ends the call a moment after we do, ms. */
const FIRST_AFTER_MS = 5_000;
/** Waits before the next tries, ms; then it is given up. */
const AGAIN_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000];
/** While Meta's quota runs low, and between two calls' metrics, ms. */
const LATER_MS = 60_000;
/** Meta takes them for 24 hours, ms. */
const WINDOW_MS = 24 * 3_600_000;
/** Calls that wait; beyond, the oldest is dropped. */
const MAX_WAITING = 10_000;
/** Faults that may be gone at the next try. */
const PASSING: readonly GraphFailureKind[] = [
  'transient',
  'throttled',
  'ambiguous',
  'unreachable',
  'in-progress',
  'credential',
];

interface Waiting extends DueMetrics {
  tries: number;
  /** Monotonic milliseconds: a clock that is set right neither hurries nor forgets. */
  atMs: number;
}

export interface MetricsDeskOptions {
  readonly graph: Pick<GraphClient, 'submitMetrics' | 'runsLow'>;
  readonly spool: Spool<DueMetrics>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tells Meta how calls went: each once, one at a time, after everything else, over a restart too. */
export class MetricsDesk {
  readonly #options: MetricsDeskOptions;
  readonly #waiting = new Map<string, Waiting>();
  #timer: TimerHandle | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: MetricsDeskOptions) {
    this.#options = options;
    const now = options.clock.monotonic();
    for (const { id, item } of options.spool.left)
      this.#waiting.set(id, { ...item, tries: 0, atMs: now + FIRST_AFTER_MS });
    this.#arm();
  }

  /** Calls whose metrics are not told yet. */
  get size(): number {
    return this.#waiting.size;
  }

  add(due: DueMetrics): void {
    const { spool, clock, log } = this.#options;
    const id = due.metrics.call_id;
    if (this.#closed || this.#waiting.has(id)) return;
    this.#waiting.set(id, { ...due, tries: 0, atMs: clock.monotonic() + FIRST_AFTER_MS });
    spool.add(id, due);
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING) break;
      this.#drop(oldest);
      log.warn({ callId: oldest }, 'metrics.dropped');
    }
    this.#arm();
  }

  /** What is under way is waited for; the rest stays in the spool. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.clear();
    await this.#sending;
    await this.#options.spool.close();
  }

  #arm(): void {
    this.#timer?.clear();
    if (this.#closed || this.#sending || this.#waiting.size === 0) return;
    const next = Math.min(...[...this.#waiting.values()].map(({ atMs }) => atMs));
    this.#timer = this.#options.clock.after(Math.max(0, next - this.#options.clock.monotonic()), () => {
      this.#sending = this.#sendDue().finally(() => {
        this.#sending = undefined;
        this.#arm();
      });
    });
  }

  async #sendDue(): Promise<void> {
    for (const [id, waiting] of this.#waiting) {
      if (this.#closed) return;
      if (waiting.atMs <= this.#options.clock.monotonic()) await this.#send(id, waiting);
    }
  }

  async #send(id: string, waiting: Waiting): Promise<void> {
    const { graph, clock, log } = this.#options;
    const { pageId, metrics } = waiting;
    if (clock.now() - metrics.call_ended_time * 1_000 > WINDOW_MS) {
      this.#drop(id);
      return log.warn({ callId: id, pageId, why: 'too late' }, 'metrics.dropped');
    }
    if (graph.runsLow(pageId)) {
      waiting.atMs = clock.monotonic() + LATER_MS;
      return;
    }
    const outcome = await graph.submitMetrics(pageId, metrics);
    if (outcome.ok) {
      this.#drop(id);
      return log.debug({ callId: id, pageId, already: outcome.already }, 'metrics.sent');
    }
    const { kind, message, retryAfterS = 0 } = outcome.failure;
    const againMs = AGAIN_MS[waiting.tries++];
    if (againMs === undefined || !PASSING.includes(kind)) {
      this.#drop(id);
      return log.warn({ callId: id, pageId, failure: message }, 'metrics.dropped');
    }
    waiting.atMs = clock.monotonic() + Math.max(againMs, retryAfterS * 1_000);
  }

  #drop(id: string): void {
    this.#waiting.delete(id);
    this.#options.spool.done(id);
  }
}

/** Of a configuration; undefined: Meta is told nothing. Rejects with STORE_OPEN. */
export async function openMetricsDesk(
  { meta: { metrics } }: GatewayConfig,
  graph: MetricsDeskOptions['graph'],
  clock: Clock,
  log: Log,
): Promise<MetricsDesk | undefined> {
  if (!metrics.send) return undefined;
  return new MetricsDesk({ graph, spool: await openSpool(metrics.path, dueMetricsOf, log), clock, log });
}

/** One item of the spool; undefined: it makes no sense. Meta is the judge of what is inside. */
export function dueMetricsOf(item: unknown): DueMetrics | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { pageId, metrics } = item as { readonly pageId?: unknown; readonly metrics?: unknown };
  if (typeof pageId !== 'string' || typeof metrics !== 'object' || metrics === null) return undefined;
  const { call_id: callId, call_ended_time: ended } = metrics as Record<string, unknown>;
  if (typeof callId !== 'string' || typeof ended !== 'number') return undefined;
  return { pageId, metrics: metrics as CallMetrics };
}
