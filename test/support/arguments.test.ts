import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

it.each(['test/bench/run.ts', 'test/fuzz/run.ts', 'test/sip-server/conformance/run.ts'])(
  '%s explains itself, and runs nothing when an option is misspelt',
  (program) => {
    const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8' });
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: /) });
    const wrong = run('--jsn');
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/--jsn.*\n(?:.*\n)*usage: /);
    expect(wrong.stderr).not.toContain('    at ');
  },
);
