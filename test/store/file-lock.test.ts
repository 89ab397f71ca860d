import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockFile } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

it('is held by one at a time, who is named, until it is let go', async () => {
  const path = join(await tempDir(), 'journal.lock');
  const lock = await lockFile(path);
  await expect(lockFile(path)).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: `${path}: process ${process.pid} has it`,
    detail: { path },
  });
  await Promise.all([lock.close(), lock.close()]);
  const next = await lockFile(path);
  await next.close();
});

it('what a killed process left is nobody’s', async () => {
  const folder = await tempDir();
  const path = join(folder, 'journal.lock');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(folder)).toEqual(['journal.lock']);
  const lock = await lockFile(path);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await lock.close();
  expect(await readdir(folder)).toEqual([]);
});

it('a path that is longer than the address of a socket may be, and a file that is no socket', async () => {
  const folder = join(await tempDir(), 'd'.repeat(120));
  await mkdir(folder);
  const path = join(folder, 'journal.lock');
  await writeFile(path, 'left by something else');
  const lock = await lockFile(path);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await lock.close();
  expect(await readdir(folder)).toEqual([]);
});

it('of two who find what a killed process left at once, one has it', async () => {
  const path = join(await tempDir(), 'journal.lock');
  await writeFile(path, '');
  const taken = await Promise.allSettled([lockFile(path), lockFile(path)]);
  const locks = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  expect(locks).toHaveLength(1);
  await Promise.all(locks.map((lock) => lock.close()));
});

it('where no socket can be made, the system says why', async () => {
  const path = join(await tempDir(), 'missing', 'journal.lock');
  await expect(lockFile(path)).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOENT|EACCES)$/) });
});
