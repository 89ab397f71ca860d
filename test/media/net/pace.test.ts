import { expect, it } from 'vitest';
import { Pace } from '../../../src/media/net/linux/pace.ts';

/** A thread that wakes, takes what came meanwhile, and works on it; what it slept, and from wake-up to wake-up, us. */
function turns(packetsPerMs: number, workUs: number, gapUs = () => 0) {
  const pace = new Pace();
  const seen: { readonly pause: number; readonly turn: number; readonly packets: number }[] = [];
  let nowUs = 10_000;
  let wokeUs = nowUs;
  let takenUs = nowUs - 1_000;
  for (let i = 0; i < 200; i++) {
    const packets = Math.floor((nowUs * packetsPerMs) / 1_000) - Math.floor((takenUs * packetsPerMs) / 1_000);
    takenUs = nowUs;
    nowUs += packets * workUs + gapUs();
    const pause = pace.pauseUs(packets, true, nowUs);
    nowUs += pause;
    seen.push({ pause, turn: nowUs - wokeUs, packets });
    wokeUs = nowUs;
  }
  return seen.slice(50);
}

it('wakes a fixed time after it woke, whatever it did meanwhile', () => {
  expect(new Set(turns(20, 22).map(({ turn }) => turn))).toEqual(new Set([1_200]));
  let round = 0;
  // Every third time other work takes long.
  const busy = turns(20, 22, () => (round++ % 3 === 0 ? 600 : 0));
  expect(new Set(busy.map(({ turn }) => turn))).toEqual(new Set([1_200]));
});

it('wakes less often for few', () => {
  expect(new Set(turns(2, 40).map(({ turn }) => turn))).toEqual(new Set([1_600]));
});

it('does not take the few behind a batch that was too long to sleep after for few', () => {
  let round = 0;
  const stumbling = turns(20, 22, () => (round++ % 10 === 0 ? 1_500 : 0));
  expect(stumbling.some(({ pause }) => pause === 0)).toBe(true);
  expect(Math.max(...stumbling.map(({ pause }) => pause))).toBeLessThan(1_200);
});

it('never sleeps for longer than a turn, whatever the clock did since it woke', () => {
  const wrapped = (ms: number): number => (ms * 1_000) | 0;
  for (const minutes of [0, 1, 30, 36, 40, 60, 71, 72, 80, 200]) {
    const pace = new Pace();
    pace.pauseUs(20, true, wrapped(500));
    expect(pace.pauseUs(20, true, wrapped(500 + minutes * 60_000))).toBeLessThanOrEqual(1_600);
  }
  // A signal cuts each sleep short at once: what was not slept is not made up for.
  const pace = new Pace();
  const pauses = Array.from({ length: 1_000 }, (_, i) => pace.pauseUs(20, true, 1_000 + i * 400));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(1_600);
});

it('never sleeps while packets wait, nor when nothing came: the kernel wakes it', () => {
  const pace = new Pace();
  expect(pace.pauseUs(0, true, 1_000)).toBe(0);
  expect(pace.pauseUs(3, true, 2_000)).toBe(1_600 - 3 * 30);
  // A flood of one port is a batch of eight packets, and more behind them.
  expect(pace.pauseUs(8, false, 5_000)).toBe(0);
  expect(pace.pauseUs(8, false, 5_300)).toBe(0);
});
