import { afterEach, expect, it } from 'vitest';
import { threadCpuMs } from '../../src/gateway/media/load-meter.ts';

const { threadCpuUsage } = process;
afterEach(() => {
  process.threadCpuUsage = threadCpuUsage;
});

/** What a thread took of the CPU while it waited in the kernel for 200 ms, and then while it worked for as long, ms. */
function taken(): { readonly idle: number; readonly busy: number } {
  const [start, waited] = [threadCpuMs(), Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)];
  expect(waited).toBe('timed-out');
  const idle = threadCpuMs() - start;
  const before = threadCpuMs();
  const end = performance.now() + 5_000;
  while (threadCpuMs() - before < 50 && performance.now() < end);
  return { idle, busy: threadCpuMs() - before };
}

it('takes no wait in the kernel for work', () => {
  const { idle, busy } = taken();
  expect(idle).toBeLessThan(100);
  expect(busy).toBeGreaterThanOrEqual(50);
});

it.runIf(process.platform === 'linux')('nor where Node does not tell the CPU time of a thread', () => {
  process.threadCpuUsage = undefined as unknown as typeof threadCpuUsage;
  const { idle, busy } = taken();
  expect(idle).toBeLessThan(100);
  expect(busy).toBeGreaterThanOrEqual(50);
});
