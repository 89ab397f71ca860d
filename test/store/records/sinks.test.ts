import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, vi } from 'vitest';
import { recordsInFiles } from '../../../src/store/index.ts';
import { tempDir } from '../temp-dir.ts';
import { receiver, SECRET } from './receiver.ts';
import { jsonLines, openIn, openSinks, ROTATE, record, recorder, until } from './support.ts';

/** Five starts of a process. */
vi.setConfig({ testTimeout: 60_000 });

const webhook = (url: string) => ({ url, secret: SECRET, timeoutMs: 5_000, deadAfterDays: 7 });
const idsOf = (lines: Record<string, unknown>[]): unknown[] => lines.map(({ callId }) => callId);

it('a sink that is dead delays no call and no other sink, and gets everything when it is back', async () => {
  const folder = await tempDir();
  let works = false;
  const { events, url } = await receiver(() => (works ? 200 : 500));
  const path = join(folder, 'calls.jsonl');
  const sinks = await openSinks({ path, webhook: webhook(url) }, { spoolPath: join(folder, 'spool') });
  for (let n = 0; n < 50; n++) await sinks.write(record(`c${n}`));
  await until(() => sinks.stats[0]?.taken === 50);
  expect(sinks.stats).toMatchObject([
    { sink: 'file', waiting: 0 },
    { sink: 'webhook', waiting: 50 },
  ]);
  works = true;
  await until(() => sinks.stats[1]?.waiting === 0);
  expect(new Set(events.map(({ id }) => id)).size).toBe(50);
});

it('of a call one record is taken, also over a restart', async () => {
  const folder = await tempDir();
  const path = join(folder, 'calls.jsonl');
  const log = recorder();
  for (const cause of ['busy', 'crash']) {
    const sinks = await openSinks({ path }, { spoolPath: join(folder, 'spool'), log });
    await sinks.write(record('c1', { cause }));
    await sinks.write(record('c1', { cause }));
    expect(await sinks.recordedAmong(['c1', 'c2'])).toEqual(new Set(['c1']));
    await sinks.close();
  }
  expect(await jsonLines(path)).toMatchObject([{ callId: 'c1', cause: 'busy' }]);
  expect(log.events).toEqual(Array.from({ length: 3 }, () => 'records.second-of-a-call'));
});

it('another configuration while it runs: what is as it was goes on, what waits goes to the new place', async () => {
  const folder = await tempDir();
  const [a, b] = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
  const dead = await receiver(() => 500);
  const alive = await receiver();
  const log = recorder();
  const options = { spoolPath: join(folder, 'spool'), log };
  const sinks = await openSinks({ path: a, webhook: webhook(dead.url) }, options);
  await sinks.write(record('c1'));
  await until(() => sinks.stats[0]?.taken === 1 && dead.events.length > 0);
  const sqlite = { path: join(folder, 'calls.db'), keepDays: 0 };
  await sinks.apply({ path: b, rotate: ROTATE, sqlite, webhook: webhook(alive.url) });
  await sinks.write(record('c2'));
  await until(() => sinks.stats.every(({ waiting }) => waiting === 0));
  expect([idsOf(await jsonLines(a)), idsOf(await jsonLines(b))]).toEqual([['c1'], ['c2']]);
  expect(alive.events.map(({ callId }) => callId)).toEqual(['c1', 'c2']);
  const db = new DatabaseSync(sqlite.path, { readOnly: true });
  expect(db.prepare('SELECT call_id FROM calls').all()).toEqual([{ call_id: 'c2' }]);
  db.close();

  // One that cannot be changes nothing.
  const wrong = { path: join(folder, 'missing', 'x'), rotate: ROTATE };
  await expect(sinks.apply(wrong)).rejects.toMatchObject({ code: 'STORE_OPEN' });
  await sinks.write(record('c3'));
  await until(() => sinks.stats.every(({ waiting }) => waiting === 0));
  expect(idsOf(await jsonLines(b))).toEqual(['c2', 'c3']);

  await sinks.apply({ path: b, rotate: ROTATE });
  await sinks.write(record('c4'));
  await sinks.close();
  expect(sinks.stats.map(({ sink }) => sink)).toEqual(['file']);
  expect(idsOf(await jsonLines(b))).toEqual(['c2', 'c3', 'c4']);
});

