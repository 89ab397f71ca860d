import { expect, it } from 'vitest';
import { NO_COLLECTIONS } from '../../src/gateway/media/collection-meter.ts';
import type { WorkerReport } from '../../src/gateway/media/protocol.ts';
import { SlotTotals } from '../../src/gateway/media/slot-totals.ts';
import { Totals } from '../../src/media/bridge/totals.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

const { bounds } = NO_COLLECTIONS;
const stops = (short: number, long: number): number[] =>
  bounds
    .map(() => 0)
    .with(1, short)
    .concat(long);

function report(cpuMs: number, received: number, malformed: number): WorkerReport {
  const packets = new Totals();
  packets.consumer.received = received;
  packets.dropped.malformed = malformed;
  // One for each second of CPU, and one that was long.
  const collections = { bounds, counts: stops(Math.floor(cpuMs / 1_000), 1), sum: 0.2 };
  return { calls: 1, cpuMs, cpuShare: 0.5, tickLateMs: 3, realtime: false, collections, packets };
}

it('counts on over the deaths of workers, and never back', () => {
  const totals = new SlotTotals(0, new FakeClock());
  const seen = (): readonly unknown[] => {
    const { cpuSeconds, packets, restarts, cpuShare, collections } = totals.read(true, 0);
    const { received } = packets.consumer;
    return [cpuSeconds, received, packets.dropped.malformed, restarts, cpuShare, collections.counts];
  };
  expect(seen()).toEqual([0, 0, 0, 0, 0, stops(0, 0)]);
  totals.take(report(1_000, 10, 1));
  totals.take(report(2_000, 30, 2));
  expect(seen()).toEqual([2, 30, 2, 0, 0.5, stops(2, 1)]);
  totals.died();
  expect(seen()).toEqual([2, 30, 2, 1, 0, stops(2, 1)]);
  // One that died before it said anything.
  totals.died();
  expect(seen()).toEqual([2, 30, 2, 2, 0, stops(2, 1)]);
  totals.take(report(500, 5, 0));
  expect(seen()).toEqual([2.5, 35, 2, 2, 0.5, stops(2, 2)]);
  expect(totals.steadyShare).toBe(0);
});
