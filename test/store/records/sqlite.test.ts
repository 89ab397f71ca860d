import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import { recordsInFiles, recordsInSqlite } from '../../../src/store/index.ts';
import { migrate, SCHEMA_VERSION, versionOf } from '../../../src/store/records/sqlite-schema.ts';
import { SqliteSink } from '../../../src/store/records/sqlite-sink.ts';
import { tempDir } from '../temp-dir.ts';
import { openSinks, record, recorder, until } from './support.ts';

const stored = (id: string, more: object = {}) => ({ id, line: JSON.stringify(record(id, more)), atMs: 0 });
const open = (path: string, keepDays = 0) => SqliteSink.open({ path, keepDays }, systemClock, recorder());

it('keeps one row of each call, whatever comes again, with columns to ask for', async () => {
  const path = join(await tempDir(), 'calls.db');
  const sink = await open(path);
  const rich = {
    routing: { rule: 'vip', route: 'support' },
    codec: 'G722',
    sipStatus: 200,
    media: { consumer: { mos: 4.1 }, phone: { mos: 3.9 } },
    recordings: [{ file: 'a.opus', complete: true }],
  };
  await sink.take([stored('c1', rich), stored('c2')]);
  await sink.take([stored('c2', { cause: 'crash' }), stored('c3')]);
  await sink.close();
  const db = new DatabaseSync(path, { readOnly: true });
  expect(db.prepare('SELECT call_id, cause FROM calls ORDER BY call_id').all()).toEqual([
    { call_id: 'c1', cause: 'consumer-hangup' },
    { call_id: 'c2', cause: 'consumer-hangup' },
    { call_id: 'c3', cause: 'consumer-hangup' },
  ]);
  expect(db.prepare('SELECT * FROM calls WHERE call_id = ?').get('c1')).toMatchObject({
    started_at_ms: 1_789_000_000_000,
    ended_at_ms: 1_789_000_060_000,
    platform: 'messenger',
    page_id: '102030405060708',
    answered: 1,
    trunk: 'pbx',
    route: 'support',
    rule: 'vip',
    sip_status: 200,
    talk_ms: 50_000,
    codec: 'G722',
    mos_consumer: 4.1,
    mos_phone: 3.9,
    recordings: 1,
  });
  expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  const plan = db.prepare('EXPLAIN QUERY PLAN SELECT * FROM calls WHERE page_id = ? AND started_at_ms > ?');
  expect(plan.all('1', 2)).toMatchObject([{ detail: expect.stringContaining('USING INDEX calls_by_page') }]);
  db.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('a record that is none does not keep the others out', async () => {
  const path = join(await tempDir(), 'calls.db');
  const sink = await open(path);
  const bad = { id: 'bad', line: '{"v":1}', atMs: 0 };
  await expect(sink.take([stored('c1'), bad])).rejects.toMatchObject({ code: 'STORE_RECORD_REFUSED' });
  await sink.take([stored('c1')]);
  await sink.close();
  expect((await recordsInSqlite(path, { limit: 10 })).map(({ callId }) => callId)).toEqual(['c1']);
});

it('takes a schema further by its version, and none that is newer', async () => {
  const path = join(await tempDir(), 'calls.db');
  await (await open(path)).close();
  const db = new DatabaseSync(path);
  expect(versionOf(db)).toBe(SCHEMA_VERSION);
  // Again is as once.
  migrate(db, path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_SCHEMA' });
});

it('what is no database, and a folder that is not there, are told at the start', async () => {
  const folder = await tempDir();
  await writeFile(join(folder, 'text'), 'no database at all, but long enough to be looked at'.repeat(20));
  await expect(open(join(folder, 'text'))).rejects.toMatchObject({ code: 'STORE_SQLITE' });
  await expect(open(join(folder, 'missing', 'calls.db'))).rejects.toMatchObject({ code: 'STORE_SQLITE' });
});

it('while another program holds the database records wait, and no call does', async () => {
  const folder = await tempDir();
  const path = join(folder, 'calls.db');
  const sinks = await openSinks({ sqlite: { path, keepDays: 0 } }, { spoolPath: join(folder, 'spool') });
  const other = new DatabaseSync(path);
  other.exec('BEGIN EXCLUSIVE');
  await sinks.write(record('c1'));
  expect(sinks.stats).toMatchObject([{ waiting: 1 }]);
  other.exec('COMMIT');
  other.close();
  await until(() => sinks.stats[0]?.taken === 1);
});

it('old calls go after their days', async () => {
  const path = join(await tempDir(), 'calls.db');
  const day = 86_400_000;
  const at = (days: number) => ({
    milestones: { webhook: Date.now() - days * day, ended: Date.now() - days * day },
  });
  const sink = await open(path, 30);
  await sink.take([stored('old', at(31)), stored('new', at(29))]);
  await sink.close();
  expect((await recordsInSqlite(path, { limit: 10 })).map(({ callId }) => callId)).toEqual(['new']);
});

it('database and files answer the same questions alike', async () => {
  const folder = await tempDir();
  const [path, db] = [join(folder, 'calls.jsonl'), join(folder, 'calls.db')];
  const rotate = { maxBytes: 3_000, daily: false, keep: 0, keepDays: 0, gzip: true };
  const sinks = await openSinks({ path, rotate, sqlite: { path: db, keepDays: 0 } });
  for (let n = 0; n < 40; n++) {
    const milestones = { webhook: n * 1_000, ended: n * 1_000 + 500 };
    void sinks.write(record(`c${n}`, { milestones, pageId: String(n % 3), cause: n % 2 ? 'busy' : 'crash' }));
    if (n % 5 === 0) await until(() => sinks.stats.every(({ waiting }) => waiting === 0));
  }
  await sinks.close();
  const filters = [
    { limit: 5 },
    { limit: 100, fromMs: 10_000, toMs: 20_000 },
    { limit: 100, pageId: '1', cause: 'busy' },
    { limit: 100, callId: 'c7' },
    { limit: 3, cause: 'crash' },
    { limit: 3, cause: 'no such' },
  ];
  for (const filter of filters) {
    const rows = await recordsInSqlite(db, filter);
    expect(await recordsInFiles(path, filter)).toEqual(rows);
    expect(rows.length).toBe(filter.cause === 'no such' ? 0 : Math.min(filter.limit, rows.length));
  }
  expect((await recordsInSqlite(db, { limit: 3, cause: 'crash' })).map(({ callId }) => callId)).toEqual([
    'c34',
    'c36',
    'c38',
  ]);
});
