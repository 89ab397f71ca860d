import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { diagnose } from '../../../src/cli/doctor/doctor.ts';
import { example } from '../../config/example.ts';

it('a secret that every user of this machine can read is to look at', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-modes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  let text = example.replaceAll('/var/lib/msgw', folder);
  for (const name of ['META_APP_SECRET', 'META_VERIFY_TOKEN', 'META_PAGE_TOKEN']) {
    writeFileSync(join(folder, name), 'canary');
    chmodSync(join(folder, name), 0o600);
    text = text.replace(`\${${name}}`, `file:${join(folder, name)}`);
  }
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, text);
  expect(await diagnose({ config, only: ['configuration'] })).toEqual([
    { check: 'configuration', status: 'ok', message: expect.any(String) },
  ]);
  chmodSync(join(folder, 'META_PAGE_TOKEN'), 0o644);
  expect(await diagnose({ config, only: ['configuration'] })).toEqual([
    {
      check: 'configuration',
      status: 'warn',
      about: 'meta.pages[0].accessToken',
      message: expect.stringContaining('every user of this machine can read'),
      remedy: expect.stringContaining('chmod 600'),
    },
  ]);
});
