import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openJournal, readJournal } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

afterEach(() => vi.restoreAllMocks());

const entry = (n: number) => ({ v: 1 as const, at: n, callId: `c${n}`, note: { kind: 'call-created' } });

/** Every fdatasync waits until it is let go; how many there were. */
async function busyDisk(path: string): Promise<{ readonly syncs: () => number; letGo(): void }> {
  const handle = await open(path, 'a');
  const prototype = Object.getPrototypeOf(handle) as { datasync(): Promise<void> };
  await handle.close();
  const { promise, resolve } = Promise.withResolvers<void>();
  const spy = vi.spyOn(prototype, 'datasync').mockImplementation(() => promise);
  return { syncs: () => spy.mock.calls.length, letGo: resolve };
}

it('what is appended while the disk is busy is in the file at once, for a process that is killed then, and is acknowledged later', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path });
  const disk = await busyDisk(path);
  const acknowledged: number[] = [];
  const append = (n: number): Promise<void> => journal.append(entry(n)).then(() => void acknowledged.push(n));
  const all = [append(1)];
  await vi.waitFor(() => expect(disk.syncs()).toBe(1));
  all.push(append(2), append(3));
  await vi.waitFor(async () => expect((await readJournal(path)).entries).toHaveLength(3));
  all.push(append(4));
  await vi.waitFor(async () => expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(5));
  expect(acknowledged).toEqual([]);
  disk.letGo();
  await Promise.all(all);
  await journal.close();
  expect(acknowledged).toEqual([1, 2, 3, 4]);
  // Those that came meanwhile share one.
  expect(disk.syncs()).toBe(2);
});

it('an fdatasync that fails is told to those whose lines it was for, and to nobody else', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path });
  const handle = await open(path, 'a');
  const prototype = Object.getPrototypeOf(handle) as { datasync(): Promise<void> };
  await handle.close();
  vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(new Error('EIO: i/o error, fdatasync'));
  await expect(journal.append(entry(1))).rejects.toMatchObject({ code: 'STORE_WRITE' });
  await journal.append(entry(2));
  await journal.close();
  expect((await readJournal(path)).entries.at(-1)).toEqual(entry(2));
});
