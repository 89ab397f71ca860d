import type { Client } from 'pg';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import { type RecordRow, rowOf } from './row.ts';
import type { RecordSink, StoredRecord } from './types.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: string;
  /** `table` or `schema.table`, small letters, digits and `_`. */
  readonly table: string;
  /** Makes the table and brings it up to date; false: somebody else does. */
  readonly migrate: boolean;
}

/** What is used of `pg`, which is there only where it is wanted. */
export interface PgModule {
  readonly Client: new (options: object) => Client;
}

const COLUMNS = [
  ['call_id', 'text PRIMARY KEY'],
  ['started_at', 'timestamptz'],
  ['ended_at', 'timestamptz'],
  ['platform', 'text NOT NULL'],
  ['page_id', 'text'],
  ['psid', 'text'],
  ['direction', 'text'],
  ['cause', 'text'],
  ['ended_by', 'text'],
  ['answered', 'boolean NOT NULL'],
  ['trunk', 'text'],
  ['target', 'text'],
  ['route', 'text'],
  ['rule', 'text'],
  ['sip_status', 'integer'],
  ['ring_ms', 'bigint NOT NULL'],
  ['talk_ms', 'bigint NOT NULL'],
  ['codec', 'text'],
  ['mos_consumer', 'double precision'],
  ['mos_phone', 'double precision'],
  ['recordings', 'integer NOT NULL'],
  ['record', 'jsonb NOT NULL'],
] as const;

const CONNECT_MS = 10_000;
const STATEMENT_MS = 15_000;
/** Classes of SQLSTATE that are about what is written: data exception, integrity constraint violation. */
const REFUSALS = /^(22|23)/;

/**
 * Records in a table of PostgreSQL, over one connection that is made when it is needed. `pg` is an optional peer
 * dependency: whoever wants this installs it.
 */
export class PostgresSink implements RecordSink {
  readonly batch = 100;
  readonly #options: PostgresOptions;
  readonly #pg: PgModule;
  readonly #clock: Clock;
  #client: Client | undefined;
  #migrated = false;
  #closed = false;

  /**
   * The server need not be there yet. Rejects with STORE_PG_MISSING.
   * @param load finds `pg`
   */
  static async open(
    options: PostgresOptions,
    clock: Clock,
    load: () => Promise<PgModule> = () => import('pg'),
  ): Promise<PostgresSink> {
    try {
      return new PostgresSink(options, await load(), clock);
    } catch (cause) {
      throw new GatewayError('STORE_PG_MISSING', undefined, {}, { cause });
    }
  }

  private constructor(options: PostgresOptions, pg: PgModule, clock: Clock) {
    this.#options = options;
    this.#pg = pg;
    this.#clock = clock;
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    if (this.#closed) throw new GatewayError('STORE_CLOSED');
    try {
      const client = this.#client ?? (await this.#connect());
      await this.#bounded(client, this.#insert(client, records));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const isRefusal = REFUSALS.test(code) || code === 'STORE_RECORD_REFUSED';
      // What a connection is worth after any other failure nobody knows.
      if (!isRefusal) await this.#drop();
      const message = error instanceof Error ? error.message : String(error);
      throw new GatewayError(
        isRefusal ? 'STORE_RECORD_REFUSED' : 'STORE_POSTGRES',
        `PostgreSQL: ${message}`,
        {
          ...(code === '' ? {} : { sqlstate: code }),
        },
      );
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #connect(): Promise<Client> {
    const client = new this.#pg.Client({
      connectionString: this.#options.url,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      application_name: 'messenger-sip-gateway',
      keepAlive: true,
    });
    // Between two records a server may end the connection: the next one makes another.
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#client = client;
    await client.connect();
    if (this.#options.migrate && !this.#migrated) {
      await this.#bounded(client, this.#migrate(client));
      this.#migrated = true;
    }
    return client;
  }

  /** Two gateways that start at the same time make it once; what is as it should be is not touched. */
  async #migrate(client: Client): Promise<void> {
    const { table } = this.#options;
    const name = quoted(table);
    const short = table.split('.').at(-1) ?? table;
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [table]);
    const { rows } = await client.query<{ attname: string }>(
      'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
      [name],
    );
    const there = new Set(rows.map(({ attname }) => attname));
    if (there.size === 0) {
      const columns = COLUMNS.map(([column, type]) => `${column} ${type}`).join(', ');
      await client.query(`CREATE TABLE ${name} (${columns})`);
      for (const [suffix, on] of INDEXES)
        await client.query(`CREATE INDEX ${quoted(`${short}_${suffix}`)} ON ${name} (${on})`);
    }
    // Columns that came later than the table.
    for (const [column, type] of COLUMNS)
      if (there.size > 0 && !there.has(column))
        await client.query(`ALTER TABLE ${name} ADD COLUMN ${column} ${type.split(' ')[0]}`);
    await client.query('COMMIT');
  }

  async #insert(client: Client, records: readonly StoredRecord[]): Promise<void> {
    const values = records.flatMap(({ line }) => {
      const row = rowOf(line);
      if (!row) throw new GatewayError('STORE_RECORD_REFUSED');
      return valuesOf(row);
    });
    const rows = records.map((_, i) => {
      const cells = COLUMNS.map((_column, at) => `$${i * COLUMNS.length + at + 1}`);
      return `(${cells.join(', ')})`;
    });
    const names = COLUMNS.map(([column]) => column).join(', ');
    // The record that came first stays: one that comes again is the same one.
    await client.query(
      `INSERT INTO ${quoted(this.#options.table)} (${names}) VALUES ${rows.join(', ')} ON CONFLICT (call_id) DO NOTHING`,
      values,
    );
  }

  /** A server that is cut off answers nothing, not even that it took too long. */
  async #bounded<T>(client: Client, work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.after(STATEMENT_MS + 5_000, () => {
      reject(new Error('no answer'));
      void client.end().catch(() => {});
    });
    try {
      return await Promise.race([work, promise]);
    } finally {
      timer.clear();
    }
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(2_000, resolve);
    await Promise.race([client.end().catch(() => {}), promise]);
    timer.clear();
  }
}

const INDEXES = [
  ['by_start', 'started_at'],
  ['by_page', 'page_id, started_at'],
  ['by_cause', 'cause, started_at'],
  ['by_consumer', 'psid, started_at'],
] as const;

/** The configuration permits no other characters; quoted all the same. */
const quoted = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
/** PostgreSQL has no place for NUL in a text. */
const plain = (text: string | null): string | null => text?.replaceAll('\u0000', '\ufffd') ?? null;

/** In the order of the columns. */
const valuesOf = (row: RecordRow): (string | number | boolean | null)[] => [
  plain(row.callId),
  timeOf(row.startedAtMs),
  timeOf(row.endedAtMs),
  plain(row.platform),
  plain(row.pageId),
  plain(row.psid),
  plain(row.direction),
  plain(row.cause),
  plain(row.endedBy),
  row.answered,
  plain(row.trunk),
  plain(row.target),
  plain(row.route),
  plain(row.rule),
  row.sipStatus,
  row.ringMs,
  row.talkMs,
  plain(row.codec),
  row.mosConsumer,
  row.mosPhone,
  row.recordings,
  plainJson(row.record),
];

/**
 * The same in JSON, and half a surrogate pair, which has none either (JSON.stringify escapes only those that are alone). A
 * backslash before them may be one that is meant.
 */
const plainJson = (json: string): string =>
  json.replace(/\\(\\|u0000|ud[89a-f][0-9a-f]{2})/g, (found) => (found === '\\\\' ? found : '\\ufffd'));
