import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { openSpool } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

interface Item {
  readonly n: number;
}
const read = (item: unknown): Item | undefined =>
  typeof item === 'object' && item !== null && 'n' in item ? (item as Item) : undefined;

it('gives the next run what was added and not done, in order, and forgets the rest', async () => {
  const path = join(await tempDir(), 'spool');
  const first = await openSpool(path, read, silentLog);
  expect(first.left).toEqual([]);
  for (const n of [1, 2, 3]) first.add(`c${n}`, { n });
  first.done('c2');
  await first.close();
  const second = await openSpool(path, read, silentLog);
  expect(second.left).toEqual([
    { id: 'c1', item: { n: 1 } },
    { id: 'c3', item: { n: 3 } },
  ]);
  second.done('c1');
  await second.close();
  const third = await openSpool(path, read, silentLog);
  expect(third.left).toEqual([{ id: 'c3', item: { n: 3 } }]);
  await third.close();
  expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('reads around a torn line', async () => {
  const path = join(await tempDir(), 'spool');
  await writeFile(path, '{"v":1,"id":"c1","item":{"n":1}}\n{"v":1,"id":"c2","it');
  const spool = await openSpool(path, read, silentLog);
  expect(spool.left).toEqual([{ id: 'c1', item: { n: 1 } }]);
  await spool.close();
});

it('tells when the file cannot be opened, and needs none', async () => {
  await expect(openSpool('/nowhere/at/all', read, silentLog)).rejects.toMatchObject({ code: 'STORE_OPEN' });
  const none = await openSpool(undefined, read, silentLog);
  none.add('c1', { n: 1 });
  expect(none.left).toEqual([]);
});

it('reads one that grew for weeks from its end', async () => {
  const path = join(await tempDir(), 'spool');
  await writeFile(path, '');
  await truncate(path, 3 * 1024 ** 3);
  await appendFile(path, '\n{"v":1,"id":"c1","item":{"n":1}}\n');
  const spool = await openSpool(path, read, silentLog);
  expect(spool.left).toEqual([{ id: 'c1', item: { n: 1 } }]);
  await spool.close();
});
