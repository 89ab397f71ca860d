import { expect, it } from 'vitest';
import type { WorkerReport } from '../../src/gateway/media/protocol.ts';
import { SlotTotals } from '../../src/gateway/media/slot-totals.ts';
import { Totals } from '../../src/media/bridge/totals.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

function report(cpuMs: number, received: number, malformed: number): WorkerReport {
  const packets = new Totals();
  packets.consumer.received = received;
  packets.dropped.malformed = malformed;
  return { calls: 1, cpuMs, cpuShare: 0.5, tickLateMs: 3, realtime: false, packets };
}

it('counts on over the deaths of workers, and never back', () => {
  const totals = new SlotTotals(0, new FakeClock());
  const seen = (): readonly unknown[] => {
    const { cpuSeconds, packets, restarts, cpuShare } = totals.read(true, 0);
    return [cpuSeconds, packets.consumer.received, packets.dropped.malformed, restarts, cpuShare];
  };
  expect(seen()).toEqual([0, 0, 0, 0, 0]);
  totals.take(report(1_000, 10, 1));
  totals.take(report(2_000, 30, 2));
  expect(seen()).toEqual([2, 30, 2, 0, 0.5]);
  totals.died();
  expect(seen()).toEqual([2, 30, 2, 1, 0]);
  // One that died before it said anything.
  totals.died();
  expect(seen()).toEqual([2, 30, 2, 2, 0]);
  totals.take(report(500, 5, 0));
  expect(seen()).toEqual([2.5, 35, 2, 2, 0.5]);
  expect(totals.steadyShare).toBe(0);
});
