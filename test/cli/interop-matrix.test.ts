import { expect, it } from 'vitest';
import { matrix, withInteropMatrix } from '../../src/cli/interop-matrix.ts';
import { judge, readReport } from '../interop/matrix/matrix.ts';

const ran = (name: string, passed = true): { file: string; name: string; passed: boolean } => ({
  file: '/somewhere/test/interop/asterisk/echo.test.ts',
  name,
  passed,
});
const claim = { feature: 'PCMU', peer: 'Asterisk 22', file: 'interop/asterisk/echo', tests: /PCMU/ } as const;

it('counts the tests that show a feature, and lists what nobody has shown', () => {
  const { rows, unproved } = judge(
    [claim],
    ['fax'],
    [ran('Echo, PCMU'), ran('again PCMU'), ran('PCMA', false)],
  );
  expect(unproved).toEqual([]);
  expect(rows).toEqual([
    { feature: 'PCMU', ci: { 'Asterisk 22': 2 }, hand: {} },
    { feature: 'fax', ci: {}, hand: {} },
  ]);
});

it.each([
  ['no test of it ran', [ran('PCMA')], 'PCMU, Asterisk 22: no test ran'],
  ['one of its tests failed', [ran('PCMU'), ran('PCMU, later', false)], 'PCMU, Asterisk 22: 1 of 2 failed'],
])('claims nothing when %s', (_, tests, said) => {
  expect(judge([claim], [], tests)).toEqual({
    rows: [{ feature: 'PCMU', ci: {}, hand: {} }],
    unproved: [said],
  });
});

it('leaves out tests that were left out', () => {
  const assertionResults = ['passed', 'failed', 'skipped', 'pending'].map((status) => ({
    fullName: status,
    status,
  }));
  const report = JSON.stringify({ testResults: [{ name: '/a.test.ts', assertionResults }] });
  expect(readReport(report).map(({ name }) => name)).toEqual(['passed', 'failed']);
});

it('puts the table between the markers of the page, whatever was there', () => {
  const results = JSON.stringify({
    peers: ['Asterisk 22', 'sipp'],
    rows: [
      { feature: 'PCMU', ci: { 'Asterisk 22': 2 }, hand: {} },
      { feature: 'load', ci: {}, hand: { sipp: 1 } },
    ],
  });
  expect(matrix(results).replaceAll(/ +/g, ' ').split('\n').slice(2)).toEqual([
    '| PCMU | CI (2) | - |',
    '| load | - | by hand (1) |',
  ]);
  const begin =
    '<!-- interop: generated from test/interop/results.json, which `npm run test:interop` writes -->';
  const page = withInteropMatrix(`before\n${begin}\nold\n<!-- /interop -->\nafter`, results);
  expect(page).toBe(`before\n${begin}\n\n${matrix(results)}\n\n<!-- /interop -->\nafter`);
  expect(withInteropMatrix(page, results)).toBe(page);
  expect(() => withInteropMatrix('no markers', results)).toThrow('the page has no');
});
