import { describe, expect, test } from 'vitest';
import type { AcceptFailureKind, CallEvent } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const GONE: CallEvent = { type: 'meta.terminate', status: 'Completed' };
const failed = (kind: AcceptFailureKind): CallEvent => ({
  type: 'graph.acceptFailed',
  kind,
  code: '2018395',
});

test('the phone answers: journal, then accept, once', () => {
  const call = new CallHarness().ringing().send({
    type: 'sip.answered',
    attempt: 1,
    dialog: { callId: 'abc' },
  });
  const order = call.effects.map((effect) => (effect.type === 'journal' ? effect.note.kind : effect.type));
  expect(order.indexOf('graph-sent')).toBeLessThan(order.indexOf('graphAccept'));
  expect(order.indexOf('connectPhone')).toBeLessThan(order.indexOf('graphAccept'));
  expect(call.all('journal').at(-1)?.note).toMatchObject({ kind: 'dialog-up', dialog: { callId: 'abc' } });
  expect(call.timers).toEqual(['accept']);
  expect(call.send({ type: 'sip.answered', attempt: 1 }).count('graphAccept')).toBe(1);
});

describe('accept crosses terminate', () => {
  test('BYE at once; accept succeeds: no Graph terminate, the webhook is stored', () => {
    const call = new CallHarness().accepting().send(GONE);
    expect(call.count('sendBye')).toBe(1);
    call.send({ type: 'graph.accepted', answerSdp: 'B' }).settle();
    expect(call.count('graphTerminate')).toBe(0);
    expect(call.name).toBe('ended');
    expect(call.record?.meta.endReason).toBe('Call_End_Accept_After_Hang_Up');
  });

  test('BYE at once; accept fails', () => {
    const call = new CallHarness().accepting().send(GONE, failed('gone')).settle();
    expect([call.count('sendBye'), call.count('graphTerminate'), call.count('graphReject')]).toEqual([
      1, 0, 0,
    ]);
    expect(call.name).toBe('ended');
  });

  test('the phone hangs up while accept is in flight: terminate when it succeeds', () => {
    const call = new CallHarness().accepting().send({ type: 'sip.bye', attempt: 1 });
    expect(call.count('graphTerminate')).toBe(0);
    call.send({ type: 'graph.accepted', answerSdp: 'B' });
    expect([call.count('graphTerminate'), call.count('applyAnswer')]).toEqual([1, 0]);
  });

  test('... and reject when Graph refused', () => {
    const call = new CallHarness().accepting().send({ type: 'sip.bye', attempt: 1 }, failed('refused'));
    expect([call.count('graphTerminate'), call.count('graphReject')]).toEqual([0, 1]);
  });
});

describe('accept fails', () => {
  test.each(['ambiguous', 'already'] as const)('%s: terminate and BYE, never accept again', (kind) => {
    const call = new CallHarness().accepting().send(failed(kind));
    expect([call.count('graphTerminate'), call.count('sendBye'), call.count('graphAccept')]).toEqual([
      1, 1, 1,
    ]);
    call.settle().send(GONE);
    expect(call.record).toMatchObject({
      cause: 'accept-failed',
      answered: false,
      detail: `${kind}, 2018395`,
    });
  });

  test('no reply at all is ambiguous', () => {
    const call = new CallHarness().accepting().advance(12_000);
    expect([call.count('graphTerminate'), call.count('sendBye')]).toEqual([1, 1]);
    // The reply that comes now is too late to matter.
    expect(call.send({ type: 'graph.accepted', answerSdp: 'B' }).count('applyAnswer')).toBe(0);
  });

  test('no reply at all after the phone hung up: terminate all the same', () => {
    const call = new CallHarness().accepting().send({ type: 'sip.bye', attempt: 1 }).advance(12_000);
    expect(call.count('graphTerminate')).toBe(1);
  });

  test('refused: the consumer still rings, so reject', () => {
    const call = new CallHarness().accepting().send(failed('refused'));
    expect([call.count('graphReject'), call.count('graphTerminate'), call.count('sendBye')]).toEqual([
      1, 0, 1,
    ]);
  });

  test('not the owner: BYE quietly, no word to Meta, no wait for a webhook', () => {
    const call = new CallHarness().accepting().send(failed('not-owner'));
    expect(call.all('sendBye')).toMatchObject([{ reason: { protocol: 'SIP', cause: 200 } }]);
    expect(call.count('graphTerminate') + call.count('graphReject')).toBe(0);
    expect(call.settle().name).toBe('ended');
    expect(call.record?.cause).toBe('answered-elsewhere');
  });

  test('gone: BYE, no word to Meta', () => {
    const call = new CallHarness().accepting().send(failed('gone'));
    expect(call.count('sendBye')).toBe(1);
    expect(call.count('graphTerminate') + call.count('graphReject')).toBe(0);
  });
});
