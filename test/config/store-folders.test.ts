import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { example } from './example.ts';

it('tells of folders that are not there before the gateway does not start for them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const problems = (where: string): readonly { readonly key: string; readonly line: number }[] => {
    const text = example.replaceAll('/var/lib/msgw', where).replaceAll(/\$\{META_\w+\}/g, '${MSGW_TEST_ANY}');
    writeFileSync(file, `${text}\noutbound: { directory: { path: ${where}/numbers.jsonl } }\n`);
    const loaded = loadConfig(file);
    return loaded.ok ? [] : loaded.error;
  };
  process.env['MSGW_TEST_ANY'] = 'x';
  onTestFinished(() => void delete process.env['MSGW_TEST_ANY']);
  expect(problems(folder)).toEqual([]);
  const missing = join(folder, 'nowhere');
  const found = problems(missing);
  expect(found.map(({ key }) => key)).toEqual(['records.path', 'journal.path', 'outbound.directory.path']);
  expect(found[0]).toMatchObject({
    line: expect.any(Number),
    message: expect.stringContaining(missing),
    remedy: expect.stringContaining(`mkdir -p ${missing}`),
  });
});
