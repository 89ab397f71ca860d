import { expect, it } from 'vitest';
import { PacketBudget } from '../../../src/media/rtp/packet-budget.ts';

it('takes every packet of 10 ms for an hour, and two seconds of them at once after a stall', () => {
  const budget = new PacketBudget();
  let refused = 0;
  for (let ms = 0; ms < 3_600_000; ms += 10) if (!budget.take(ms)) refused += 1;
  for (let i = 0; i < 200; i++) if (!budget.take(3_602_000)) refused += 1;
  expect(refused).toBe(0);
});

it('lets 300 a second of a flood through, and recovers', () => {
  const budget = new PacketBudget();
  let taken = 0;
  // 10,000 a second, for ten seconds.
  for (let i = 0; i < 100_000; i++) if (budget.take(i / 10)) taken += 1;
  expect(taken).toBeGreaterThan(3_200);
  expect(taken).toBeLessThan(3_400);
  expect(budget.take(11_000)).toBe(true);
  expect(budget.take(11_000)).toBe(true);
});

it('a clock that stands still or goes back gives nothing', () => {
  const budget = new PacketBudget();
  let taken = 0;
  for (let i = 0; i < 1_000; i++) if (budget.take(i % 2 === 0 ? 5_000 : 4_000)) taken += 1;
  expect(taken).toBe(300);
});
