import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { threadFacts } from '../../src/gateway/media/thread-facts.ts';

const file = new URL('../../src/gateway/media/thread-facts.ts', import.meta.url).href;

/** A thread that tells its number and then does `stuck`, for ever. */
async function threadThat(stuck: string): Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(file)}).then(({ ownThread }) => {
       parentPort.postMessage(ownThread());
       setTimeout(() => { ${stuck} }, 0);
     });`,
    { eval: true },
  );
  onTestFinished(async () => void (await worker.terminate()));
  const [thread] = (await once(worker, 'message')) as [number];
  return thread;
}

it.runIf(process.platform === 'linux')('a thread that loops is told from one that waits', async () => {
  const [loops, waits] = await Promise.all([
    threadThat('for (;;);'),
    threadThat('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'),
  ]);
  const cpuOf = (thread: number): number => threadFacts(thread)?.cpuMs ?? 0;
  const before = { loops: cpuOf(loops), waits: cpuOf(waits) };
  await expect.poll(() => cpuOf(loops) - before.loops, { timeout: 20_000 }).toBeGreaterThan(200);
  expect(cpuOf(waits) - before.waits).toBeLessThan(100);
  expect(threadFacts(loops)).toMatchObject({ state: 'R', policy: 0 });
  expect(threadFacts(waits)).toMatchObject({
    state: 'S',
    policy: 0,
    wchan: expect.stringContaining('futex'),
  });
});

it('of a thread that is not there nothing is said', () => {
  expect([threadFacts(undefined), threadFacts(2 ** 30)]).toEqual([undefined, undefined]);
});
