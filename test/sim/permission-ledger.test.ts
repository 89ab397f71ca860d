import { expect, it } from 'vitest';
import { PermissionLedger } from '../../src/sim/permission-ledger.ts';

const HOUR = 3_600_000;

it('a grant lasts seven days, and the next one counts from then on', () => {
  const ledger = new PermissionLedger();
  expect(ledger.until('7', 0)).toBeUndefined();
  expect(ledger.grant('7', 0)).toBe(168 * HOUR);
  expect(ledger.until('7', 168 * HOUR - 1)).toBe(168 * HOUR);
  expect(ledger.until('7', 168 * HOUR)).toBeUndefined();
  ledger.grant('7', 100 * HOUR);
  expect(ledger.until('7', 200 * HOUR)).toBe(268 * HOUR);
  ledger.revoke('7');
  expect(ledger.until('7', 200 * HOUR)).toBeUndefined();
});

it('two requests in 24 hours, whatever hours these are', () => {
  const ledger = new PermissionLedger();
  expect([ledger.request('7', 0), ledger.request('7', HOUR), ledger.request('7', 2 * HOUR)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(ledger.used('7', 2 * HOUR)).toBe(2);
  expect(ledger.request('8', 2 * HOUR), 'another person').toBe(true);
  expect(ledger.request('7', 24 * HOUR - 1)).toBe(false);
  expect(ledger.request('7', 24 * HOUR)).toBe(true);
  expect(ledger.used('7', 24 * HOUR)).toBe(2);
});
