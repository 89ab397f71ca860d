import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { SDP, startApp } from './support/app.ts';

const root = new URL('../..', import.meta.url).pathname;

/** A project that has installed the package as it is published: built, without its sources. */
function project(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sip-server-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'messenger-sip-gateway');
  mkdirSync(own, { recursive: true });
  cpSync(join(root, 'package.json'), join(own, 'package.json'));
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  // The JavaScript of the package; that its types are right is what `npm run build` checks.
  const built = ['--outDir', join(own, 'dist'), '--noCheck', '--declaration', 'false'];
  execFileSync(tsc, ['-p', join(root, 'src', 'tsconfig.build.json'), ...built]);
  symlinkSync(join(root, 'node_modules', 'drachtio-srf'), join(modules, 'drachtio-srf'));
  writeFileSync(join(folder, 'example.mjs'), program);
  return folder;
}

test('the example of the README works as it stands, with the built package', {
  timeout: 120_000,
}, async () => {
  const readme = readFileSync(join(root, 'src', 'sip-server', 'README.md'), 'utf8');
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(program).toContain('messenger-sip-gateway/sip-server');
  const child = spawn(process.execPath, ['example.mjs'], {
    cwd: project(program),
    env: { ...process.env, SIP_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [{ address, port }] = JSON.parse(line) as [{ address: string; port: number }];
  const peer = await startApp();
  onTestFinished(() => peer.close());
  const options = async (): Promise<number> => {
    const request = await peer.srf.request(`sip:${address}:${port}`, { method: 'OPTIONS' });
    const [response] = (await once(request, 'response')) as [{ status: number }];
    return response.status;
  };
  // 503 until the application has connected.
  await expect.poll(options).toBe(200);
  await expect(peer.srf.createUAC(`sip:x@${address}:${port}`, { localSdp: SDP(4000) })).rejects.toMatchObject(
    { status: 486 },
  );
});
