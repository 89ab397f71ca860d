import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const program = new URL('../../.ci/why.mjs', import.meta.url).pathname;

function why(log: string, characters: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-why-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'log'), log);
  return execFileSync(process.execPath, [program, join(folder, 'log'), String(characters)], {
    encoding: 'utf8',
  });
}

/** As Vitest prints it in colour. */
const failure = (name: string, error: string): string =>
  `\u001b[41m\u001b[1m FAIL \u001b[22m\u001b[49m \u001b[42m rooms \u001b[49m ${name}\n${
    error === '' ? '' : `\u001b[31m\u001b[1mAssertionError\u001b[22m: ${error}\u001b[39m\n`
  }`;
const frame = (place: string): string =>
  ` \u001b[36m❯\u001b[39m ${place}\n    10| code\n    11| more code\n\n⎯⎯⎯⎯⎯⎯⎯⎯[1/9]⎯\n\n`;
const passed = ' ✓  rooms  test/any.test.ts (3 tests) 12ms\n'.repeat(5_000);
const end = '\n Test Files  9 failed | 413 passed (422)\n      Tests  9 failed | 5555 passed (5564)\n';

it('names every failed test and its error before the end of the log, without colours and within its characters', () => {
  const names = Array.from(
    { length: 9 },
    (_, i) => `test/room/noun-${i}.test.ts > says what it does, case ${i}`,
  );
  const failures = names.map(
    (name, i) =>
      failure(name, `expected ${i} to be ${i + 100}\n\n- Expected\n+ Received\n\n${'+ x\n'.repeat(3_000)}`) +
      frame(`test/room/noun-${i}.test.ts:20:5`),
  );
  const told = why(`${passed}⎯⎯⎯⎯ Failed Tests 9 ⎯⎯⎯⎯\n\n${failures.join('')}${passed}${end}`, 3_000);
  expect(told.length).toBeLessThanOrEqual(3_000);
  expect(told).not.toContain('\u001b');
  const tail = told.indexOf('... the end of it:');
  for (const [i, name] of names.entries()) {
    expect(told.indexOf(name)).toBeLessThan(tail);
    expect(told).toContain(name);
    expect(told).toContain(`AssertionError: expected ${i} to be ${i + 100}`);
  }
  expect(told).toContain('9 failed | 413 passed (422)');
});

it('tells one error of several tests under all their names, and where it was', () => {
  const told = why(
    `${failure('test/a.test.ts > one', '')}${failure('test/b.test.ts > two', 'no phone')}${frame('test/world.ts:7:1')}${end}`,
    2_000,
  );
  expect(told).toMatch(
    /^FAIL.*test\/a\.test\.ts > one\nFAIL.*test\/b\.test\.ts > two\n {2}AssertionError: no phone\n {2}❯ test\/world\.ts:7:1\n/,
  );
});

it('tells what a run with --json found, though its result is one long line', () => {
  const result = {
    runs: 14,
    failures: [
      { kind: 'disk', seed: 43, violations: ['a call is left', 'x'.repeat(5_000)], repeat: 'npm run chaos' },
    ],
    met: { notes: 'y'.repeat(9_000) },
  };
  const told = why(`disk seed 43: clean\n${JSON.stringify(result)}\n`, 2_000);
  expect(told).toMatch(/^failures: \{"kind":"disk","seed":43,"violations":\["a call is left"/);
  expect(told.length).toBeLessThanOrEqual(2_000);
});

it('has of any other log what a compiler complained of, and the end', () => {
  const told = why(`src/a.ts(3,4): error TS2322: no\n${'a line\n'.repeat(2_000)}the last line\n`, 500);
  expect(told).toMatch(/^src\/a\.ts\(3,4\): error TS2322: no\n/);
  expect(told.trimEnd()).toMatch(/the last line$/);
  expect(told.length).toBeLessThanOrEqual(500);
  expect(why('nothing to go by\n', 500)).toBe('nothing to go by\n');
});