it('for a sink that is no longer configured nothing waits', async () => {
  const folder = await tempDir();
  const dead = await receiver(() => 500);
  const spoolPath = join(folder, 'spool');
  const first = await openSinks({ webhook: webhook(dead.url) }, { spoolPath });
  await first.write(record('c1'));
  await first.close();
  const log = recorder();
  const second = await openSinks({ path: join(folder, 'calls.jsonl') }, { spoolPath, log });
  await second.close();
  expect(log.lines).toEqual([{ event: 'records.sink-gone', fields: { sink: 'webhook', records: 1 } }]);
  const third = await openSinks({ webhook: webhook(dead.url) }, { spoolPath });
  expect(third.stats).toMatchObject([{ waiting: 0 }]);
});

it('killed at any moment: each record that was acknowledged is in every sink once', async () => {
  const folder = await tempDir();
  const { events, url } = await receiver();
  const path = join(folder, 'calls.jsonl');
  const db = join(folder, 'calls.db');
  const config = JSON.stringify({
    path,
    rotate: { ...ROTATE, maxBytes: 2_000 },
    sqlite: { path: db, keepDays: 0 },
    webhook: webhook(url),
  });
  const spool = join(folder, 'spool');
  const acknowledged = new Set<string>();
  const run = async (first: number, killAfter: number | undefined): Promise<number> => {
    const writer = new URL('./writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--no-warnings', writer, config, spool, String(first), '60']);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += String(chunk);
      const lines = said.split('\n').length - 1;
      // After so many, and a moment that is never the same.
      if (killAfter !== undefined && lines > killAfter)
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 20);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    const ids = said
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== 'open');
    for (const id of ids) acknowledged.add(id);
    if (killAfter === undefined) expect(code).toBe(0);
    return first + ids.length;
  };
  let next = 0;
  // Some of what was written before is written again, as the journal's recovery may.
  for (let kill = 0; kill < 4; kill++)
    next = await run(Math.max(0, next - 3), Math.floor(Math.random() * 30));
  await run(next, undefined);
  const inFiles = (await recordsInFiles(path, { limit: 10_000 })).map(({ callId }) => callId);
  expect(new Set(inFiles)).toEqual(acknowledged);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
  const lines = (await Promise.all(names.map((name) => jsonLines(join(folder, name))))).flat();
  expect(lines).toHaveLength(acknowledged.size);
  const database = new DatabaseSync(db, { readOnly: true });
  const rows = database.prepare('SELECT call_id FROM calls').all();
  database.close();
  expect(new Set(rows.map((row) => row['call_id']))).toEqual(acknowledged);
  expect(new Set(events.map(({ callId }) => callId))).toEqual(acknowledged);
  expect(new Set(events.map(({ id }) => id)).size).toBe(acknowledged.size);
});

it('while sinks change: what comes in between is taken too, what is under way is not sent again', async () => {
  const folder = await tempDir();
  const slow = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const before = await receiver();
  const after = await receiver();
  const path = join(folder, 'calls.jsonl');
  const sinks = await openSinks({ path, webhook: webhook(before.url) });
  before.hold(asked.resolve, slow.promise);
  await sinks.write(record('c1'));
  await asked.promise;
  const next = await sinks.prepare({ path, rotate: ROTATE, webhook: webhook(after.url) });
  next?.commit();
  await sinks.write(record('c2'));
  slow.resolve();
  await until(() => sinks.stats.every(({ waiting }) => waiting === 0));
  expect(before.events.map(({ callId }) => callId)).toEqual(['c1']);
  expect(after.events.map(({ callId }) => callId)).toEqual(['c2']);
  await sinks.close();
});

it('a change that is given up leaves nothing behind', async () => {
  const folder = await tempDir();
  const [a, b] = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
  const sinks = await openSinks({ path: a });
  expect(await sinks.prepare({ path: a, rotate: ROTATE })).toBeUndefined();
  await (await sinks.prepare({ path: b, rotate: ROTATE }))?.discard();
  await sinks.write(record('c1'));
  await sinks.close();
  expect([idsOf(await jsonLines(a)), idsOf(await jsonLines(b))]).toEqual([['c1'], []]);
});

it('a change that comes while everything is closed opens nothing', async () => {
  const folder = await tempDir();
  const sinks = await openSinks({ path: 'off' });
  const next = await sinks.prepare({ path: join(folder, 'b.jsonl'), rotate: ROTATE });
  const closed = sinks.close();
  next?.commit();
  await closed;
  await until(async () => (await openIn(folder)).length === 0);
});
