import { expect, test } from 'vitest';
import { DEFAULT_POLICY, MESSENGER, missedRecord, startCall } from '../../src/call/index.ts';
import { CallHarness, T0, TWO_DESKS } from './harness.ts';

test('the record of a good call', () => {
  const call = new CallHarness({ targets: TWO_DESKS });
  call.clock.advance(100);
  call.invited();
  call.advance(200).send({ type: 'sip.failed', attempt: 1, status: 480, kind: 'response' });
  call.advance(100).send({ type: 'sip.progress', attempt: 2, status: 180, hasSdp: false });
  call.advance(4_000).send({ type: 'sip.answered', attempt: 2 });
  call.advance(300).send({ type: 'graph.accepted', answerSdp: 'B', renegotiationSdp: 'C' });
  call.send({ type: 'media.sdpApplied' }, { type: 'media.sdpApplied' });
  call.advance(50).send({ type: 'media.iceConnected' });
  call.advance(50).send({ type: 'media.secure' }, { type: 'media.firstPacket', leg: 'phone' });
  call.advance(20).send({ type: 'media.firstPacket', leg: 'consumer' });
  call.advance(9_980).send({ type: 'sip.bye', attempt: 2 });
  call.advance(400).settle().send({ type: 'meta.terminate', status: 'Completed', durationS: 10 });
  expect(call.all('finish')).toHaveLength(1);
  expect(call.record).toEqual({
    v: 1,
    callId: 'c_1',
    pageId: '102',
    psid: '765',
    direction: 'user_initiated',
    cause: 'phone-hangup',
    endedBy: 'phone',
    detail: undefined,
    answered: true,
    target: 'queue',
    attempts: [
      { target: 'desk', status: 480 },
      { target: 'queue', status: 200 },
    ],
    sipStatus: 200,
    milestones: {
      webhook: T0,
      invite: T0 + 100,
      ringing: T0 + 400,
      answered: T0 + 4_400,
      acceptSent: T0 + 4_400,
      acceptDone: T0 + 4_700,
      iceConnected: T0 + 4_750,
      secure: T0 + 4_800,
      firstPacketFromPhone: T0 + 4_800,
      firstPacketFromConsumer: T0 + 4_820,
      ended: T0 + 14_800,
    },
    ringMs: 4_300,
    talkMs: 10_000,
    dtmfDigits: 0,
    renegotiations: 1,
    meta: {
      endReason: 'Hangup_Call',
      status: 'Completed',
      durationS: 10,
      accept: 'done',
      connect: 'none',
      reject: 'none',
      terminate: 'done',
    },
  });
});

test('a call that never rang has a record too', () => {
  const facts = {
    callId: 'c_2',
    platform: MESSENGER,
    pageId: '102',
    psid: '765',
    direction: 'user_initiated' as const,
    receivedAtMs: T0,
  };
  expect(missedRecord(facts, 'stale', T0 + 5)).toMatchObject({
    cause: 'missed',
    detail: 'stale',
    answered: false,
    milestones: { webhook: T0, ended: T0 + 5 },
  });
});

test('the journal of a call: its end is its last line', () => {
  const call = new CallHarness().talking().send({ type: 'sip.bye', attempt: 1 }).settle();
  call.send({ type: 'meta.terminate', status: 'Completed' });
  const notes = call
    .all('journal')
    .map(({ note }) => ('action' in note ? `${note.kind} ${note.action}` : note.kind));
  expect(notes).toEqual([
    'call-created',
    'invite-sent',
    'graph-sent accept',
    'dialog-up',
    'graph-answered accept',
    'graph-sent terminate',
    'graph-answered terminate',
    'call-ended',
  ]);
});

test('a call that a phone places needs that phone', () => {
  const facts = {
    callId: 'out-1',
    platform: MESSENGER,
    pageId: '102',
    psid: '765',
    direction: 'business_initiated' as const,
    receivedAtMs: T0,
  };
  expect(() => startCall({ facts, targets: [], policy: DEFAULT_POLICY }, T0)).toThrow('the phone');
});
