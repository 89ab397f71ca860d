import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { openJournal, openSpool, readJournal } from '../../src/store/index.ts';
import { jsonLines, openSinks, record, recorder, until } from './records/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'msgw-disk-'));
const disk = join(folder, 'disk');
mkdirSync(disk);
/** 1 MB; only root may make one. */
const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'msgw-test', disk], { encoding: 'utf8' });
const hasDisk = mount.status === 0;
if (!hasDisk)
  process.stderr.write(
    `SKIPPED: no disk of 1 MB could be mounted: ${mount.stderr || mount.error}; /dev/full alone is tried\n`,
  );
afterAll(() => {
  if (hasDisk) spawnSync('umount', ['--lazy', disk]);
  rmSync(folder, { recursive: true });
});

const remount = (how: 'ro' | 'rw'): number | null =>
  spawnSync('mount', ['-o', `remount,${how}`, disk]).status;

/** Takes all the room there is; `free` gives it back. */
function full(): { free(): void } {
  const path = join(disk, `filler-${Math.random()}`);
  for (let bytes = 1_048_576; bytes >= 1; bytes /= 2) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // Half as much may find room.
    }
  }
  return { free: () => rmSync(path) };
}

const entry = (n: number) => ({
  v: 1 as const,
  at: n,
  callId: `c${n}`,
  note: { kind: 'call-created', text: 'x'.repeat(500) },
});

describe.runIf(hasDisk)('a disk of 1 MB', () => {
  it('full: the journal has whole what it acknowledged, and goes on when there is room', async () => {
    const path = join(disk, 'journal');
    const journal = await openJournal({ path });
    await journal.append(entry(0));
    const { free } = full();
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => journal.append(entry(n + 1))),
    );
    const failed = results.filter(({ status }) => status === 'rejected').length;
    expect(failed).toBeGreaterThan(0);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'STORE_WRITE' },
    });
    free();
    await journal.append(entry(1_000));
    await journal.close();
    const acknowledged = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [`c${n + 1}`] : []));
    const there = (await readJournal(path)).entries.map(({ callId }) => callId);
    expect(there).toEqual(expect.arrayContaining(['c0', ...acknowledged, 'c1000']));
  });

  it('full: records wait in memory, and each place has each of them once when there is room', async () => {
    const [path, db, spoolPath] = [join(disk, 'calls.jsonl'), join(disk, 'calls.db'), join(disk, 'spool')];
    const log = recorder();
    const sinks = await openSinks({ path, sqlite: { path: db, keepDays: 0 } }, { spoolPath, log });
    await sinks.write(record('before'));
    await until(() => sinks.stats.every(({ taken }) => taken === 1));
    const { free } = full();
    const written: Promise<void>[] = [];
    for (let n = 0; n < 60; n++) {
      written.push(sinks.write(record(`c${n}`, { detail: 'x'.repeat(500) })));
      // Some batches find a little room, and are cut off in the middle of a line.
      if (n % 10 === 0) await until(() => log.events.includes('records.spool-write-failed') || n < 20);
    }
    await until(() => log.events.includes('records.sink-failed'));
    expect(sinks.stats.some(({ waiting }) => waiting > 0)).toBe(true);
    free();
    await Promise.all(written);
    await until(() => sinks.stats.every(({ waiting }) => waiting === 0));
    await sinks.close();
    const ids = (await jsonLines(path)).map(({ callId }) => callId);
    expect(ids).toHaveLength(61);
    expect(new Set(ids).size).toBe(61);
    const database = new DatabaseSync(db, { readOnly: true });
    expect(database.prepare('SELECT count(*) AS n FROM calls').get()).toEqual({ n: 61 });
    database.close();
    expect(log.events).toEqual(
      expect.arrayContaining(['records.spool-write-failed', 'records.sink-failed', 'records.sink-works']),
    );
    for (const name of ['calls.jsonl', 'calls.db', 'calls.db-wal', 'calls.db-shm', 'spool'])
      rmSync(join(disk, name), { force: true });
  });

  it('full at the start: what was there is there, and records are taken as soon as there is room', async () => {
    const [path, spoolPath] = [join(disk, 'calls2.jsonl'), join(disk, 'spool2')];
    const first = await openSinks(
      { path, postgres: { url: 'postgres://x@127.0.0.1:1/x', table: 't', migrate: true } },
      { spoolPath },
    );
    await first.write(record('c1'));
    await first.close();
    const { free } = full();
    const log = recorder();
    const second = await openSinks({ path }, { spoolPath, log });
    expect(await second.recordedAmong(['c1', 'c2'])).toEqual(new Set(['c1']));
    const written = second.write(record('c2'));
    free();
    await written;
    await until(() => second.stats[0]?.waiting === 0);
    await second.close();
    expect((await jsonLines(path)).map(({ callId }) => callId)).toEqual(['c1', 'c2']);
    expect(log.events).toContain('records.spool-not-shortened');
  });

  it('read-only: the start says which file, and why', async () => {
    const spool = await openSpool(join(disk, 'spool3'), () => ({}), silentLog);
    await spool.close();
    expect(remount('ro')).toBe(0);
    try {
      for (const opened of [
        openJournal({ path: join(disk, 'journal') }),
        openSinks({ path: join(disk, 'calls.jsonl') }),
        openSinks({ path: 'off' }, { spoolPath: join(disk, 'spool') }),
      ])
        await expect(opened).rejects.toMatchObject({
          code: 'STORE_OPEN',
          message: expect.stringContaining('EROFS'),
        });
      await expect(
        openSinks({ sqlite: { path: join(disk, 'calls.db'), keepDays: 0 } }),
      ).rejects.toMatchObject({
        code: 'STORE_SQLITE',
        message: expect.stringContaining('EROFS'),
      });
    } finally {
      remount('rw');
    }
  });
});
