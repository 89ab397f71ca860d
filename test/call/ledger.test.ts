import { describe, expect, test } from 'vitest';
import { Ledger, type LedgerTime } from '../../src/call/index.ts';
import { T0 } from './harness.ts';

const HOUR = 3_600_000;
/** Both clocks tell the same. */
const at = (ms: number): LedgerTime => ({ monotonicMs: ms, wallMs: ms });
const item = { pageId: '102', callId: 'c_1', event: 'connect', timestamp: 1_789_000_000 };

describe('de-duplication', () => {
  test('the same item is new once, for 48 h', () => {
    const ledger = new Ledger();
    expect(ledger.isNew(item, T0)).toBe(true);
    expect(ledger.isNew({ ...item, timestamp: '1789000000' }, T0 + 48 * HOUR)).toBe(false);
    expect(ledger.isNew(item, T0 + 48 * HOUR + 1)).toBe(true);
  });

  test.each([
    { pageId: '103' },
    { callId: 'c_2' },
    { event: 'terminate' },
    { timestamp: 1_789_000_001 },
    { variant: 1 },
    // Parts are not glued together.
    { callId: 'c', event: '_1connect' },
  ])('another item: %o', (other) => {
    const ledger = new Ledger();
    ledger.isNew(item, T0);
    expect(ledger.isNew({ ...item, ...other }, T0)).toBe(true);
  });

  test('memory is bounded: the oldest goes first', () => {
    const ledger = new Ledger({ dedupMax: 3 });
    for (const id of ['a', 'b', 'c', 'd']) ledger.isNew({ ...item, callId: id }, T0);
    expect(ledger.dump().seen).toBe(3);
    expect(ledger.isNew({ ...item, callId: 'd' }, T0)).toBe(false);
    expect(ledger.isNew({ ...item, callId: 'a' }, T0)).toBe(true);
  });

  test('what is too old is dropped as new items come', () => {
    const ledger = new Ledger({ dedupMs: 1_000 });
    ledger.isNew({ ...item, callId: 'a' }, T0);
    ledger.isNew({ ...item, callId: 'b' }, T0 + 2_000);
    expect(ledger.dump().seen).toBe(1);
  });
});

describe('connect', () => {
  const connect = (timestampMs: number | undefined) => ({ callId: 'c_1', timestampMs });

  test('after its terminate it never rings', () => {
    const ledger = new Ledger();
    ledger.bury('c_1', 'Completed', T0);
    expect(ledger.judgeConnect(connect(T0), at(T0 + HOUR))).toEqual({
      verdict: 'tombstoned',
      status: 'Completed',
    });
    expect(ledger.judgeConnect({ callId: 'c_2', timestampMs: T0 }, at(T0))).toEqual({
      verdict: 'ring',
      skewed: false,
    });
  });

  test('older than 60 s it does not ring', () => {
    const ledger = new Ledger();
    expect(ledger.judgeConnect(connect(T0 - 60_000), at(T0)).verdict).toBe('ring');
    expect(ledger.judgeConnect(connect(T0 - 60_001), at(T0))).toEqual({ verdict: 'stale', ageMs: 60_001 });
  });

  test('a stamp ahead of our clock rings; beyond 120 s the operator should know', () => {
    const ledger = new Ledger();
    expect(ledger.judgeConnect(connect(T0 + 120_000), at(T0))).toEqual({ verdict: 'ring', skewed: false });
    expect(ledger.judgeConnect(connect(T0 + 120_001), at(T0))).toEqual({ verdict: 'ring', skewed: true });
    expect(ledger.judgeConnect(connect(undefined), at(T0)).verdict).toBe('ring');
  });

  test('tombstones are bounded too', () => {
    const ledger = new Ledger({ tombstoneMax: 2 });
    for (const id of ['a', 'b', 'c']) ledger.bury(id, 'Completed', T0);
    expect(ledger.dump().tombstones).toBe(2);
  });

  describe.each([
    ['forward by a year', 365 * 24 * HOUR],
    ['back by a year', -365 * 24 * HOUR],
  ])('a clock that is set %s', (_, jumpMs) => {
    const later = (ms: number): LedgerTime => ({ monotonicMs: ms, wallMs: T0 + ms + jumpMs });

    test('forgets no call that is over, and keeps none longer', () => {
      const ledger = new Ledger();
      ledger.bury('c_1', 'Completed', 0, true);
      expect(ledger.judgeConnect(connect(undefined), later(2 * HOUR)).verdict).toBe('recorded');
      expect(ledger.judgeConnect(connect(undefined), later(2 * HOUR + 1)).verdict).toBe('ring');
    });

    test('still compares with the stamps of Meta', () => {
      const verdict = new Ledger().judgeConnect(connect(T0), later(0));
      expect(verdict).toEqual(
        jumpMs > 0 ? { verdict: 'stale', ageMs: jumpMs } : { verdict: 'ring', skewed: true },
      );
    });
  });
});
