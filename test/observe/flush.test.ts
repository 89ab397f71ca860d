import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/observe/index.ts';

const LINES = 5_000;

/** A real process whose last deed is `script`; what it wrote to standard error, and the signal that ended it. */
async function written(script: string): Promise<{ text: string; signal: unknown }> {
  const module = new URL('../../src/observe/index.ts', import.meta.url).href;
  const code = `import { createLogger } from ${JSON.stringify(module)};
    const log = createLogger({ level: 'info' });
    for (let n = 0; n < ${LINES}; n++) log.info({ n }, 'x.y');
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    text += data;
  });
  const [, signal] = (await once(child, 'close')) as [unknown, unknown];
  return { text, signal };
}

const numbers = (text: string): number[] =>
  [...text.matchAll(/"n":(\d+),"msg":"x\.y"/g)].map(([, n]) => Number(n));
const all = Array.from({ length: LINES }, (_, n) => n);

describe('lines on standard error', () => {
  it('are all there and in order after flush, whatever comes then', async () => {
    const { text, signal } = await written(`await log.flush(); process.kill(process.pid, 'SIGKILL');`);
    expect(signal).toBe('SIGKILL');
    expect(numbers(text)).toEqual(all);
  });

  it('can be flushed through a child, again and again, and with nothing to write', async () => {
    const { text } = await written(
      `const call = log.child({ callId: 'c_1' });
       await Promise.all([call.flush(), log.flush()]); await log.flush();
       call.info({ n: ${LINES} }, 'x.y'); await call.flush();
       process.kill(process.pid, 'SIGKILL');`,
    );
    expect(numbers(text)).toEqual([...all, LINES]);
  });

  it('are all there after an ordinary end, without flush', async () => {
    for (const end of ['process.exit(0);', '', `throw new Error('a bug');`]) {
      expect(numbers((await written(end)).text)).toEqual(all);
    }
  });
});

it('has nothing to wait for where the destination is not its own', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  log.info({}, 'x.y');
  await log.flush();
  expect(lines).toHaveLength(1);
});
