import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';

/** A runner that has one program, which holds the runner's output open, and waits. */
const RUNNER = `
  const { takeChildrenAlong } = await import(${JSON.stringify(new URL('./children.ts', import.meta.url).href)});
  takeChildrenAlong();
  const { spawn } = await import('node:child_process');
  const child = spawn('sleep', ['600'], { stdio: 'inherit' });
  child.once('spawn', () => console.log(child.pid));
  setInterval(() => {}, 60_000);
`;

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a runner that %s ends takes its programs along', async (signal, code) => {
  const runner = spawn(process.execPath, ['--input-type=module', '--eval', RUNNER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = (await once(createInterface(runner.stdout), 'line')) as [string];
  onTestFinished(() => {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It is gone, as it should be.
    }
  });
  runner.kill(signal);
  // Not before the last one that writes there is gone.
  expect(await once(runner, 'close')).toEqual([code, null]);
});
