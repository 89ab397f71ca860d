import type { Writable } from 'node:stream';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { Courier } from './courier.ts';
import { DeadLetters } from './dead-letters.ts';
import { JsonLinesFile } from './json-lines-file.ts';
import { Outbox } from './outbox.ts';
import { type PostgresOptions, PostgresSink } from './postgres-sink.ts';
import { RecordStream } from './record-stream.ts';
import { recordedIds } from './recorded-ids.ts';
import { type SqliteOptions, SqliteSink } from './sqlite-sink.ts';
import { type RecordSink, SINK_NAMES, type SinkName, type SinkStats, type StoredRecord } from './types.ts';
import { type WebhookOptions, WebhookSink } from './webhook-sink.ts';

/** As the configuration says it. */
export interface RecordsConfig {
  /** `-`: the stream; `off`: none. */
  readonly path: string;
  readonly rotate: {
    readonly maxBytes: number;
    readonly daily: boolean;
    readonly keep: number;
    readonly keepDays: number;
    readonly gzip: boolean;
  };
  readonly sqlite?: SqliteOptions;
  readonly webhook?: WebhookOptions & { readonly deadAfterDays: number };
  readonly postgres?: PostgresOptions;
}

export interface RecordSinksOptions {
  readonly config: RecordsConfig;
  /** File of what is not taken yet; undefined: that is lost with the process. */
  readonly spoolPath: string | undefined;
  readonly stream: Writable;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Sinks that are open, and wait to be used. */
export interface PreparedSinks {
  /** Never throws. */
  commit(): void;
  /** In place of it. */
  discard(): Promise<void>;
}

/** Longest pause between two attempts, ms: a disk that has room again is wanted soon, a server is not pressed. */
const MOST_PAUSE_MS: Readonly<Record<SinkName, number>> = {
  file: 10_000,
  sqlite: 10_000,
  postgres: 60_000,
  webhook: 300_000,
};
const DAY_MS = 86_400_000;
/** How long `close` waits for what sinks have not taken yet, ms; the rest stays in the spool. */
const CLOSE_PATIENCE_MS = 5_000;

/**
 * Where call records go: one of each call to every sink, whatever becomes of the others. `write` puts a record into the
 * outbox; couriers bring it to the sinks behind everybody's back.
 */
export class RecordSinks {
  readonly #options: RecordSinksOptions;
  readonly #outbox: Outbox;
  readonly #letters: DeadLetters;
  readonly #couriers = new Map<SinkName, Courier>();
  #config: RecordsConfig;
  /** Sinks that were replaced or taken away do what they had begun. */
  #settling: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Rejects with STORE_OPEN, STORE_SQLITE, STORE_SCHEMA or STORE_PG_MISSING; nothing stays open then. */
  static async open(options: RecordSinksOptions): Promise<RecordSinks> {
    const { spoolPath: path, clock, log, config } = options;
    const outbox = await Outbox.open({ path, clock, log });
    const sinks = new RecordSinks(options, outbox);
    try {
      for (const name of SINK_NAMES) {
        if (!isWanted(config, name)) continue;
        sinks.#couriers.set(name, sinks.#courier(name, await sinks.#open(config, name)));
      }
    } catch (error) {
      await sinks.close();
      throw error;
    }
    sinks.#resume();
    return sinks;
  }

  private constructor(options: RecordSinksOptions, outbox: Outbox) {
    this.#options = options;
    this.#config = options.config;
    this.#outbox = outbox;
    this.#letters = new DeadLetters(options.spoolPath && `${options.spoolPath}.dead`);
  }

