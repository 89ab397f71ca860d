import { appendFile, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import { JsonLinesFile } from '../../../src/store/records/json-lines-file.ts';
import { tempDir } from '../temp-dir.ts';
import { jsonLines, openIn, openSinks, ROTATE, record, recorder, until } from './support.ts';

const DAY_MS = 86_400_000;
const stored = (id: string) => ({ id, line: JSON.stringify(record(id)), atMs: 0 });
const ids = (lines: Record<string, unknown>[]): unknown[] => lines.map(({ callId }) => callId);

/** Clocks that the test sets; timers are real. */
function clocks(): Clock & { wall: number; mono: number } {
  return {
    wall: new Date('2026-11-21T12:00:00').getTime(),
    mono: 5_000,
    now() {
      return this.wall;
    },
    monotonic() {
      return this.mono;
    },
    after: systemClock.after,
    every: systemClock.every,
  };
}

it('records go to the file in order, for its owner only; close waits for the last', async () => {
  const path = join(await tempDir(), 'calls.jsonl');
  const log = recorder();
  const sinks = await openSinks({ path }, { log });
  for (let n = 0; n < 500; n++) void sinks.write(record(`c${n}`));
  await sinks.close();
  expect(ids(await jsonLines(path))).toEqual(Array.from({ length: 500 }, (_, n) => `c${n}`));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(log.events).toEqual([]);
});

it('records go to a stream in order; it stays open, without our listener', async () => {
  const chunks: string[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _, done) => {
      chunks.push(String(chunk));
      setImmediate(done);
    },
  });
  const sinks = await openSinks({ path: '-' }, { stream });
  for (let n = 0; n < 20; n++) void sinks.write(record(`c${n}`));
  await sinks.close();
  const lines = chunks.join('').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).callId)).toEqual(Array.from({ length: 20 }, (_, n) => `c${n}`));
  expect([stream.writable, stream.listenerCount('error')]).toEqual([true, 0]);
});

it('a broken pipe is told, and close still ends', async () => {
  const log = recorder();
  const stream = new Writable({ write: (_c, _e, done) => setImmediate(() => done(new Error('EPIPE'))) });
  const sinks = await openSinks({ path: '-' }, { stream, log });
  void sinks.write(record('c1'));
  await sinks.close();
  expect(log.events).toContain('records.sink-failed');
  expect(sinks.stats).toMatchObject([{ sink: 'file', waiting: 1, taken: 0 }]);
});

it('a new file is begun by size; the former ones are numbered, compressed but the newest, and bounded in number', async () => {
  const folder = await tempDir();
  const path = join(folder, 'calls.jsonl');
  const options = { path, ...ROTATE, maxBytes: 1_000, keep: 3, gzip: true };
  const file = await JsonLinesFile.open(options, new Set(), systemClock, recorder());
  for (let n = 0; n < 20; n++) await file.take([stored(`c${n}`)]);
  const settled = async (): Promise<boolean> => {
    const names = (await readdir(folder)).sort();
    return names.length === 4 && names.filter((name) => name.endsWith('.gz')).length === 2;
  };
  await until(settled);
  await file.close();
  const names = (await readdir(folder)).sort();
  const gone = names.map((name) => Number(/-(\d{6})-/.exec(name)?.[1] ?? 0)).filter(Boolean);
  expect(gone).toEqual([gone[0], (gone[0] ?? 0) + 1, (gone[0] ?? 0) + 2]);
  const texts = await Promise.all(
    names
      .filter((name) => name !== 'calls.jsonl')
      .map(async (name) => {
        const bytes = await readFile(join(folder, name));
        expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
        return String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
      }),
  );
  const all = [...texts, await readFile(path, 'utf8')].join('').trimEnd().split('\n');
  // What is kept has no hole.
  const kept = all.map((line) => Number(JSON.parse(line).callId.slice(1)));
  expect(kept.at(-1)).toBe(19);
  expect(kept).toEqual(kept.map((_, i) => (kept[0] ?? 0) + i));
});

