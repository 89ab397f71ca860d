import { expect, it } from 'vitest';
import { recordText } from '../../src/cli/demo/print.ts';
import { record } from '../store/records/support.ts';

it('a record has a line for each field, none wider than a terminal, and all that is in it', () => {
  const made = { ...record('c_1'), media: { consumer: { mos: 4.1, codec: { name: 'opus' } } } };
  const lines = recordText(made).split('\n');
  expect(lines.length).toBeGreaterThan(Object.keys(made).length / 2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(110);
  expect(lines.join('\n')).toContain("codec: { name: 'opus' }");
  for (const key of Object.keys(made)) expect(lines.join('\n')).toContain(`${key}:`);
});
