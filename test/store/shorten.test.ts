import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { type JournalEntry, openJournal, openSpool, readJournal } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

const HOUR_MS = 3_600_000;
const entry = (callId: string, kind: string, at: number): JournalEntry => ({
  v: 1,
  at,
  callId,
  note: { kind },
});

const keeping = (entries: readonly JournalEntry[] = []) => ({
  entries,
  isLast: ({ kind }: JournalEntry['note']) => kind === 'end',
  outlives: ({ kind }: JournalEntry['note']) => kind === 'begin' || kind === 'end',
  forMs: HOUR_MS,
  after: 100,
});

const lines = async (path: string): Promise<number> => (await readFile(path, 'utf8')).split('\n').length - 1;

it('a journal stays short while it is written on: open calls whole, those that are over by what outlives them', async () => {
  const path = join(await tempDir(), 'journal');
  const before = [entry('old', 'begin', 0), entry('old', 'middle', 0)];
  const first = await openJournal({ path, fsync: false });
  await Promise.all(before.map((each) => first.append(each)));
  await first.close();
  const journal = await openJournal({ path, fsync: false, keeping: keeping(before) });
  // Each call an hour and a bit after the one before it: only the newest is remembered.
  for (let n = 0; n < 400; n++)
    for (const kind of ['begin', 'middle', 'end'])
      await journal.append(entry(`c${n}`, kind, n * (HOUR_MS + 1)));
  expect(await lines(path)).toBeLessThan(120);
  await journal.close();
  const { entries, damaged } = await readJournal(path);
  expect(damaged).toBe(0);
  expect(entries.filter(({ callId }) => callId === 'old')).toEqual(before);
  // The last line was the one after which the file was made anew.
  expect(entries.filter(({ callId }) => callId === 'c399').map(({ note }) => note['kind'])).toEqual([
    'begin',
    'end',
  ]);
});

it('a clock that jumps ahead makes nothing old that is among the newest', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path, fsync: false, keeping: { ...keeping(), least: 10 } });
  const day = 24 * HOUR_MS;
  for (let n = 0; n < 150; n++) {
    // A day ahead and back, again and again.
    const at = n * 1_000 + (n % 2) * day;
    for (const kind of ['begin', 'end']) await journal.append(entry(`c${n}`, kind, at));
  }
  await journal.close();
  const { entries } = await readJournal(path);
  const there = new Set(entries.map(({ callId }) => callId));
  for (let n = 140; n < 150; n++) expect(there).toContain(`c${n}`);
});

it('many at once: each that was acknowledged is there once', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path, keeping: keeping() });
  await Promise.all(Array.from({ length: 2_000 }, (_, n) => journal.append(entry(`c${n}`, 'begin', n))));
  await journal.append(entry('last', 'begin', 5));
  await Promise.all(Array.from({ length: 500 }, (_, n) => journal.append(entry(`d${n}`, 'begin', n))));
  await journal.close();
  const { entries } = await readJournal(path);
  expect(entries).toHaveLength(2_501);
  expect(new Set(entries.map(({ callId }) => callId)).size).toBe(2_501);
});

it('a spool stays short, too, and loses nothing that is not done', async () => {
  const path = join(await tempDir(), 'spool');
  const read = (item: unknown): object => item as object;
  const spool = await openSpool(path, read, silentLog, 100);
  spool.add('stays', { n: -1 });
  for (let n = 0; n < 1_000; n++) {
    spool.add(`s${n}`, { n });
    spool.done(`s${n}`);
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await spool.close();
  expect(await lines(path)).toBeLessThan(1_000);
  const next = await openSpool(path, read, silentLog);
  expect(next.left).toEqual([{ id: 'stays', item: { n: -1 } }]);
  await next.close();
});

it('goes on with the old file where no new one can be made', async () => {
  const dir = await tempDir();
  const path = join(dir, 'journal');
  // The name that the new file would have is taken.
  await mkdir(`${path}.new`);
  const journal = await openJournal({ path, fsync: false, keeping: keeping() });
  for (let n = 0; n < 300; n++) await journal.append(entry(`c${n}`, 'end', n));
  await journal.close();
  expect((await readJournal(path)).entries).toHaveLength(300);
  await rm(`${path}.new`, { recursive: true });
});
