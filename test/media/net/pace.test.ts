import { expect, it } from 'vitest';
import { pauseUs } from '../../../src/media/net/linux/pace.ts';

it('sleeps after packets, less after many, and never while some wait', () => {
  expect(pauseUs(0, true)).toBe(0);
  expect(pauseUs(1, true)).toBeGreaterThan(pauseUs(20, true));
  expect(pauseUs(20, true)).toBeGreaterThan(0);
  expect(pauseUs(5_000, true)).toBe(0);
  // A flood of one port is a batch of eight packets, and more behind them.
  expect(pauseUs(8, false)).toBe(0);
});
