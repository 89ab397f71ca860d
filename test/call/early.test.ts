import { describe, expect, test } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallHarness, type HarnessOptions, TWO_DESKS } from './harness.ts';

const announces = (attempt = 1): CallEvent => ({ type: 'sip.progress', attempt, status: 183, hasSdp: true });
const rings = (attempt = 1): CallEvent => ({ type: 'sip.progress', attempt, status: 180, hasSdp: false });
const busy = (attempt: number, status: number): CallEvent => ({
  type: 'sip.failed',
  attempt,
  status,
  kind: 'response',
});

/** The first phone lets something be heard, and the route wants it. */
const early = (options: HarnessOptions = {}): CallHarness =>
  new CallHarness({ ...options, policy: { earlyMedia: true, ...options.policy } })
    .invited()
    .send(announces());

/** And the consumer hears it. */
const heard = (options: HarnessOptions = {}): CallHarness =>
  early(options).send(
    { type: 'graph.accepted', answerSdp: 'B' },
    { type: 'media.sdpApplied' },
    { type: 'media.iceConnected' },
    { type: 'media.secure' },
  );

test('without the policy a 183 with SDP only rings', () => {
  const call = new CallHarness().invited().send(announces());
  expect(call.name).toBe('ringing');
  expect([call.count('graphAccept'), call.count('connectEarly')]).toEqual([0, 0]);
});

test('the call is accepted for it, and opened for the consumer alone when media is up', () => {
  const call = early();
  expect(call.name).toBe('early');
  expect(call.all('connectEarly')).toEqual([{ type: 'connectEarly', attempt: 1 }]);
  expect(call.count('graphAccept')).toBe(1);
  expect(call.timers).toContain('ringBudget');
  call.send({ type: 'graph.accepted', answerSdp: 'B' }, { type: 'media.sdpApplied' });
  expect(call.count('openEarly')).toBe(0);
  call.send({ type: 'media.iceConnected' }, { type: 'media.secure' });
  expect(call.all('openEarly')).toEqual([{ type: 'openEarly', ringback: false }]);
  expect(call.count('openAudio')).toBe(0);
  expect(call.timers).toEqual(['ringBudget']);
});

test('a 180 first, then the 183: accepted then', () => {
  const call = new CallHarness({ policy: { earlyMedia: true } }).ringing().send(announces());
  expect([call.name, call.count('graphAccept')]).toEqual(['early', 1]);
});

test('a 183 after the accept window is not accepted for', () => {
  const call = new CallHarness({
    policy: { earlyMedia: true, acceptWindowMs: 20_000, ringBudgetMs: 20_000 },
  });
  call.invited();
  // The timer is late, the clock is not.
  const late = { ...call.state };
  call.clock.advance(20_001);
  call.state = late;
  expect(call.send(announces()).count('graphAccept')).toBe(0);
});

test('each new early media replaces the one before: forks', () => {
  const call = heard().send(announces());
  expect(call.count('connectEarly')).toBe(2);
  expect(call.count('graphAccept')).toBe(1);
});

test('early media that is over makes room for the ringback tone, until it is there again', () => {
  const over: CallEvent = { type: 'sip.progress', attempt: 1, status: 183, hasSdp: false, ceases: true };
  const call = heard().send(over);
  expect(call.name).toBe('early');
  expect(call.all('openEarly').at(-1)).toEqual({ type: 'openEarly', ringback: true });
  // Nothing is heard any more that could be over.
  expect(call.send(over).count('openEarly')).toBe(2);
  call.send(announces());
  expect(call.all('openEarly').at(-1)).toEqual({ type: 'openEarly', ringback: false });
  expect(call.count('graphAccept')).toBe(1);
});

test('early media that is over before media is up: the ringback tone is what is opened', () => {
  const over: CallEvent = { type: 'sip.progress', attempt: 1, status: 183, hasSdp: false, ceases: true };
  const call = early().send(over, { type: 'graph.accepted', answerSdp: 'B' }, { type: 'media.secure' });
  expect(call.all('openEarly')).toEqual([{ type: 'openEarly', ringback: true }]);
});

