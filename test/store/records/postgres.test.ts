import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { PostgresSink } from '../../../src/store/records/postgres-sink.ts';
import { hasPostgres, Postgres } from '../../support/postgres.ts';
import { tempDir } from '../temp-dir.ts';
import { openSinks, record, until } from './support.ts';

const stored = (id: string, more: object = {}) => ({ id, line: JSON.stringify(record(id, more)), atMs: 0 });

it('without the package the start says what to install', async () => {
  // The error is Node's own, of a package that is not there.
  const missing = 'pg-is-not-here';
  const options = { url: 'postgres://nobody@localhost/none', table: 'calls', migrate: true };
  await expect(PostgresSink.open(options, systemClock, () => import(missing))).rejects.toMatchObject({
    code: 'STORE_PG_MISSING',
    remedy: expect.stringContaining('npm install pg'),
  });
});

describe.runIf(hasPostgres())('with a real PostgreSQL', () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await Postgres.start();
  }, 60_000);
  afterAll(() => server?.close());

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const options = (table: string, migrate = true) => ({ url: server.url, table, migrate });

  it('makes its table and keeps one row of each call, whatever comes again', async () => {
    const sink = await PostgresSink.open(options('msgw_calls'), systemClock);
    const rich = { routing: { rule: 'vip', route: 'support' }, media: { consumer: { mos: 4.1 }, phone: {} } };
    await sink.take([stored('c1', rich), stored('c2')]);
    await sink.take([stored('c2', { cause: 'crash' }), stored('c3')]);
    await sink.close();
    expect(await rows('SELECT call_id, cause FROM msgw_calls ORDER BY call_id')).toEqual([
      { call_id: 'c1', cause: 'consumer-hangup' },
      { call_id: 'c2', cause: 'consumer-hangup' },
      { call_id: 'c3', cause: 'consumer-hangup' },
    ]);
    const [row] = await rows(
      `SELECT *, record->'media'->'consumer'->>'mos' AS mos FROM msgw_calls WHERE call_id = 'c1'`,
    );
    expect(row).toMatchObject({
      started_at: new Date(1_789_000_000_000),
      ended_at: new Date(1_789_000_060_000),
      answered: true,
      rule: 'vip',
      mos_consumer: 4.1,
      mos: '4.1',
      record: record('c1', rich),
    });
    const indexes = await rows(`SELECT indexname FROM pg_indexes WHERE tablename = 'msgw_calls' ORDER BY 1`);
    expect(indexes.map(({ indexname }) => indexname)).toEqual([
      'msgw_calls_by_cause',
      'msgw_calls_by_consumer',
      'msgw_calls_by_page',
      'msgw_calls_by_start',
      'msgw_calls_pkey',
    ]);
  });

  it('two that start at once make one table, in a schema of its own; a column that is missing is added', async () => {
    await rows('CREATE SCHEMA telephony');
    const sinks = await Promise.all(
      [1, 2].map(() => PostgresSink.open(options('telephony.calls'), systemClock)),
    );
    await Promise.all(sinks.map((sink, n) => sink.take([stored(`c${n}`)])));
    await Promise.all(sinks.map((sink) => sink.close()));
    await rows('ALTER TABLE telephony.calls DROP COLUMN codec');
    const sink = await PostgresSink.open(options('telephony.calls'), systemClock);
    await sink.take([stored('c2', { codec: 'G722' })]);
    await sink.close();
    expect(await rows('SELECT call_id, codec FROM telephony.calls ORDER BY 1')).toEqual([
      { call_id: 'c0', codec: null },
      { call_id: 'c1', codec: null },
      { call_id: 'c2', codec: 'G722' },
    ]);
  });

  it('takes whatever text a PBX may have put into a record', async () => {
    const sink = await PostgresSink.open(options('odd'), systemClock);
    const odd = { userToUser: 'a\u0000b\ud800c\\u0000 "x" 😀', target: 'pbx/\u0000' };
    await sink.take([stored('c1', odd)]);
    await sink.close();
    expect(await rows(`SELECT target, record->>'userToUser' AS text FROM odd`)).toEqual([
      { target: 'pbx/\ufffd', text: 'a\ufffdb\ufffdc\\u0000 "x" 😀' },
    ]);
  });

  it('a record that the table refuses is told apart from a server that is gone', async () => {
    await rows(`CREATE TABLE strict AS SELECT * FROM msgw_calls LIMIT 0`);
    await rows(`ALTER TABLE strict ADD PRIMARY KEY (call_id), ADD CHECK (cause <> 'busy')`);
    const sink = await PostgresSink.open(options('strict', false), systemClock);
    await expect(sink.take([stored('c1', { cause: 'busy' })])).rejects.toMatchObject({
      code: 'STORE_RECORD_REFUSED',
    });
    await sink.take([stored('c2')]);
    await sink.close();
    const nowhere = await PostgresSink.open(
      { ...options('strict'), url: 'postgres://x@127.0.0.1:1/x' },
      systemClock,
    );
    await expect(nowhere.take([stored('c3')])).rejects.toMatchObject({ code: 'STORE_POSTGRES' });
    await nowhere.close();
  });

  it('records wait while the server is restarted, over a restart of ours too, and none is there twice', async () => {
    const spoolPath = join(await tempDir(), 'spool');
    const clock = new FakeClock();
    const sinks = await openSinks({ postgres: options('restarted') }, { spoolPath, clock });
    await sinks.write(record('c1'));
    await until(() => sinks.stats[0]?.taken === 1);
    await server.down();
    await sinks.write(record('c2'));
    await until(() => (sinks.stats[0]?.failures ?? 0) > 0);
    await sinks.write(record('c3'));
    const closed = sinks.close();
    clock.advance(10_000);
    await closed;
    const next = await openSinks({ postgres: options('restarted') }, { spoolPath });
    await next.write(record('c4'));
    await server.up();
    await until(() => next.stats[0]?.waiting === 0);
    expect((await rows('SELECT call_id FROM restarted ORDER BY 1')).map((row) => row['call_id'])).toEqual([
      'c1',
      'c2',
      'c3',
      'c4',
    ]);
    await next.close();
  });
});
