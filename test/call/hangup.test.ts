import { describe, expect, test } from 'vitest';
import type { CallEvent, CallState } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const TERMINATE: CallEvent = { type: 'meta.terminate', status: 'Completed', durationS: 12 };
const BYE: CallEvent = { type: 'sip.bye', attempt: 1 };

describe('the consumer hangs up', () => {
  test('while the phone rings: CANCEL, nothing to Meta', () => {
    const call = new CallHarness().ringing().send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.all('cancelInvite')).toMatchObject([
      { attempt: 1, reason: { protocol: 'Q.850', cause: 16 } },
    ]);
    expect(call.count('graphReject') + call.count('graphTerminate')).toBe(0);
    call.settle();
    expect(call.name).toBe('ended');
    expect(call.record).toMatchObject({ cause: 'cancelled', endedBy: 'consumer', answered: false });
  });

  test('a 200 that crosses the CANCEL is ended by BYE and never accepted', () => {
    const call = new CallHarness()
      .ringing()
      .send({ type: 'meta.terminate', status: 'Completed' }, { type: 'sip.answered', attempt: 1 });
    expect([call.count('sendBye'), call.count('graphAccept')]).toEqual([1, 0]);
    expect(call.settle().name).toBe('ended');
  });

  test('in the call: BYE exactly once, no Graph terminate', () => {
    const call = new CallHarness().talking().send(TERMINATE, TERMINATE).settle();
    expect([call.count('sendBye'), call.count('graphTerminate'), call.count('closeMedia')]).toEqual([
      1, 0, 1,
    ]);
    expect(call.record).toMatchObject({ cause: 'consumer-hangup', meta: { durationS: 12 } });
  });

  test('Meta says Failed: its own cause', () => {
    const call = new CallHarness().talking().send({ type: 'meta.terminate', status: 'FAILED' }).settle();
    expect(call.record).toMatchObject({ cause: 'meta-failed', endedBy: 'meta' });
  });
});

describe('the phone hangs up', () => {
  test('terminate exactly once; the webhook completes the record', () => {
    const call = new CallHarness().talking().send(BYE, BYE).settle();
    expect([call.count('graphTerminate'), call.count('sendBye'), call.count('finish')]).toEqual([1, 0, 0]);
    call.send(TERMINATE);
    expect(call.record).toMatchObject({ cause: 'phone-hangup', endedBy: 'phone', meta: { durationS: 12 } });
    expect(call.name).toBe('ended');
  });

  test('without a webhook the record is written after 30 s; media closed at once', () => {
    const call = new CallHarness().talking().send(BYE).settle();
    expect(call.count('closeMedia')).toBe(1);
    expect(call.advance(29_999).count('finish')).toBe(0);
    expect(call.advance(1).name).toBe('ended');
    expect(call.record?.meta.status).toBeUndefined();
    expect(call.timers).toEqual([]);
  });

  test('a BYE for a broken leg is not a hang-up', () => {
    const call = new CallHarness().talking().send({ type: 'sip.bye', attempt: 1, q850: 38 });
    expect(call.state.end).toMatchObject({ cause: 'phone-lost', detail: 'Q.850 38' });
  });

  test('the dialog is lost without BYE: terminate, and no BYE into the void', () => {
    const call = new CallHarness()
      .talking()
      .send({ type: 'sip.failed', attempt: 1, status: 503, kind: 'control-lost' });
    expect([call.count('graphTerminate'), call.count('sendBye')]).toEqual([1, 0]);
  });
});

test('both at once converge: BYE first', () => {
  const call = new CallHarness().talking().send(BYE, TERMINATE).settle();
  expect([call.count('graphTerminate'), call.count('sendBye'), call.count('finish')]).toEqual([1, 0, 1]);
  expect(call.name).toBe('ended');
});

test('both at once converge: webhook first', () => {
  const call = new CallHarness().talking().send(TERMINATE, BYE).settle();
  expect([call.count('graphTerminate'), call.count('sendBye'), call.count('finish')]).toEqual([0, 1, 1]);
  expect(call.name).toBe('ended');
});

describe('operator and shutdown end a call in every state', () => {
  const reach: Record<string, (call: CallHarness) => CallHarness> = {
    preparing: (call) => call,
    inviting: (call) => call.invited(),
    ringing: (call) => call.ringing(),
    accepting: (call) => call.accepting(),
    connecting: (call) => call.connecting(),
    talking: (call) => call.talking(),
  };

  const toldMeta = (call: CallHarness): number => call.count('graphReject') + call.count('graphTerminate');

  test.each(Object.entries(reach))('%s', (name, go) => {
    for (const type of ['operator.hangup', 'shutdown'] as const) {
      const call = go(new CallHarness());
      expect(call.name).toBe(name);
      call.send({ type });
      // The accept in flight has to be known before Meta can be told the right thing.
      if (name === 'accepting') call.send({ type: 'graph.accepted', answerSdp: 'B' });
      expect(toldMeta(call)).toBe(1);
      call.settle();
      if (type === 'operator.hangup') call.send({ type: 'meta.terminate', status: 'Completed' });
      expect(call.name).toBe('ended');
      expect(call.record?.cause).toBe(type === 'shutdown' ? 'shutdown' : 'operator');
      expect(call.timers).toEqual([]);
    }
  });

  test('shutdown while the record waits for the webhook: written at once', () => {
    const call = new CallHarness().talking().send(BYE).settle();
    expect(call.name).toBe('ending');
    expect(call.send({ type: 'shutdown' }).name).toBe('ended');
    expect(call.record?.cause).toBe('phone-hangup');
  });
});

test('a leg that never replies delays neither the record nor, for ever, the end', () => {
  const call = new CallHarness().talking().send(TERMINATE, { type: 'media.closed' });
  expect(call.advance(30_000).count('finish')).toBe(1);
  const still: CallState['name'] = 'ending';
  expect(call.name).toBe(still);
  expect(call.advance(10_000).name).toBe('ended');
});