describe('the phone answers', () => {
  test('when all is up: talking, without another accept', () => {
    const call = heard().send({ type: 'sip.answered', attempt: 1 });
    expect(call.name).toBe('talking');
    expect([call.count('graphAccept'), call.count('connectPhone'), call.count('openAudio')]).toEqual([
      1, 1, 1,
    ]);
    expect(call.timers).toEqual([]);
  });

  test('while the accept is in flight', () => {
    const call = early().send({ type: 'sip.answered', attempt: 1 });
    expect([call.name, call.count('graphAccept')]).toEqual(['accepting', 1]);
    call.send({ type: 'graph.accepted', answerSdp: 'B' }, { type: 'media.secure' });
    expect(call.name).toBe('talking');
  });

  test('before media is up', () => {
    const call = early().send(
      { type: 'graph.accepted', answerSdp: 'B' },
      { type: 'sip.answered', attempt: 1 },
    );
    expect(call.name).toBe('connecting');
    expect(call.send({ type: 'media.secure' }).name).toBe('talking');
    expect(call.count('openEarly')).toBe(0);
  });

  test('a record of it has both', () => {
    const call = heard().send({ type: 'sip.answered', attempt: 1 }).advance(3_000);
    call.send({ type: 'meta.terminate', status: 'Completed', durationS: 3 }).settle();
    expect(call.record).toMatchObject({
      answered: true,
      talkMs: 3_000,
      target: 'desk',
      cause: 'consumer-hangup',
    });
  });
});

describe('nobody answers', () => {
  test('the last target fails: terminate, and the record knows that nobody answered', () => {
    const call = heard().send(busy(1, 480)).settle();
    call.send({ type: 'meta.terminate', status: 'Completed', durationS: 9 });
    expect([call.count('graphTerminate'), call.count('graphReject')]).toEqual([1, 0]);
    expect(call.record).toMatchObject({ answered: false, talkMs: 0, sipStatus: 480 });
    expect(call.name).toBe('ended');
  });

  test('the next target rings, the consumer hears our tone until that one lets something be heard', () => {
    const call = heard({ targets: TWO_DESKS }).send(busy(1, 503));
    expect(call.name).toBe('early');
    expect(call.count('invite')).toBe(2);
    expect(call.all('openEarly').at(-1)).toEqual({ type: 'openEarly', ringback: true });
    call.send(rings(2));
    expect(call.all('openEarly')).toHaveLength(2);
    call.send(announces(2));
    expect(call.all('connectEarly').at(-1)).toEqual({ type: 'connectEarly', attempt: 2 });
    expect(call.all('openEarly').at(-1)).toEqual({ type: 'openEarly', ringback: false });
    call.send({ type: 'sip.answered', attempt: 2 });
    expect([call.name, call.state.answeredBy]).toEqual(['talking', 2]);
  });

  test.each([486, 600, 603])('%i is a decision: no other target rings', (status) => {
    const call = heard({ targets: TWO_DESKS }).send(busy(1, status));
    expect([call.name, call.count('invite'), call.count('graphTerminate')]).toEqual(['ending', 1, 1]);
  });

  test("a target's ring time is over: CANCEL, the next one", () => {
    const call = heard({ targets: TWO_DESKS }).advance(15_000);
    expect([call.name, call.count('cancelInvite'), call.count('invite')]).toEqual(['early', 1, 2]);
    expect(call.all('openEarly').at(-1)?.ringback).toBe(true);
  });

  test('the ring budget: CANCEL and terminate', () => {
    const call = heard().advance(45_000);
    expect([call.count('cancelInvite'), call.count('graphTerminate')]).toEqual([1, 1]);
    expect(call.state.end).toMatchObject({ cause: 'no-answer' });
  });

  test('a failure while the accept is in flight waits for its reply', () => {
    const call = early().send(busy(1, 480));
    expect([call.count('graphTerminate'), call.count('graphReject')]).toEqual([0, 0]);
    call.send({ type: 'graph.accepted', answerSdp: 'B' });
    expect(call.count('graphTerminate')).toBe(1);
  });

  test('the consumer hangs up: CANCEL, Meta is asked nothing', () => {
    const call = heard().send({ type: 'meta.terminate', status: 'Completed' }).settle();
    expect([call.count('cancelInvite'), call.count('graphTerminate')]).toEqual([1, 0]);
    expect(call.record).toMatchObject({ cause: 'cancelled', answered: false });
  });

  test('Graph refuses: CANCEL and reject', () => {
    const call = early().send({ type: 'graph.acceptFailed', kind: 'refused' });
    expect([call.count('cancelInvite'), call.count('graphReject')]).toEqual([1, 1]);
  });
});

test('WhatsApp: media that came up before the accept is opened by its reply', () => {
  const call = new CallHarness({ whatsapp: true, policy: { earlyMedia: true } })
    .invited()
    .send({ type: 'graph.preAccepted' }, { type: 'media.sdpApplied' }, { type: 'media.secure' }, announces());
  expect([call.name, call.count('openEarly')]).toEqual(['early', 0]);
  call.send({ type: 'graph.accepted' });
  expect(call.all('openEarly')).toEqual([{ type: 'openEarly', ringback: false }]);
});