  get stats(): readonly SinkStats[] {
    return [...this.#couriers.values()].map(({ stats }) => stats);
  }

  /** Ids of calls, of these, whose record is there: handed in, or in the file of records. */
  async recordedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { path } = this.#config;
    const there = path === '-' || path === 'off' ? new Set<string>() : await recordedIds(path);
    return new Set(ids.filter((id) => this.#outbox.has(id) || there.has(id)));
  }

  /**
   * Resolves when the record outlives the process (at once where there is no spool); never rejects. A second one of a call
   * is passed over.
   */
  write(record: object & { readonly callId: string }): Promise<void> {
    const { clock, log } = this.#options;
    const id = record.callId;
    if (this.#closing) {
      log.error({ callId: id }, 'records.lost');
      return Promise.resolve();
    }
    if (this.#outbox.has(id)) {
      log.warn({ callId: id }, 'records.second-of-a-call');
      return Promise.resolve();
    }
    const stored = { id, line: JSON.stringify(record), atMs: Math.round(clock.now()) };
    const written = this.#outbox.add(stored, [...this.#couriers.keys()]);
    for (const courier of this.#couriers.values()) courier.add(stored);
    return written;
  }

  /**
   * Opens what this configuration has anew. Sinks that are as they were go on; one that is new gets the records that are
   * written after `commit`. Rejects as `open` does, and then nothing stays open. The spool stays where it is. Nothing:
   * all is as it was.
   */
  async prepare(config: RecordsConfig): Promise<PreparedSinks | undefined> {
    const changed = SINK_NAMES.filter((name) => !isSame(this.#config, config, name));
    if (changed.length === 0) return undefined;
    const made = new Map<SinkName, RecordSink>();
    const discard = async (): Promise<void> => {
      for (const sink of made.values()) await sink.close();
    };
    try {
      for (const name of changed) if (isWanted(config, name)) made.set(name, await this.#open(config, name));
    } catch (error) {
      await discard();
      throw error;
    }
    const commit = (): void => {
      // Whoever closes does not know of them.
      if (this.#closing) this.#settle(discard());
      else this.#commit(config, changed, made);
    };
    return { commit, discard };
  }

  /** `prepare` and `commit`. Resolves when sinks that are gone are closed. */
  async apply(config: RecordsConfig): Promise<void> {
    (await this.prepare(config))?.commit();
    await this.#settling;
  }

  /** Gives the sinks a moment for what waits; the rest stays in the spool. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** In one turn: no record may come in between. */
  #commit(
    config: RecordsConfig,
    changed: readonly SinkName[],
    made: ReadonlyMap<SinkName, RecordSink>,
  ): void {
    this.#config = config;
    for (const name of changed) {
      const courier = this.#couriers.get(name);
      const sink = made.get(name);
      if (courier && sink) this.#settle(courier.replace(sink, this.#deadAfterMs(name)));
      else if (sink) this.#couriers.set(name, this.#courier(name, sink));
      else if (courier) this.#remove(name, courier);
    }
  }

  #remove(name: SinkName, courier: Courier): void {
    this.#couriers.delete(name);
    const left = courier.forget();
    if (left.length > 0) this.#options.log.warn({ sink: name, records: left.length }, 'records.sink-gone');
    for (const { id } of left) this.#outbox.done(id, name);
    this.#settle(courier.close(Promise.resolve()));
  }

  /** `close` waits for it. */
  #settle(work: Promise<void>): void {
    const { log } = this.#options;
    const done = work.catch((error: unknown) => log.warn({ err: String(error) }, 'records.sink-not-closed'));
    this.#settling = Promise.all([this.#settling, done]).then(() => {});
  }

  /** What an earlier run left goes on; for a sink that is no longer there nobody waits. */
  #resume(): void {
    const gone = new Map<string, number>();
    for (const { record, to } of this.#outbox.left) {
      for (const name of to) {
        const courier = this.#couriers.get(name as SinkName);
        if (courier) courier.add(record, this.#ageOf(record));
        else {
          gone.set(name, (gone.get(name) ?? 0) + 1);
          this.#outbox.done(record.id, name);
        }
      }
    }
    for (const [sink, records] of gone) this.#options.log.warn({ sink, records }, 'records.sink-gone');
  }

  #courier(name: SinkName, sink: RecordSink): Courier {
    const { clock, log, random } = this.#options;
    return new Courier({
      name,
      sink,
      clock,
      log,
      random,
      mostPauseMs: MOST_PAUSE_MS[name],
      deadAfterMs: this.#deadAfterMs(name),
      onTaken: (id) => this.#outbox.done(id, name),
      onDead: (record, why) => this.#letters.add(name, record, why, clock.now()),
    });
  }

  #deadAfterMs(name: SinkName): number {
    const days = name === 'webhook' ? this.#config.webhook?.deadAfterDays : undefined;
    return (days ?? REFUSED_DAYS) * DAY_MS;
  }

  #open(config: RecordsConfig, name: SinkName): Promise<RecordSink> | RecordSink {
    const { stream, clock, log } = this.#options;
    const { path, rotate, sqlite, webhook, postgres } = config;
    if (name === 'file') {
      if (path === '-') return new RecordStream(stream);
      const left = this.#outbox.left.filter(({ to }) => to.includes(name)).map(({ record }) => record.id);
      return JsonLinesFile.open({ path, ...rotate }, new Set(left), clock, log);
    }
    if (name === 'sqlite' && sqlite) return SqliteSink.open(sqlite, clock, log);
    if (name === 'webhook' && webhook) return new WebhookSink(webhook, clock);
    if (name === 'postgres' && postgres) return PostgresSink.open(postgres, clock);
    throw new Error(`records.${name} is not configured`);
  }

  /** In earlier runs, by the wall clock: there is no other that outlives the process. */
  #ageOf({ atMs }: StoredRecord): number {
    return Math.max(0, this.#options.clock.now() - atMs);
  }

  async #close(): Promise<void> {
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(CLOSE_PATIENCE_MS, resolve);
    await Promise.all([...this.#couriers.values()].map((courier) => courier.close(patience)));
    await Promise.race([this.#settling, patience]);
    timer.clear();
    await this.#outbox.close();
  }
}

/** A record that a database refuses is not kept for ever in front of it, days. */
const REFUSED_DAYS = 30;

const isWanted = (config: RecordsConfig, name: SinkName): boolean =>
  name === 'file' ? config.path !== 'off' : config[name] !== undefined;

const partOf = (config: RecordsConfig, name: SinkName): unknown =>
  name === 'file' ? [config.path, config.rotate] : config[name];

const isSame = (a: RecordsConfig, b: RecordsConfig, name: SinkName): boolean =>
  JSON.stringify(partOf(a, name)) === JSON.stringify(partOf(b, name));
