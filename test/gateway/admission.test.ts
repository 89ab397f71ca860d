import { expect, it, onTestFinished } from 'vitest';
import { Admission } from '../../src/gateway/admission.ts';
import { LoopLoad } from '../../src/gateway/loop-load.ts';
import { SetupRate } from '../../src/gateway/setup-rate.ts';
import { atMost } from '../../src/shared/at-most.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

const limits = {
  maxCalls: 10,
  maxWorkerLoadPercent: 90,
  // The loop of a clock that jumps stands still.
  maxLoopDelayMs: 10_000,
  setupsPerSecond: 2,
  drainMs: 0,
};

it('lets in twice the rate after a rest, then the rate; workers count as they live', () => {
  const clock = new FakeClock();
  let living = 2;
  let full = false;
  const plane = () => ({
    isFull: () => full,
    stats: Array.from({ length: 3 }, (_, i) => ({ up: i < living }) as never),
  });
  const admission = new Admission({ limits, plane, clock });
  onTestFinished(() => admission.close());
  const ask = (times: number) => Array.from({ length: times }, () => admission.refuse(0) ?? 'in');
  expect(ask(10)).toEqual([...Array(8).fill('in'), 'rate', 'rate']);
  clock.advance(500);
  expect(ask(3)).toEqual(['in', 'in', 'rate']);
  living = 1;
  clock.advance(500);
  expect(ask(2)).toEqual(['in', 'rate']);
  clock.advance(60_000);
  full = true;
  expect(admission.refuse(0)).toBe('workers');
  expect(admission.refuse(10)).toBe('calls');
  full = false;
  // What was refused for another reason has not counted.
  expect(ask(5)).toEqual(['in', 'in', 'in', 'in', 'rate']);
});

it('a rate that changes keeps what was earned', () => {
  const rate = new SetupRate();
  expect(rate.take(1, 0)).toBe(true);
  expect(rate.take(1, 0)).toBe(true);
  expect(rate.take(1, 0)).toBe(false);
  expect(rate.take(10, 100)).toBe(true);
  expect(rate.take(10, 100)).toBe(false);
});

it('a loop that stands still is load only when it lasts', () => {
  const clock = new FakeClock();
  const loop = new LoopLoad(clock);
  onTestFinished(() => loop.close());
  // Nothing of the real loop runs between these: it stood still in both halves of the second.
  clock.advance(500);
  expect(loop.delayMs).toBe(0);
  clock.advance(500);
  expect(loop.delayMs).toBe(500);
});

it('waits at most so long', async () => {
  const clock = new FakeClock();
  const never = atMost(clock, 150, new Promise(() => {}));
  clock.advance(150);
  expect(await never).toBe(false);
  expect(await atMost(clock, 150, Promise.resolve())).toBe(true);
  await expect(atMost(clock, 150, Promise.reject(new Error('no')))).rejects.toThrow('no');
});
