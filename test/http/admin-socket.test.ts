import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { servers } from './servers.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'msgw-admin-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function statusOf(socketPath: string, path: string, host = 'any.name'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

it('listens on a Unix socket with the mode that is wanted, and removes it', async () => {
  const path = join(folder(), 'admin.sock');
  const { adminUrl, close, lines } = await servers({ admin: { socket: { path, mode: 0o660 } } });
  expect(adminUrl).toBe(`unix:${path}`);
  expect((statSync(path).mode & 0o777).toString(8)).toBe('660');
  expect(await statusOf(path, '/calls')).toBe(200);
  expect(lines).toEqual([]);
  await close();
  expect(existsSync(path)).toBe(false);
});

it('takes the place of a socket that nobody listens on; not of one that is used, nor of a file', async () => {
  const path = join(folder(), 'admin.sock');
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, resolve));
  // As after kill -9: the file stays.
  const kept = `${path}.kept`;
  renameSync(path, kept);
  await new Promise((resolve) => dead.close(resolve));
  renameSync(kept, path);
  await servers({ admin: { socket: { path, mode: 0o600 } } });
  expect(await statusOf(path, '/health/live')).toBe(200);
  await expect(servers({ admin: { socket: { path, mode: 0o600 } } })).rejects.toMatchObject({
    code: 'HTTP_LISTEN',
    message: expect.stringContaining(path),
  });
  expect(await statusOf(path, '/health/live')).toBe(200);
  const file = join(folder(), 'precious');
  writeFileSync(file, 'x');
  await expect(servers({ admin: { socket: { path: file, mode: 0o600 } } })).rejects.toThrow();
  expect(existsSync(file)).toBe(true);
});
