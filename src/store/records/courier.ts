import type { Clock, TimerHandle } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import type { RecordSink, SinkName, SinkStats, StoredRecord } from './types.ts';

export interface CourierOptions {
  readonly name: SinkName;
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
  /** Longest pause between two attempts, ms. */
  readonly mostPauseMs: number;
  /** A record that is not taken so long is given up, ms; undefined: never. */
  readonly deadAfterMs?: number | undefined;
  readonly onTaken: (id: string) => void;
  /** Resolves when it is kept elsewhere; rejects: it stays. */
  readonly onDead: (record: StoredRecord, why: string) => Promise<void>;
  /** Bytes of the records that wait; beyond it the oldest are given up. Default 48 MiB. */
  readonly maxBytes?: number;
}

interface Item {
  readonly record: StoredRecord;
  /** When it was handed in, in monotonic milliseconds: a wall clock that jumps makes nothing older. */
  readonly sinceMs: number;
  tries: number;
  /** Monotonic: not before. */
  dueMs: number;
}

const FIRST_PAUSE_MS = 1_000;
/** What one record alone is refused for does not pass in seconds. */
const REFUSED_PAUSE_MS = 60_000;
const REFUSED_MOST_MS = 3_600_000;
/** Nothing dies of a sink that was not asked, whatever the clocks say. */
const LEAST_TRIES = 3;
const MAX_BYTES = 48 * 1024 * 1024;
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Brings records to one sink, oldest first, until each is taken. A sink that fails is left alone for a while, longer each
 * time, with jitter; a record that alone is refused waits behind the others. Nobody waits for a courier but its close.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #queue = new Map<string, Item>();
  /** Refused by themselves; tried again when they are due. */
  readonly #deferred = new Map<string, Item>();
  #sink: RecordSink;
  #bytes = 0;
  #running: Promise<void> | undefined;
  #pause: TimerHandle | undefined;
  #wake: TimerHandle | undefined;
  #failuresInARow = 0;
  #taken = 0;
  #failures = 0;
  #dead = 0;
  #deadAfterMs: number | undefined;
  #closed = false;

  constructor(options: CourierOptions) {
    this.#deadAfterMs = options.deadAfterMs;
    this.#options = options;
    this.#sink = options.sink;
  }

  get stats(): SinkStats {
    const waiting = this.#queue.size + this.#deferred.size;
    return {
      sink: this.#options.name,
      waiting,
      taken: this.#taken,
      failures: this.#failures,
      dead: this.#dead,
    };
  }

  /** @param ageMs how long it has waited in earlier runs */
  add(record: StoredRecord, ageMs = 0): void {
    const sinceMs = this.#options.clock.monotonic() - ageMs;
    this.#queue.set(record.id, { record, sinceMs, tries: 0, dueMs: 0 });
    this.#bytes += record.line.length;
    this.#kick();
  }

  /**
   * From now on records go to another sink of the same name, those included that the former refused. Resolves when that has
   * done what it does and is closed.
   *
   * @param deadAfterMs as in the options
   */
  async replace(sink: RecordSink, deadAfterMs: number | undefined): Promise<void> {
    const former = this.#sink;
    this.#sink = sink;
    this.#deadAfterMs = deadAfterMs;
    for (const [id, item] of this.#deferred) this.#queue.set(id, item);
    this.#deferred.clear();
    this.#resume();
    await this.#running;
    await former.close();
    this.#kick();
  }

  /** Waits until nothing is left, or the sink fails, or `patience` resolves; then closes the sink. */
  async close(patience: Promise<void>): Promise<void> {
    this.#resume();
    await Promise.race([this.#running, patience]);
    this.#closed = true;
    this.#resume();
    this.#wake?.clear();
    await Promise.race([this.#running, patience]);
    await Promise.race([this.#sink.close(), patience]);
  }

  /** What waits for nobody any longer. */
  forget(): readonly StoredRecord[] {
    const all = [...this.#queue.values(), ...this.#deferred.values()].map(({ record }) => record);
    this.#queue.clear();
    this.#deferred.clear();
    this.#bytes = 0;
    return all;
  }

  #resume(): void {
    this.#pause?.clear();
    this.#pause = undefined;
    this.#kick();
  }

  #kick(): void {
    if (this.#closed || this.#running || this.#pause || this.#queue.size === 0) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#kick();
    });
  }

  async #run(): Promise<void> {
    // What came in the same turn goes together.
    await Promise.resolve();
    await this.#bound();
    while (!this.#closed && !this.#pause && this.#queue.size > 0) {
      const items = this.#next(this.#sink.batch);
      if (await this.#bring(items)) continue;
      // Only one of several may be what is refused.
      if (items.length > 1) for (const item of items) await this.#bring([item]);
    }
  }

  #next(most: number): Item[] {
    const items: Item[] = [];
    for (const item of this.#queue.values()) {
      if (items.length >= most) break;
      items.push(item);
    }
    return items;
  }

  /** @returns false: one of several is refused, and nothing was decided yet */
  async #bring(items: readonly Item[]): Promise<boolean> {
    if (this.#closed || this.#pause) return true;
    const { log, name } = this.#options;
    try {
      await this.#sink.take(items.map(({ record }) => record));
    } catch (error) {
      const isRefusal = error instanceof GatewayError && error.code === 'STORE_RECORD_REFUSED';
      if (isRefusal && items.length > 1) return false;
      this.#failures += 1;
      for (const item of items) item.tries += 1;
      const fields = { sink: name, err: String(error), waiting: this.stats.waiting };
      if (isRefusal) log.warn({ ...fields, callId: items[0]?.record.id }, 'records.refused');
      // Once for each trouble, not for each attempt.
      else if (this.#failuresInARow === 0) log.error(fields, 'records.sink-failed');
      if (isRefusal) await this.#defer(items);
      else await this.#stop(items, error);
      return true;
    }
    if (this.#failuresInARow > 0) log.info({ sink: name, waiting: this.stats.waiting }, 'records.sink-works');
    this.#failuresInARow = 0;
    for (const item of items) this.#over(item, true);
    return true;
  }

  /** The sink takes nothing now. What was tried alone goes behind the others: it may be the cause. */
  async #stop(items: readonly Item[], error: unknown): Promise<void> {
    const { clock, mostPauseMs } = this.#options;
    this.#failuresInARow += 1;
    const [only] = items;
    if (items.length === 1 && only && this.#queue.delete(only.record.id))
      this.#queue.set(only.record.id, only);
    if (this.#closed) return;
    const asked = error instanceof GatewayError ? Number(error.detail['retryAfterMs'] ?? 0) : 0;
    const pause = this.#jittered(FIRST_PAUSE_MS, mostPauseMs, this.#failuresInARow);
    this.#pause = clock.after(Math.max(pause, Math.min(asked, MAX_RETRY_AFTER_MS)), () => this.#resume());
    if (this.#failuresInARow < LEAST_TRIES) return;
    for (const item of [...this.#queue.values()])
      if (this.#isDead(item)) await this.#bury(item, String(error));
  }

  async #defer(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      if (item.tries >= LEAST_TRIES && this.#isDead(item) && (await this.#bury(item, 'refused'))) continue;
      if (!this.#queue.delete(item.record.id)) continue;
      const pause = this.#jittered(REFUSED_PAUSE_MS, REFUSED_MOST_MS, item.tries);
      item.dueMs = this.#options.clock.monotonic() + pause;
      this.#deferred.set(item.record.id, item);
    }
    this.#arm();
  }

  #arm(): void {
    this.#wake?.clear();
    this.#wake = undefined;
    if (this.#closed || this.#deferred.size === 0) return;
    const { clock } = this.#options;
    const next = Math.min(...[...this.#deferred.values()].map(({ dueMs }) => dueMs));
    this.#wake = clock.after(Math.max(0, next - clock.monotonic()), () => {
      const now = clock.monotonic();
      for (const [id, item] of this.#deferred) {
        if (item.dueMs > now) continue;
        this.#deferred.delete(id);
        this.#queue.set(id, item);
      }
      this.#arm();
      this.#kick();
    });
  }

  /** Exponential, from half to all of it. */
  #jittered(firstMs: number, mostMs: number, tries: number): number {
    const whole = Math.min(mostMs, firstMs * 2 ** Math.min(tries - 1, 30));
    return Math.ceil(whole * (0.5 + this.#options.random() / 2));
  }

  #isDead({ sinceMs }: Item): boolean {
    const deadAfterMs = this.#deadAfterMs;
    return deadAfterMs !== undefined && this.#options.clock.monotonic() - sinceMs > deadAfterMs;
  }

  /** The oldest go when too much waits. */
  async #bound(): Promise<void> {
    const { maxBytes = MAX_BYTES } = this.#options;
    for (const item of [...this.#queue.values()]) {
      if (this.#bytes <= maxBytes) return;
      if (!(await this.#bury(item, 'too much waits'))) return;
    }
  }

  /** @returns false: it could not be kept elsewhere, and stays */
  async #bury(item: Item, why: string): Promise<boolean> {
    const { onDead, log, name } = this.#options;
    try {
      await onDead(item.record, why);
    } catch (error) {
      log.error({ sink: name, err: String(error) }, 'records.dead-letter-failed');
      return false;
    }
    log.error({ sink: name, callId: item.record.id, why }, 'records.dead-letter');
    this.#dead += 1;
    this.#over(item, false);
    return true;
  }

  #over({ record }: Item, isTaken: boolean): void {
    // `forget` may have been quicker.
    if (!this.#queue.delete(record.id) && !this.#deferred.delete(record.id)) return;
    this.#bytes -= record.line.length;
    if (isTaken) this.#taken += 1;
    this.#options.onTaken(record.id);
  }
}
