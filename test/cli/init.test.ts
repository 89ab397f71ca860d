import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { exampleFor } from '../../src/cli/init-command.ts';
import { configJsonSchema } from '../../src/config/index.ts';
import { configOf } from '../config/example.ts';
import { folder, msgw } from './support/meta-world.ts';

const root = new URL('../..', import.meta.url).pathname;
const schemaOf = (text: string): string => /^# yaml-language-server: \$schema=(.+)$/m.exec(text)?.[1] ?? '';

it('writes a configuration whose editor finds the schema, and never over another', async () => {
  const [first, at] = [folder(), 'gateway.yaml'];
  const file = join(first, at);
  expect(await msgw(['init', file])).toMatchObject({ code: 0, out: expect.stringContaining('msgw check') });
  const text = readFileSync(file, 'utf8');
  expect(configOf(text).limits.maxCalls).toBe(100);
  expect(readFileSync(resolve(first, schemaOf(text)), 'utf8')).toBe(configJsonSchema());
  expect(text).not.toContain('In a copy');

  writeFileSync(file, 'mine');
  const { code, out } = await msgw(['init', file, '--json']);
  expect([code, JSON.parse(out)]).toMatchObject([1, { ok: false, problems: [{ field: file }] }]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

it('names the schema beside it by a way that goes with it, as in a clone', () => {
  expect(schemaOf(exampleFor(root))).toBe('./config/schema.json');
  expect(schemaOf(exampleFor(join(root, 'config')))).toBe('./schema.json');
  expect(existsSync(schemaOf(exampleFor('/etc/msgw')))).toBe(true);
});
