import { expect, it } from 'vitest';
import { contractPage, contractRows } from '../../src/cli/contract/index.ts';
import { report } from './collect.ts';

const row = { of: 'Graph', kind: 'field', what: 'x' } as const;
const test = { file: 'test/meta/x.test.ts', title: 'a > b' };

it('a row without a test, or whose test does not exist, is missing', () => {
  const titles = new Set([`${test.file}#${test.title}`]);
  const other = { ...test, title: 'a > c' };
  const rows = [
    { ...row, test },
    { ...row, test: undefined },
    { ...row, test: other },
  ];
  expect(report(rows, titles)).toEqual({ rows: 3, covered: 1, missing: [rows[1], rows[2]] });
});

it('names a test for every row, and no row twice', () => {
  const rows = contractRows();
  expect(rows.filter(({ test }) => !test)).toEqual([]);
  const names = rows.map(({ of, kind, what }) => `${of}|${kind}|${what}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it('is written between its markers, and again in the same place', () => {
  const once = contractPage('# meta\n\ntext\n');
  expect(once).toMatch(/^# meta\n\ntext\n\n<!-- contract/);
  expect(contractPage(once.replace('| Graph |', '| Old |'))).toBe(once);
});
