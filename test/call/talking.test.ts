import { describe, expect, test } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const digit = (from: 'consumer' | 'phone'): CallEvent => ({
  type: 'media.dtmf',
  digit: '5',
  durationMs: 500,
  from,
});
const both = (call: CallHarness): number[] => [call.count('graphTerminate'), call.count('sendBye')];

test('audio opens when DTLS is up, not before, and once', () => {
  const call = new CallHarness().connecting().send({ type: 'media.iceConnected' });
  expect(call.count('openAudio')).toBe(0);
  call.send({ type: 'media.secure' }, { type: 'media.secure' });
  expect([call.count('openAudio'), call.name]).toEqual([1, 'talking']);
  expect(call.timers).toEqual([]);
});

test('no ICE or DTLS 15 s after accept: terminate and BYE', () => {
  const call = new CallHarness().connecting().send({ type: 'media.iceConnected' }).advance(14_999);
  expect(call.name).toBe('connecting');
  expect(both(call.advance(1))).toEqual([1, 1]);
  expect(call.state.end?.cause).toBe('media-setup-failed');
});

describe("Meta's media is lost", () => {
  const lost: CallEvent = { type: 'media.consumerLost', reason: 'consent expired' };

  test('5 s without the webhook: terminate and BYE', () => {
    const call = new CallHarness().talking().send(lost, lost).advance(4_999);
    expect(call.name).toBe('talking');
    expect(both(call.advance(1))).toEqual([1, 1]);
    expect(call.state.end?.cause).toBe('media-lost');
  });

  test('the webhook comes: BYE only', () => {
    const call = new CallHarness().talking().send(lost, { type: 'meta.terminate', status: 'Completed' });
    expect(both(call)).toEqual([0, 1]);
    expect(call.state.end?.cause).toBe('consumer-hangup');
  });

  test('it comes back: the call goes on', () => {
    const call = new CallHarness().talking().send(lost, { type: 'media.iceConnected' }).advance(60_000);
    expect(call.name).toBe('talking');
  });
});

describe('silence', () => {
  const silent = (leg: 'consumer' | 'phone'): CallEvent => ({ type: 'media.silent', leg, ms: 30_000 });

  test.each(['consumer', 'phone'] as const)('of the %s: terminate and BYE', (leg) => {
    const call = new CallHarness().talking().send(silent(leg));
    expect(both(call)).toEqual([1, 1]);
    expect(call.state.end?.detail).toBe(`no packet from the ${leg} for 30000 ms`);
  });

  test('of a phone on hold: nothing', () => {
    const call = new CallHarness()
      .talking()
      .send({ type: 'sip.held', attempt: 1, held: true }, silent('phone'));
    expect(call.name).toBe('talking');
    expect(call.send(silent('consumer')).name).toBe('ending');
  });
});

test("DTMF: the consumer's goes to the phone's side, the phone's nowhere; counted, not kept", () => {
  const call = new CallHarness().ringing().send({ type: 'sip.answered', attempt: 1 });
  call.send(
    { type: 'graph.accepted', answerSdp: 'B' },
    { type: 'media.secure' },
    digit('consumer'),
    digit('phone'),
  );
  expect(call.all('sendDtmf')).toEqual([{ type: 'sendDtmf', attempt: 1, digit: '5', durationMs: 500 }]);
  call.send({ type: 'meta.terminate', status: 'Completed' }).settle();
  expect(call.record?.dtmfDigits).toBe(1);
  expect(JSON.stringify(call.record)).not.toContain('digit"');
});

test('the longest conversation, when limited', () => {
  const call = new CallHarness({ policy: { maxDurationMs: 3_600_000 } }).talking().advance(3_599_999);
  expect(call.name).toBe('talking');
  expect(both(call.advance(1))).toEqual([1, 1]);
  expect(call.state.end?.cause).toBe('max-duration');
});

test('the media worker dies: both legs end, and the call is closed with it', () => {
  const call = new CallHarness().talking().send({ type: 'media.workerLost' });
  expect(both(call)).toEqual([1, 1]);
  expect(call.count('closeMedia')).toBe(1);
});

test('a hold is told to Meta only where the route asks for it, under the name of the call', () => {
  const hold = { type: 'sip.held', attempt: 1, held: true } as const;
  const quiet = new CallHarness().talking().send(hold);
  expect(quiet.count('tellHold')).toBe(0);
  const told = new CallHarness({ policy: { holdTellsMeta: true } }).talking();
  told.send(hold, { ...hold, held: false });
  expect(told.all('tellHold')).toEqual([
    { type: 'tellHold', callId: 'c_1', held: true },
    { type: 'tellHold', callId: 'c_1', held: false },
  ]);
  const placed = new CallHarness({
    outbound: true,
    targets: [{ name: 'pbx/201' }],
    policy: { holdTellsMeta: true },
  });
  placed.pickedUp().send(hold);
  expect(placed.all('tellHold')).toEqual([{ type: 'tellHold', callId: 'c_9', held: true }]);
});