it('a new file each day; a clock that jumps forth and back begins none and deletes nothing', async () => {
  const folder = await tempDir();
  const path = join(folder, 'calls.jsonl');
  const clock = clocks();
  const options = { path, ...ROTATE, daily: true, keepDays: 30 };
  const file = await JsonLinesFile.open(options, new Set(), clock, recorder());
  await file.take([stored('c1')]);
  clock.wall += DAY_MS;
  clock.mono += DAY_MS;
  await file.take([stored('c2')]);
  expect((await readdir(folder)).sort()).toEqual(['calls-000001-2026-11-21.jsonl', 'calls.jsonl']);
  // A year ahead for ten minutes, and back: nothing is a year old.
  clock.wall += 365 * DAY_MS;
  for (let minute = 0; minute < 10; minute++) {
    clock.mono += 60_000;
    clock.wall += 60_000;
    await file.take([stored(`ahead${minute}`)]);
  }
  clock.wall -= 366 * DAY_MS;
  await file.take([stored('behind')]);
  clock.wall += DAY_MS;
  await file.take([stored('right')]);
  expect((await readdir(folder)).sort()).toEqual(['calls-000001-2026-11-21.jsonl', 'calls.jsonl']);
  // One that stays a month ahead is believed after an hour, and what is too old then goes.
  clock.wall += 30 * DAY_MS;
  await file.take([stored('later')]);
  clock.mono += 3_700_000;
  clock.wall += 3_700_000;
  await file.take([stored('settled')]);
  await until(async () => !(await readdir(folder)).includes('calls-000001-2026-11-21.jsonl'));
  expect((await readdir(folder)).sort()).toEqual(['calls-000002-2026-11-22.jsonl', 'calls.jsonl']);
  expect(ids(await jsonLines(path))).toEqual(['settled']);
  await file.close();
});

it('goes on in a new file when logrotate took the old one away, or copied and cut it', async () => {
  const path = join(await tempDir(), 'calls.jsonl');
  const file = await JsonLinesFile.open({ path, ...ROTATE }, new Set(), systemClock, recorder());
  await file.take([stored('c1')]);
  await rename(path, `${path}.1`);
  await file.take([stored('c2')]);
  await writeFile(path, '');
  await file.take([stored('c3')]);
  await file.close();
  expect(ids(await jsonLines(`${path}.1`))).toEqual(['c1']);
  expect(ids(await jsonLines(path))).toEqual(['c3']);
});

it('what an earlier run wrote and did not acknowledge is not written twice, wherever it is now', async () => {
  const path = join(await tempDir(), 'calls.jsonl');
  for (const name of [path, `${path}.1`, path.replace('calls', 'calls-000007-2026-11-20')])
    await writeFile(name, `${JSON.stringify(record(`of ${name}`))}\n`);
  await appendFile(path, '{"callId":"torn","v":');
  const doubtful = [path, `${path}.1`, path.replace('calls', 'calls-000007-2026-11-20')].map(
    (name) => `of ${name}`,
  );
  const left = new Set([...doubtful, 'torn']);
  const file = await JsonLinesFile.open({ path, ...ROTATE }, left, systemClock, recorder());
  await file.take([...left].map(stored));
  await file.close();
  const text = await readFile(path, 'utf8');
  expect(text.match(/"callId":"of /g)).toHaveLength(1);
  expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ callId: 'torn' });
});

it('a path that cannot be written is told at the start', async () => {
  const folder = await tempDir();
  const path = join(folder, 'missing', 'calls.jsonl');
  await expect(openSinks({ path })).rejects.toMatchObject({ code: 'STORE_OPEN', detail: { path } });
  await mkdir(join(folder, 'calls.jsonl'));
  await expect(openSinks({ path: join(folder, 'calls.jsonl') })).rejects.toMatchObject({
    code: 'STORE_OPEN',
  });
});

it('a full device is told once, and loses nothing that waits', async () => {
  const log = recorder();
  const sinks = await openSinks({ path: '/dev/full' }, { log });
  await sinks.write(record('c1'));
  await until(() => sinks.stats[0]?.failures === 1);
  expect(sinks.stats).toMatchObject([{ waiting: 1, taken: 0 }]);
  await sinks.close();
  expect(log.events.filter((event) => event === 'records.sink-failed')).toHaveLength(1);
});

it('closed at any moment while it goes on in a new file: none stays open', async () => {
  const folder = await tempDir();
  for (let turns = 0; turns < 30; turns++) {
    const path = join(folder, `${turns}.jsonl`);
    const file = await JsonLinesFile.open({ path, ...ROTATE }, new Set(), systemClock, recorder());
    await rename(path, `${path}.1`);
    const taken = file.take([stored('c1')]).catch(() => {});
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await file.close();
    await taken;
  }
  expect(await openIn(folder)).toEqual([]);
});
