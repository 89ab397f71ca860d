import { describe, expect, it } from 'vitest';
import { CallHarness, TWO_DESKS } from './harness.ts';

const called = (): CallHarness => new CallHarness({ whatsapp: true, callerName: '' });
const calling = (): CallHarness => new CallHarness({ whatsapp: true, outbound: true });

describe('a call that WhatsApp offers', () => {
  it('opens media with the offer, and pre-accepts once, as the first phone rings', () => {
    const call = new CallHarness({ whatsapp: true, callerName: '', targets: TWO_DESKS });
    expect(call.all('openMedia')).toEqual([{ type: 'openMedia', offerSdp: 'O' }]);
    expect(call.count('graphPreAccept')).toBe(0);
    call.send({ type: 'media.ready' });
    expect(call.count('graphPreAccept')).toBe(1);
    expect(call.count('invite')).toBe(1);
    call.send({ type: 'sip.failed', attempt: 1, status: 404, kind: 'response' });
    expect([call.count('invite'), call.count('graphPreAccept')]).toEqual([2, 1]);
  });

  it('begins ICE with the offer when the pre_accept was taken, and talks at the reply to accept', () => {
    const call = called().preAccepted();
    expect(call.all('applyAnswer')).toEqual([{ type: 'applyAnswer', sdp: 'O' }]);
    expect([call.name, call.count('openAudio')]).toEqual(['ringing', 0]);
    call.send({ type: 'sip.answered', attempt: 1 });
    expect([call.name, call.count('openAudio'), call.count('graphAccept')]).toEqual(['accepting', 0, 1]);
    call.send({ type: 'graph.accepted' });
    expect([call.name, call.count('openAudio')]).toEqual(['talking', 1]);
    expect(call.timers).toEqual([]);
  });

  it('waits for media that is still coming up, without a wait for SDP', () => {
    const call = called().ringing().send({ type: 'graph.preAccepted' });
    call.send({ type: 'sip.answered', attempt: 1 }, { type: 'graph.accepted' });
    expect([call.name, call.timers]).toEqual(['connecting', ['mediaSetup']]);
    call.send({ type: 'media.sdpApplied' }, { type: 'media.secure' });
    expect(call.name).toBe('talking');
  });

  it('begins ICE at the accept when the pre_accept failed', () => {
    const call = called().ringing().send({ type: 'graph.preAcceptFailed', kind: 'refused' });
    expect(call.count('applyAnswer')).toBe(0);
    call.send({ type: 'sip.answered', attempt: 1 }, { type: 'graph.accepted' });
    expect([call.name, call.count('applyAnswer')]).toEqual(['connecting', 1]);
  });

  it.each([
    ['gone', 'cancelled'],
    ['not-owner', 'answered-elsewhere'],
  ] as const)('is over when the pre_accept says %s: nothing is asked of Meta', (kind, cause) => {
    const call = called().ringing().send({ type: 'graph.preAcceptFailed', kind });
    expect(call.name).toBe('ending');
    expect([call.count('graphReject'), call.count('graphTerminate')]).toEqual([0, 0]);
    call.settle().send({ type: 'meta.terminate', status: 'completed' });
    expect(call.record).toMatchObject({ cause, platform: 'whatsapp' });
  });

  it.each([
    ['in flight', 0, 1, undefined],
    ['taken', 0, 1, { type: 'graph.preAccepted' }],
    ['lost', 0, 1, { type: 'graph.preAcceptFailed', kind: 'ambiguous' }],
    ['refused', 1, 0, { type: 'graph.preAcceptFailed', kind: 'refused' }],
  ] as const)('is ended by the right word while the pre_accept is %s', (_, rejects, terminates, event) => {
    const call = called().ringing();
    if (event) call.send(event);
    call.send({ type: 'sip.failed', attempt: 1, status: 486, kind: 'response' });
    expect([call.count('graphReject'), call.count('graphTerminate')]).toEqual([rejects, terminates]);
  });

  it('is ended by terminate when the accept is refused after the pre_accept', () => {
    const call = called().preAccepted().send({ type: 'sip.answered', attempt: 1 });
    call.send({ type: 'graph.acceptFailed', kind: 'refused' });
    expect([call.count('graphReject'), call.count('graphTerminate')]).toEqual([0, 1]);
  });

  it('ends when its media fails while it rings, unless Meta says why in time', () => {
    const lost = { type: 'media.consumerLost', reason: 'x' } as const;
    const call = called().preAccepted().send(lost).advance(5_000);
    expect(call.state.end?.cause).toBe('media-setup-failed');
    const told = called().preAccepted().send(lost).send({ type: 'meta.terminate', status: 'completed' });
    expect(told.state.end?.cause).toBe('cancelled');
    expect(told.count('graphTerminate')).toBe(0);
  });
});

describe('a call to a WhatsApp number', () => {
  const dialing = (): CallHarness => calling().dialing().send({ type: 'graph.connected', callId: 'w' });

  it('waits for the answer as long as it rings', () => {
    const call = dialing().send({ type: 'meta.status', status: 'ringing' });
    expect(call.timers).toEqual(['ringBudget']);
    call.send({ type: 'meta.answer', sdp: 'A' });
    expect(call.all('applyAnswer')).toEqual([{ type: 'applyAnswer', sdp: 'A' }]);
    expect(call.timers).toEqual(['mediaSetup', 'ringBudget']);
    call.send({ type: 'media.secure' }, { type: 'meta.status', status: 'accepted' });
    expect(call.name).toBe('talking');
  });

  it('takes an answer that comes after the pickup, and only one', () => {
    const call = dialing().send({ type: 'meta.status', status: 'accepted' });
    expect([call.name, call.timers]).toEqual(['connecting', ['answerSdp']]);
    call.send({ type: 'meta.answer', sdp: 'A' }, { type: 'meta.answer', sdp: 'B' });
    expect(call.all('applyAnswer')).toEqual([{ type: 'applyAnswer', sdp: 'A' }]);
    expect(call.timers).toEqual(['mediaSetup']);
    call.send({ type: 'sip.answered', attempt: 1 }, { type: 'media.secure' });
    expect(call.name).toBe('talking');
  });

  it('holds an answer that overtakes the reply to connect', () => {
    const call = calling().dialing().send({ type: 'meta.answer', sdp: 'A' });
    expect(call.count('applyAnswer')).toBe(0);
    call.send({ type: 'graph.connected', callId: 'w' });
    expect(call.count('applyAnswer')).toBe(1);
    expect(call.timers).toContain('mediaSetup');
  });

  it.each([
    ['the terminate', (call: CallHarness) => call.send({ type: 'meta.terminate', status: 'completed' }), 0],
    ['nothing, for 5 s', (call: CallHarness) => call.advance(5_000), 1],
  ] as const)('tells the phone 603 when REJECTED is followed by %s', (_name, then, terminates) => {
    const call = dialing().send({ type: 'meta.status', status: 'rejected' });
    then(call);
    expect(call.all('refusePhone')).toMatchObject([{ refusal: { status: 603 } }]);
    expect(call.state.end?.cause).toBe('not-taken');
    expect(call.count('graphTerminate')).toBe(terminates);
  });

  it("tells the phone what the terminate's error means, and the record its words", () => {
    const call = dialing().send({
      type: 'meta.terminate',
      status: 'failed',
      reason: 'Meta saw no media for too long (code 138021)',
      refusal: { status: 408 },
    });
    expect(call.all('refusePhone')).toMatchObject([{ refusal: { status: 408 } }]);
    expect(call.settle().record).toMatchObject({ detail: 'Meta saw no media for too long (code 138021)' });
  });
});
