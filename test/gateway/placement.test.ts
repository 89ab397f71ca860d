import { expect, it } from 'vitest';
import { costOfCall, isFull, type Placeable, place } from '../../src/gateway/media/placement.ts';

const worker = (of: Partial<Placeable>): Placeable => ({
  state: 'up',
  cpuShare: 0,
  calls: 0,
  unmeasured: 0,
  ...of,
});

it('takes the worker with the least CPU, whatever the number of its calls', () => {
  const workers = [worker({ cpuShare: 0.5, calls: 10 }), worker({ cpuShare: 0.2, calls: 60 })];
  expect(place(workers)).toBe(workers[1]);
});

it('takes the one with fewer calls when the CPU is the same but for noise', () => {
  const workers = [worker({ cpuShare: 0.201, calls: 41 }), worker({ cpuShare: 0.21, calls: 40 })];
  expect(place(workers)).toBe(workers[1]);
});

it('counts calls that were opened since the last report as what calls cost here', () => {
  const busy = worker({ cpuShare: 0.3, calls: 30 });
  const filling = worker({ cpuShare: 0.2, calls: 40, unmeasured: 20 });
  expect(costOfCall([busy, filling])).toBeCloseTo(0.01);
  expect(place([busy, filling])).toBe(busy);
});

it('spreads a burst within one second over all workers', () => {
  const workers = [0, 1, 2, 3].map(() => ({ state: 'up' as const, cpuShare: 0.1, calls: 0, unmeasured: 0 }));
  for (let i = 0; i < 40; i++) {
    const chosen = place(workers);
    if (!chosen) throw new Error('no worker');
    chosen.calls += 1;
    chosen.unmeasured += 1;
  }
  expect(workers.map(({ calls }) => calls)).toEqual([10, 10, 10, 10]);
});

it('takes no worker that is dead, one that starts only when none is up, and none when all are dead', () => {
  const [up, starting, dead] = [
    worker({ cpuShare: 0.9, calls: 90 }),
    worker({ state: 'starting' }),
    worker({ state: 'dead' }),
  ];
  expect(place([dead, starting, up])).toBe(up);
  expect(place([dead, starting])).toBe(starting);
  expect(place([dead])).toBeUndefined();
});

it('is full when every worker that is up takes the limit, with what its newest calls are going to take', () => {
  const at = (steadyShare: number, of: Partial<Placeable> = {}) => ({
    ...worker({ cpuShare: steadyShare, ...of }),
    steadyShare,
  });
  expect(isFull([at(0.95), at(0.91)], 0.9)).toBe(true);
  expect(isFull([at(0.95), at(0.5)], 0.9)).toBe(false);
  // One measured call costs 0.01: 50 new ones cost half a core more.
  expect(isFull([at(0.5, { calls: 100, unmeasured: 50 })], 0.9)).toBe(true);
  // A second of work after an idle one is no load yet.
  expect(isFull([{ ...at(0), cpuShare: 1 }], 0.9)).toBe(false);
  expect(isFull([at(0.95), at(0, { state: 'dead' }), at(0, { state: 'starting' })], 0.9)).toBe(true);
  expect(isFull([at(0, { state: 'dead' })], 0.9)).toBe(false);
});

it('is not full of a few calls that ring, when set-ups or the first call are most of what a worker does', () => {
  const worker = { state: 'up' as const, cpuShare: 0.4, steadyShare: 0.08, calls: 11, unmeasured: 10 };
  expect(isFull([worker], 0.9)).toBe(false);
  expect(isFull([{ ...worker, steadyShare: 0.8 }], 0.9)).toBe(true);
});
