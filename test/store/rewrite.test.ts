import { spawnSync } from 'node:child_process';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rewrite } from '../../src/store/rewrite.ts';
import { tempDir } from './temp-dir.ts';

it('puts no file in the place of what is none, such as a device or a pipe', async () => {
  const folder = await tempDir();
  const path = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  await expect(rewrite(path, 'text')).rejects.toMatchObject({ code: 'STORE_OPEN' });
  expect((await lstat(path)).isFIFO()).toBe(true);
  await rewrite(join(folder, 'file'), 'text');
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('text');
});
