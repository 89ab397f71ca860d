import { expect, it } from 'vitest';
import { PlacedCalls } from '../../src/gateway/placed-calls.ts';
import type { CallStatusEvent } from '../../src/meta/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

const status = (callId: string, pageId = 'p'): CallStatusEvent => ({
  kind: 'call_status',
  pageId,
  callId,
  status: 'ringing',
  dedupeKey: callId,
});

function placed() {
  const clock = new FakeClock(0);
  const released: string[] = [];
  const calls = new PlacedCalls(clock, (event) => released.push(event.callId));
  return { calls, clock, released };
}

it('an event that comes before its call has a name waits for the name', () => {
  const { calls, released } = placed();
  calls.add('out-1', 'p', '7');
  calls.asked('out-1');
  expect(calls.hold(status('c_1'))).toBe(true);
  expect(released).toEqual([]);
  calls.named('out-1', 'c_1');
  expect(released).toEqual(['c_1']);
  expect(calls.idOf('c_1')).toBe('out-1');
});

it('a webhook about the consumer names the call, once', () => {
  const { calls, released } = placed();
  calls.add('out-1', 'p', '7');
  calls.asked('out-1');
  calls.hold(status('c_1'));
  expect(calls.claim('p', '8', 'c_1')).toBeUndefined();
  expect(calls.claim('q', '7', 'c_1')).toBeUndefined();
  expect(calls.claim('p', '7', 'c_1')).toBe('out-1');
  expect(calls.claim('p', '7', 'c_2')).toBeUndefined();
  expect([calls.idOf('c_1'), calls.idOf('c_2'), released]).toEqual(['out-1', undefined, ['c_1']]);
});

it('nothing is held where nothing waits for a name; what nobody claims is let go after 10 s', () => {
  const { calls, clock, released } = placed();
  expect(calls.hold(status('c_1'))).toBe(false);
  calls.add('out-1', 'p', '7');
  calls.asked('out-1');
  expect(calls.hold(status('c_1', 'other'))).toBe(false);
  expect(calls.hold(status('c_9'))).toBe(true);
  calls.named('out-1', 'c_1');
  expect(released).toEqual([]);
  clock.advance(10_000);
  expect(released).toEqual(['c_9']);
  expect(calls.dump()).toEqual({ placed: 1, names: 1, held: 0 });
});

it('one call to a consumer at a time; nothing is left of it', () => {
  const { calls, clock } = placed();
  calls.add('out-1', 'p', '7');
  calls.asked('out-1');
  expect([calls.isCalling('p', '7'), calls.isCalling('q', '7')]).toEqual([true, false]);
  calls.hold(status('c_5'));
  calls.named('out-1', 'c_1');
  calls.remove('out-1');
  calls.close();
  expect([calls.dump(), calls.isCalling('p', '7'), clock.armed]).toEqual([
    { placed: 0, names: 0, held: 0 },
    false,
    0,
  ]);
});

it('before Meta is asked to place it, a webhook about the consumer is about another call', () => {
  const { calls } = placed();
  calls.add('out-1', 'p', '7');
  expect([calls.claim('p', '7', 'c_inbox'), calls.hold(status('c_inbox'))]).toEqual([undefined, false]);
  calls.asked('out-1');
  expect(calls.claim('p', '7', 'c_1')).toBe('out-1');
});

it("the reply to connect corrects a name that the Page inbox's call had claimed; what came of the true one was held", () => {
  const { calls, released } = placed();
  calls.add('out-1', 'p', '7');
  calls.asked('out-1');
  calls.claim('p', '7', 'c_inbox');
  expect(calls.hold(status('c_1'))).toBe(true);
  calls.named('out-1', 'c_1');
  expect([calls.idOf('c_inbox'), calls.idOf('c_1'), released]).toEqual([undefined, 'out-1', ['c_1']]);
  expect(calls.hold(status('c_2'))).toBe(false);
  calls.remove('out-1');
  expect(calls.dump()).toEqual({ placed: 0, names: 0, held: 0 });
});
