import { chmodSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { notifyServiceManager } from '../../src/cli/service-manager.ts';

/** A folder with a `systemd-notify` that writes down what it was given. */
function program(): { folder: string; told: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'systemd-notify');
  writeFileSync(
    file,
    `#!/bin/sh\necho "$NOTIFY_SOCKET $*" > "${folder}/told.new"\nmv "${folder}/told.new" "${folder}/told"\n`,
  );
  chmodSync(file, 0o755);
  return { folder, told: () => readFileSync(join(folder, 'told'), 'utf8') };
}

it('tells systemd of our process, where systemd asked for it', async () => {
  const { folder, told } = program();
  const written = new Promise<void>((resolve) => {
    const watcher = watch(folder, (_, name) => name === 'told' && resolve());
    onTestFinished(() => watcher.close());
  });
  const env = { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: '/run/notify' };
  notifyServiceManager('READY=1', env);
  await written;
  expect(told()).toBe(`/run/notify --pid=${process.pid} READY=1\n`);
});

it('starts no program without systemd, and survives when there is none', () => {
  const { folder } = program();
  notifyServiceManager('READY=1', { PATH: folder });
  notifyServiceManager('READY=1', { PATH: '/nowhere', NOTIFY_SOCKET: '/run/notify' });
  expect(() => readFileSync(join(folder, 'told'))).toThrow();
});
