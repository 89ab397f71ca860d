import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type JournalEntry,
  noJournal,
  openJournal,
  parseJournal,
  readJournal,
} from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

const entry = (n: number): JournalEntry => ({
  v: 1,
  at: 1_789_000_000_000 + n,
  callId: `c_${n}`,
  note: { kind: 'graph-sent', action: 'accept' },
});

test.each([true, false])('what was acknowledged is there, in order (fsync %s)', async (fsync) => {
  const path = join(await tempDir(), 'journal.jsonl');
  const journal = await openJournal({ path, fsync });
  await journal.append(entry(0));
  expect((await readJournal(path)).entries).toEqual([entry(0)]);
  await Promise.all(Array.from({ length: 500 }, (_, n) => journal.append(entry(n + 1))));
  await journal.close();
  expect(await readJournal(path)).toEqual({
    entries: Array.from({ length: 501 }, (_, n) => entry(n)),
    damaged: 0,
    unread: [],
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('close waits for what was appended before, and is idempotent', async () => {
  const path = join(await tempDir(), 'journal.jsonl');
  const journal = await openJournal({ path });
  const appended = journal.append(entry(1));
  await Promise.all([journal.close(), journal.close()]);
  await appended;
  expect((await readJournal(path)).entries).toEqual([entry(1)]);
  await expect(journal.append(entry(2))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
});

test('an existing journal is continued; a torn last line is lost alone', async () => {
  const path = join(await tempDir(), 'journal.jsonl');
  const whole = `${JSON.stringify(entry(1))}\n`;
  await writeFile(path, `${whole}${whole.slice(0, 30)}`);
  expect(await readJournal(path)).toEqual({ entries: [entry(1)], damaged: 1, unread: [] });
  const journal = await openJournal({ path });
  await journal.append(entry(2));
  await journal.close();
  expect(await readJournal(path)).toMatchObject({ entries: [entry(1), entry(2)], damaged: 1 });
  expect((await readFile(path, 'utf8')).startsWith(whole)).toBe(true);
});

test('a full disk is an error of the append, not of the process', async () => {
  const journal = await openJournal({ path: '/dev/full', fsync: false });
  await expect(journal.append(entry(1))).rejects.toMatchObject({ code: 'STORE_WRITE' });
  await expect(journal.append(entry(2))).rejects.toMatchObject({ code: 'STORE_WRITE' });
  await journal.close();
});

test('a path that cannot be written is told at the start', async () => {
  const path = join(await tempDir(), 'missing', 'journal.jsonl');
  await expect(openJournal({ path })).rejects.toMatchObject({ code: 'STORE_OPEN', detail: { path } });
});

describe('reading', () => {
  test('a journal that is not there is empty', async () => {
    expect(await readJournal(join(await tempDir(), 'none'))).toEqual({ entries: [], damaged: 0, unread: [] });
  });

  test('a directory is an error', async () => {
    await expect(readJournal(await tempDir())).rejects.toMatchObject({ code: 'STORE_OPEN' });
  });

  test('every cut of the file gives the entries before the cut', async () => {
    const text = [1, 2, 3].map((n) => `${JSON.stringify(entry(n))}\n`).join('');
    for (let cut = 0; cut <= text.length; cut++) {
      const { entries } = parseJournal(text.slice(0, cut));
      expect(entries.length).toBe(text.slice(0, cut).split('\n').length - 1);
    }
  });

  test.each([
    'null',
    '[]',
    '{}',
    '{"v":2,"at":1,"callId":"c","note":{}}',
    '{"v":1,"at":"1","callId":"c","note":{}}',
  ])('not an entry: %s', async (line) => {
    const path = join(await tempDir(), 'journal.jsonl');
    await appendFile(path, `${line}\n${JSON.stringify(entry(1))}\n`);
    expect(await readJournal(path)).toEqual({ entries: [entry(1)], damaged: 1, unread: [line] });
  });
});

test('without a journal nothing waits', async () => {
  await noJournal.append(entry(1));
  await noJournal.close();
});

test('one that grew for weeks is read from its end', async () => {
  const path = join(await tempDir(), 'journal.jsonl');
  await writeFile(path, '');
  // A hole: more than fits into a string, or is read at once.
  await truncate(path, 3 * 1024 ** 3);
  await appendFile(path, `\n${JSON.stringify(entry(1))}\n`);
  expect(await readJournal(path)).toEqual({ entries: [entry(1)], damaged: 0, unread: [] });
});

test('an entry of no time that there is does not count', () => {
  const late = '{"v":1,"at":1e999,"callId":"c","note":{}}';
  expect(parseJournal(`${late}\n${JSON.stringify(entry(1))}\n`)).toEqual({
    entries: [entry(1)],
    damaged: 1,
    unread: [late],
  });
});
