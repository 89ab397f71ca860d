import { expect, it } from 'vitest';
import { exposition, histogram } from '../../../src/observe/family.ts';
import { pauseOf } from './gc-pauses.ts';
import type { Step } from './ladder.ts';
import { longestStopMs, stopsOf } from './media-stops.ts';
import { middleStep } from './rounds.ts';
import { faultOf, search } from './search.ts';

it('reads the stop of a collection from what V8 prints, and nothing from any other line', () => {
  const scavenge =
    '[4711:0x7f0c10000]      412 ms: Scavenge 9.8 (12.4) -> 8.9 (14.1) MB, pooled: 0 MB, 0.82 / 0.00 ms  (average mu = 1.000) allocation failure;';
  const compact =
    '[4711:0x7f0c10000]     9120 ms: Mark-Compact (reduce) 30.1 (33.4) -> 21.0 (30.9) MB, pooled: 2.0 MB, 4.18 / 0.00 ms  (+ 3.1 ms in 12 steps since start of marking)';
  expect(pauseOf(scavenge)).toEqual({ kind: 'Scavenge', ms: 0.82 });
  expect(pauseOf(compact)).toEqual({ kind: 'Mark-Compact', ms: 4.18 });
  expect(pauseOf('{"level":"warn","event":"x","took":"3.2 / 1 ms"}')).toBeUndefined();
});

it("tells the media threads' longest stop from two pages of metrics", async () => {
  const page = async (...workers: readonly (readonly number[])[]): Promise<string> => {
    const all = workers.map(
      (counts, worker) => [{ worker }, { bounds: [0.001, 0.005], counts, sum: 1 }] as const,
    );
    return (await exposition([histogram('msgw_media_worker_gc_pause_seconds', 'stops', all)])).text;
  };
  const before = stopsOf(await page([7, 1, 1]));
  const longest = async (...workers: readonly (readonly number[])[]): Promise<number> =>
    longestStopMs(before, stopsOf(await page(...workers)));
  expect(await longest([7, 1, 1])).toBe(0);
  expect(await longest([9, 1, 1])).toBe(1);
  expect(await longest([8, 2, 1])).toBe(5);
  expect(await longest([9, 1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(await longest([9, 1, 1], [0, 1, 0])).toBe(5);
  expect(() => stopsOf('msgw_up 1\n')).toThrow('no stops');
});

const way = { sent: 1_000, received: 1_000, duplicates: 0, unplaced: 0, slips: 0, silent: 0 };
const step = (calls: number, p99Ms: number, more: { lost?: number; lagP99Ms?: number } = {}): Step => {
  const each = { ...way, p50Ms: 0.1, p99Ms, p999Ms: p99Ms, maxMs: p99Ms };
  const load = {
    toPhone: each,
    toConsumer: each,
    lagP99Ms: more.lagP99Ms ?? 0.1,
    lagMaxMs: 1,
    untimed: 0,
    forged: 0,
  };
  return {
    calls,
    cpuMs: 1,
    busy: 0.5,
    rssBytes: 1,
    refused: 0,
    load,
    lost: more.lost ?? 0,
    pauseMs: 0,
    mediaPauseMs: 0,
  };
};

it('tells what was over the limit: the carrier or the load program', () => {
  expect(faultOf(step(10, 1.9), 2)).toBeUndefined();
  expect(faultOf(step(10, 2.1), 2)).toBe('latency');
  expect(faultOf(step(10, 1, { lost: 3 }), 2)).toBe('loss');
  expect(faultOf(step(10, 2.1, { lagP99Ms: 6 }), 2)).toBe('load program');
  expect(faultOf({ ...step(10, 1), busy: 0.99 }, 2)).toBe('core');
});

it('looks upward until a step is over the limit, then between; what is late once is held again, and only what was held counts', async () => {
  const held: number[] = [];
  const hold = (calls: number): Promise<Step> => {
    held.push(calls);
    return Promise.resolve(step(calls, calls <= 270 ? 1 : 9));
  };
  expect(await search([step(20, 1), step(200, 1)], 2, 1_000, hold)).toEqual({
    calls: 263,
    because: 'latency',
  });
  expect(held).toEqual([300, 300, 250, 275, 275, 263]);
});

it('ends at the most calls, and where a call cannot be set up', async () => {
  const fine = (calls: number): Promise<Step> => Promise.resolve(step(calls, 1));
  expect(await search([step(20, 1)], 2, 24, fine)).toEqual({ calls: 24, because: 'most calls' });
  const refuse = (): Promise<Step> => Promise.reject(new Error('no ports'));
  expect(await search([step(20, 1)], 2, 100, refuse)).toEqual({ calls: 20, because: 'set-up' });
  expect(await search([step(20, 9)], 2, 100, () => Promise.resolve(step(10, 9)))).toMatchObject({ calls: 0 });
});

it('takes the middle of what was measured in several runs, and hides no loss', () => {
  const runs = [
    { ...step(10, 4), cpuMs: 5, pauseMs: 1 },
    { ...step(10, 2, { lost: 7 }), cpuMs: 3, pauseMs: 9 },
    { ...step(10, 3), cpuMs: 4, pauseMs: 2 },
  ];
  const one = middleStep(runs);
  expect(one).toMatchObject({ calls: 10, cpuMs: 4, pauseMs: 9, lost: 7 });
  expect(one.load.toPhone).toMatchObject({ p99Ms: 3, sent: 3_000 });
});
