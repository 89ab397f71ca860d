import { expect, test } from 'vitest';
import { CAUSES, causeOfBye, causeOfTerminate, END_CAUSES, meaningOfFailure } from '../../src/call/index.ts';

test('every end cause says something valid to each side', () => {
  expect(Object.keys(CAUSES).sort()).toEqual([...END_CAUSES].sort());
  for (const { reason } of Object.values(CAUSES)) {
    expect(reason.text).toMatch(/^[A-Za-z0-9 -]+$/);
    if (reason.protocol === 'Q.850') expect(reason.cause).toBeLessThanOrEqual(127);
  }
});

test.each([
  [486, true, 'busy'],
  [600, true, 'busy'],
  [603, true, 'declined'],
  [480, false, 'no-answer'],
  [408, false, 'no-answer'],
  [404, false, 'unreachable'],
  [403, false, 'unreachable'],
  [488, false, 'unreachable'],
  [503, false, 'unreachable'],
  [606, false, 'unreachable'],
])('%i', (status, final, cause) => {
  expect(meaningOfFailure({ status, kind: 'response' }, false)).toEqual({ final, cause });
});

test('a Q.850 cause refines the name, never the decision', () => {
  expect(meaningOfFailure({ status: 480, kind: 'response', q850: 17 }, true)).toEqual({
    cause: 'busy',
    final: false,
  });
  expect(meaningOfFailure({ status: 486, kind: 'response', q850: 19 }, true)).toEqual({
    cause: 'busy',
    final: true,
  });
});

test('our own time-out is "no answer" only when the phone rang', () => {
  expect(meaningOfFailure({ status: 408, kind: 'timeout' }, true).cause).toBe('no-answer');
  expect(meaningOfFailure({ status: 408, kind: 'timeout' }, false).cause).toBe('unreachable');
});

test('BYE and terminate', () => {
  expect([causeOfBye(undefined), causeOfBye(16), causeOfBye(41)]).toEqual([
    'phone-hangup',
    'phone-hangup',
    'phone-lost',
  ]);
  expect([causeOfTerminate('Completed'), causeOfTerminate('FAILED')]).toEqual([
    'consumer-hangup',
    'meta-failed',
  ]);
});
