import { open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openJournal, readJournal } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

afterEach(() => vi.restoreAllMocks());

const entry = (n: number) => ({ v: 1 as const, at: n, callId: `c${n}`, note: { kind: 'call-created' } });

interface Handles {
  datasync(): Promise<void>;
  sync(): Promise<void>;
  appendFile(text: string): Promise<void>;
}

async function handles(path: string): Promise<Handles> {
  const handle = await open(path, 'a');
  await handle.close();
  return Object.getPrototypeOf(handle) as Handles;
}

/** Every fdatasync and fsync waits until it is let go; how many there were. */
async function busyDisk(path: string) {
  const waiting: (() => void)[] = [];
  let isBusy = true;
  let syncs = 0;
  const wait = (): Promise<void> => {
    syncs += 1;
    return isBusy ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
  };
  const prototype = await handles(path);
  for (const name of ['datasync', 'sync'] as const) vi.spyOn(prototype, name).mockImplementation(wait);
  return {
    syncs: () => syncs,
    letOneGo: () => waiting.shift()?.(),
    letGo: () => {
      isBusy = false;
      for (const go of waiting.splice(0)) go();
    },
  };
}

/** However busy the machine is. */
const soon = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000 });

const ids = async (path: string): Promise<string[]> =>
  (await readJournal(path)).entries.map(({ callId }) => callId);

it('tells when what was appended is in the file, while the disk is busy: not before, and not of what comes later', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path });
  const disk = await busyDisk(path);
  const prototype = await handles(path);
  const write = prototype.appendFile;
  const held: (() => void)[] = [];
  vi.spyOn(prototype, 'appendFile').mockImplementation(async function (this: Handles, text: string) {
    await new Promise<void>((resolve) => held.push(resolve));
    await write.call(this, text);
  });
  await journal.written();
  const all = [journal.append(entry(1))];
  const told: string[] = [];
  const tells = (name: string): void => void journal.written().then(() => told.push(name));
  tells('first');
  await soon(() => expect(held).toHaveLength(1));
  tells('first again');
  all.push(journal.append(entry(2)));
  tells('second');
  held.shift()?.();
  await soon(async () => expect(await ids(path)).toEqual(['c1']));
  await soon(() => expect(held).toHaveLength(1));
  expect(told).toEqual(['first', 'first again']);
  held.shift()?.();
  await soon(() => expect(told).toContain('second'));
  expect(await ids(path)).toEqual(['c1', 'c2']);
  disk.letGo();
  await Promise.all(all);
  await journal.written();
  await journal.close();
});

it('what is appended while the disk is busy is in the file at once, for a process that is killed then, and is acknowledged later', async () => {
  const path = join(await tempDir(), 'journal');
  const journal = await openJournal({ path });
  const disk = await busyDisk(path);
  const acknowledged: number[] = [];
  const append = (n: number): Promise<void> => journal.append(entry(n)).then(() => void acknowledged.push(n));
  const all = [append(1)];
  await soon(() => expect(disk.syncs()).toBe(1));
  all.push(append(2), append(3));
  await soon(async () => expect((await readJournal(path)).entries).toHaveLength(3));
  all.push(append(4));
  await soon(async () => expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(5));
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
  vi.spyOn(await handles(path), 'datasync').mockRejectedValueOnce(new Error('EIO: i/o error, fdatasync'));
  await expect(journal.append(entry(1))).rejects.toMatchObject({ code: 'STORE_WRITE' });
  await journal.append(entry(2));
  await journal.close();
  expect((await readJournal(path)).entries.at(-1)).toEqual(entry(2));
});

/** One that is made anew after each line, by a disk that has just begun with that. */
async function madeAnew() {
  const path = join(await tempDir(), 'journal');
  const keeping = { entries: [], isLast: () => false, outlives: () => true, forMs: 0, after: 1 };
  const journal = await openJournal({ path, keeping });
  const disk = await busyDisk(path);
  const first = journal.append(entry(1));
  await soon(() => expect(disk.syncs()).toBe(1));
  disk.letOneGo();
  await first;
  // The next one is that of the new file.
  await soon(() => expect(disk.syncs()).toBe(2));
  return { path, journal, disk };
}

it('what is appended while the file is made anew by a busy disk is in it at once, too, whichever of the two has the name', async () => {
  const { path, journal, disk } = await madeAnew();
  const old = (await stat(path)).ino;
  const late = [journal.append(entry(2))];
  await soon(async () => expect(await ids(path)).toEqual(['c1', 'c2']));
  expect((await stat(path)).ino).toBe(old);
  disk.letOneGo();
  // The new one has the name, and the disk takes its time with that, too.
  await soon(() => expect(disk.syncs()).toBe(3));
  expect((await stat(path)).ino).not.toBe(old);
  expect(await ids(path)).toEqual(['c1', 'c2']);
  late.push(journal.append(entry(3)));
  await soon(async () => expect(await ids(path)).toEqual(['c1', 'c2', 'c3']));
  disk.letGo();
  await Promise.all(late);
  await journal.append(entry(4));
  await journal.close();
  expect(await ids(path)).toEqual(['c1', 'c2', 'c3', 'c4']);
  expect(await readdir(dirname(path))).toEqual(['journal']);
});

it('nothing is acknowledged before it is known which of the two files has the name', async () => {
  const { journal, disk } = await madeAnew();
  let isAcknowledged = false;
  const late = journal.append(entry(2)).then(() => {
    isAcknowledged = true;
  });
  disk.letOneGo();
  await soon(() => expect(disk.syncs()).toBe(3));
  expect(isAcknowledged).toBe(false);
  disk.letGo();
  await late;
  await journal.close();
});

it('a new file that does not take a line is given up, and costs nothing', async () => {
  const { path, journal, disk } = await madeAnew();
  const prototype = await handles(path);
  const { appendFile } = prototype;
  vi.spyOn(prototype, 'appendFile')
    .mockImplementationOnce(function (this: Handles, text) {
      return appendFile.call(this, text);
    })
    .mockRejectedValueOnce(new Error('ENOSPC: no space left on device, write'));
  const late = journal.append(entry(2));
  await soon(async () => expect(await ids(path)).toEqual(['c1', 'c2']));
  disk.letGo();
  await late;
  await journal.append(entry(3));
  await journal.close();
  expect(await ids(path)).toEqual(['c1', 'c2', 'c3']);
  expect(await readdir(dirname(path))).toEqual(['journal']);
});
