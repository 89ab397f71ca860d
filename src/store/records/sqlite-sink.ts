import { Worker } from 'node:worker_threads';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { SettledClock } from '../settled-clock.ts';
import type { FromSqlite, SqliteTask, ToSqlite } from './sqlite-protocol.ts';
import type { RecordSink, StoredRecord } from './types.ts';

export interface SqliteOptions {
  readonly path: string;
  /** 0: for ever. */
  readonly keepDays: number;
}

const DAY_MS = 86_400_000;
/** How often what is too old is looked for, monotonic ms. */
const EXPIRE_EVERY_MS = 3_600_000;
/** How long the thread may take to close the database, ms: a disk that hangs keeps it for ever. */
const CLOSE_MS = 3_000;

/** Records in a SQLite database, by a thread of its own: a commit waits for the disk, and the calls do not. */
export class SqliteSink implements RecordSink {
  readonly batch = 200;
  readonly #options: SqliteOptions;
  readonly #clock: Clock;
  readonly #settled: SettledClock;
  readonly #log: Log;
  #worker: Worker | undefined;
  #pending: PromiseWithResolvers<void> | undefined;
  #expireAtMs = 0;
  #closed = false;

  /** Opens or makes the database and its schema. Rejects with STORE_SQLITE or STORE_SCHEMA. */
  static async open(options: SqliteOptions, clock: Clock, log: Log): Promise<SqliteSink> {
    const sink = new SqliteSink(options, clock, log);
    try {
      await sink.#ask({ type: 'open' });
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }

  private constructor(options: SqliteOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#settled = new SettledClock(clock);
    this.#log = log;
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    await this.#ask({ type: 'insert', lines: records.map(({ line }) => line) });
    await this.#expire();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const worker = this.#worker;
    if (!worker) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const timer = this.#clock.after(CLOSE_MS, () => void worker.terminate());
    worker.postMessage({ type: 'close' } satisfies ToSqlite);
    await gone;
    timer.clear();
  }

  /** Behind the records: a failure is told, and costs nothing but room. */
  async #expire(): Promise<void> {
    const { keepDays } = this.#options;
    const now = this.#clock.monotonic();
    const wall = this.#settled.now();
    if (keepDays === 0 || now < this.#expireAtMs) return;
    this.#expireAtMs = now + EXPIRE_EVERY_MS;
    await this.#ask({ type: 'expire', beforeMs: wall - keepDays * DAY_MS }).catch((error: unknown) =>
      this.#log.warn({ path: this.#options.path, err: String(error) }, 'records.tidy-failed'),
    );
  }

  #ask(task: SqliteTask): Promise<void> {
    if (this.#closed) return Promise.reject(new GatewayError('STORE_CLOSED'));
    const pending = Promise.withResolvers<void>();
    this.#pending = pending;
    this.#worker ??= this.#bear();
    this.#worker.postMessage(task satisfies ToSqlite);
    return pending.promise;
  }

  #bear(): Worker {
    const file = new URL(
      import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js',
      import.meta.url,
    );
    const worker = new Worker(file, { workerData: this.#options.path });
    worker.on('message', ({ error }: FromSqlite) => this.#settle(error));
    worker.on('error', (error) => this.#settle({ message: String(error) }));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#settle({ message: 'the thread ended' });
    });
    return worker;
  }

  #settle(error: FromSqlite['error']): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (error === undefined) return pending?.resolve();
    const { path } = this.#options;
    pending?.reject(new GatewayError(error.code ?? 'STORE_SQLITE', `${path}: ${error.message}`, { path }));
  }
}
