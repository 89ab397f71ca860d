import { describe, expect, test } from 'vitest';
import { CallHarness } from './harness.ts';

const outbound = (): CallHarness => new CallHarness({ outbound: true, targets: [{ name: 'pbx/201' }] });

describe('a phone calls a consumer', () => {
  test('permission, connect, 180, 200, audio, BYE', () => {
    const call = outbound();
    expect(call.name).toBe('checking');
    expect([call.count('checkPermission'), call.count('openMedia'), call.count('graphConnect')]).toEqual([
      1, 1, 0,
    ]);
    call.placed();
    expect([call.name, call.count('graphConnect'), call.count('ringPhone')]).toEqual(['dialing', 1, 0]);
    call.send({ type: 'meta.status', status: 'ringing' });
    expect([call.name, call.count('ringPhone'), call.count('answerPhone')]).toEqual(['alerting', 1, 0]);
    expect(call.count('openAudio'), 'nothing is heard before the pickup').toBe(0);
    call.advance(7_000).send({ type: 'meta.status', status: 'accepted' });
    expect([call.name, call.count('answerPhone'), call.count('openAudio')]).toEqual(['talking', 1, 1]);
    call.send({ type: 'sip.answered', attempt: 1 }).advance(20_000).send({ type: 'sip.bye', attempt: 1 });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
    call.settle().send({ type: 'meta.terminate', status: 'Completed', durationS: 20 });
    expect([call.name, call.timers]).toEqual(['ended', []]);
    expect(call.record).toMatchObject({
      callId: 'c_9',
      direction: 'business_initiated',
      cause: 'phone-hangup',
      answered: true,
      target: 'pbx/201',
      sipStatus: 200,
      ringMs: 7_000,
      talkMs: 20_000,
      meta: { connect: 'done', terminate: 'done', accept: 'none' },
    });
  });

  test('connect is noted on disk before it is sent', () => {
    const call = outbound().dialing();
    const at = call.effects.findIndex(({ type }) => type === 'graphConnect');
    expect(call.effects[at - 1]).toEqual({
      type: 'journal',
      note: { kind: 'graph-sent', action: 'connect' },
    });
  });

  test('no permission: 403 with the phrase, nothing was placed, the record is at once complete', () => {
    const call = outbound().send({
      type: 'graph.permission',
      allowed: false,
      refusal: { status: 403, phrase: 'Consumer Has Not Permitted Calls' },
    });
    expect(call.all('refusePhone')[0]?.refusal).toEqual({
      status: 403,
      phrase: 'Consumer Has Not Permitted Calls',
    });
    call.send({ type: 'media.closed' });
    expect([call.name, call.count('graphConnect'), call.count('graphTerminate')]).toEqual(['ended', 0, 0]);
    expect(call.record).toMatchObject({
      cause: 'no-permission',
      sipStatus: 403,
      meta: { endReason: 'No_Permission' },
    });
  });

  test('nobody says whether it is permitted: 504, never a call', () => {
    const call = outbound().send({ type: 'media.ready' }).advance(5_000);
    expect(call.all('refusePhone')[0]?.refusal.status).toBe(504);
    call.send({ type: 'graph.permission', allowed: true });
    expect(call.count('graphConnect')).toBe(0);
  });

  test('the phone gives up while it rings: terminate, and nothing more is said to the phone', () => {
    const call = outbound().alerting().send({ type: 'sip.cancelled', attempt: 1 });
    expect([call.count('graphTerminate'), call.count('refusePhone'), call.count('answerPhone')]).toEqual([
      1, 0, 0,
    ]);
    call.settle().send({ type: 'meta.terminate', status: 'Completed' });
    expect([call.name, call.record?.cause, call.record?.answered]).toEqual([
      'ended',
      'phone-cancelled',
      false,
    ]);
  });

  test('a BYE that overtakes the word that our 200 was sent ends the call', () => {
    const call = outbound().alerting().send({ type: 'meta.status', status: 'accepted' });
    call.send({ type: 'sip.bye', attempt: 1 }).send({ type: 'sip.answered', attempt: 1 });
    expect([call.name, call.count('graphTerminate'), call.count('sendBye')]).toEqual(['ending', 1, 0]);
  });

  test("a name that was the Page inbox's call's is corrected by the reply: ours is the one that ends", () => {
    const call = outbound().dialing().send({ type: 'meta.identified', callId: 'c_inbox' });
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' }).send({ type: 'operator.hangup' });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
  });

  test("the Page inbox's call ended meanwhile: ours, which the reply names, is still ended", () => {
    const call = outbound().dialing().send({ type: 'meta.identified', callId: 'c_inbox' });
    call.send({ type: 'meta.terminate', status: 'Completed' });
    expect([call.name, call.count('graphTerminate')]).toEqual(['ending', 0]);
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
  });

  test('the phone gives up before the call has a name: terminate as soon as the reply brings it', () => {
    const call = outbound().dialing().send({ type: 'sip.cancelled', attempt: 1 });
    expect(call.count('graphTerminate')).toBe(0);
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
    expect(call.count('applyAnswer'), 'no media for a call that is over').toBe(0);
  });

  test('the phone gives up before the call has a name: a webhook may name it first', () => {
    const call = outbound().dialing().send({ type: 'sip.cancelled', attempt: 1 });
    call.send({ type: 'meta.identified', callId: 'c_9' });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' });
    expect(call.count('graphTerminate')).toBe(1);
  });

  test('the phone gives up while our 200 is on its way', () => {
    const call = outbound().alerting().send({ type: 'meta.status', status: 'accepted' });
    call.send({ type: 'sip.failed', attempt: 1, status: 487, kind: 'response' });
    expect([call.name, call.count('graphTerminate'), call.count('sendBye')]).toEqual(['ending', 1, 0]);
    expect(call.state.end?.cause).toBe('phone-cancelled');
  });

  test('the consumer hangs up while our 200 is on its way: BYE once the phone has it', () => {
    const call = outbound().alerting().send({ type: 'meta.status', status: 'accepted' });
    call.send({ type: 'meta.terminate', status: 'Completed', durationS: 1 });
    expect(call.count('sendBye')).toBe(0);
    call.send({ type: 'sip.answered', attempt: 1 });
    expect([call.count('sendBye'), call.count('graphTerminate')]).toEqual([1, 0]);
    call.settle();
    expect(call.name).toBe('ended');
  });

  test.each([
    ['before anything rings', false],
    ['while it rings', true],
  ])('the consumer declines or does not answer %s: 480, and no terminate of ours', (_, rings) => {
    const call = rings ? outbound().alerting() : outbound().placed();
    call.send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.all('refusePhone')[0]?.refusal.status).toBe(480);
    call.settle();
    expect([call.name, call.record?.cause, call.count('graphTerminate')]).toEqual(['ended', 'not-taken', 0]);
  });

  test('it rings for 60 s: 480 and terminate', () => {
    const call = outbound().alerting().advance(60_000);
    expect(call.all('refusePhone')[0]?.refusal.status).toBe(480);
    expect([call.count('graphTerminate'), call.state.end?.cause]).toEqual([1, 'no-answer']);
  });

  test('Graph refuses: its SIP status goes to the phone, nothing is left to end', () => {
    const call = outbound().dialing();
    call.send({ type: 'graph.connectFailed', ambiguous: false, refusal: { status: 503, retryAfterS: 60 } });
    expect(call.all('refusePhone')[0]?.refusal).toEqual({ status: 503, retryAfterS: 60 });
    call.send({ type: 'media.closed' });
    expect([call.name, call.count('graphTerminate'), call.timers]).toEqual(['ended', 0, []]);
  });

  test('the reply to connect is lost: never again; what a webhook names within 15 s is ended', () => {
    const call = outbound().dialing();
    call.send({ type: 'graph.connectFailed', ambiguous: true, refusal: { status: 504 } });
    expect([call.all('refusePhone')[0]?.refusal.status, call.count('graphConnect')]).toEqual([504, 1]);
    call.send({ type: 'media.closed' });
    expect(call.name, 'a device may ring').toBe('ending');
    call.advance(9_000).send({ type: 'meta.identified', callId: 'c_9' });
    expect(call.all('graphTerminate')).toEqual([{ type: 'graphTerminate', callId: 'c_9' }]);
    call.settle().send({ type: 'meta.terminate', status: 'Completed' });
    expect([call.name, call.record?.callId]).toEqual(['ended', 'c_9']);
  });

  test('the reply to connect is lost and no webhook comes: given up after 15 s', () => {
    const call = outbound().dialing();
    call.send({ type: 'graph.connectFailed', ambiguous: true, refusal: { status: 504 } });
    call.send({ type: 'media.closed' }).advance(15_000);
    expect([call.name, call.record?.callId, call.timers]).toEqual(['ended', 'out-1', []]);
  });
});

describe('webhooks out of order', () => {
  test('accepted overtakes ringing: no 180 after the 200', () => {
    const call = outbound().placed().send({ type: 'meta.status', status: 'accepted' });
    call.send({ type: 'meta.status', status: 'ringing' });
    expect([call.count('answerPhone'), call.count('ringPhone')]).toEqual([1, 0]);
  });

  test('everything overtakes the reply to connect: the answer is applied first, then the update', () => {
    const call = outbound()
      .dialing()
      .send(
        { type: 'meta.identified', callId: 'c_9' },
        { type: 'meta.status', status: 'ringing' },
        { type: 'meta.status', status: 'accepted' },
        { type: 'meta.mediaUpdate', version: 1, sdp: 'D' },
      );
    expect([call.name, call.count('answerPhone'), call.count('applyAnswer')]).toEqual(['connecting', 1, 0]);
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' }, { type: 'media.sdpApplied' });
    expect(call.all('applyAnswer')[0]?.sdp).toBe('B');
    expect(call.all('applyRenegotiation')[0]?.sdp).toBe('D');
    call.send({ type: 'media.sdpApplied' }, { type: 'media.secure' });
    expect([call.name, call.count('openAudio')]).toEqual(['talking', 1]);
  });

  test('a media_update without accepted proves the pickup after 2 s', () => {
    const call = outbound().alerting().send({ type: 'meta.mediaUpdate', version: 1, sdp: 'D' });
    call.advance(1_999);
    expect(call.count('answerPhone')).toBe(0);
    call.advance(1);
    expect([call.name, call.count('answerPhone')]).toEqual(['talking', 1]);
    call.send({ type: 'meta.status', status: 'accepted' });
    expect(call.count('answerPhone')).toBe(1);
  });

  test('media that comes up proves no pickup: ringback tones come over it too', () => {
    const call = outbound().alerting().send({ type: 'media.firstPacket', leg: 'consumer' });
    expect([call.name, call.count('answerPhone')]).toEqual(['alerting', 0]);
  });

  test('success without an answer: a media_update may bring it, 2 s after the pickup at the latest', () => {
    const call = outbound().dialing().send({ type: 'graph.connected', callId: 'c_9' });
    call.send({ type: 'meta.status', status: 'accepted' }).advance(2_000);
    expect(call.state.end?.cause).toBe('no-answer-sdp');
    expect(call.count('graphTerminate')).toBe(1);
  });
});

describe('media', () => {
  test('it does not come up within 15 s of connect', () => {
    const call = outbound().dialing();
    call.send({ type: 'graph.connected', callId: 'c_9', answerSdp: 'B' }).advance(15_000);
    expect(call.state.end?.cause).toBe('media-setup-failed');
    expect(call.all('refusePhone')[0]?.refusal.status).toBe(500);
    expect(call.count('graphTerminate')).toBe(1);
  });

  test('the worker dies before Meta was asked: the phone is told, and then nothing is waited for', () => {
    const call = outbound().send({ type: 'media.workerLost' }, { type: 'media.closed' });
    expect([call.count('refusePhone'), call.count('graphTerminate'), call.count('finish')]).toEqual([
      1, 0, 1,
    ]);
    expect([call.state.name, call.state.timers]).toEqual(['ended', []]);
  });

  test('the worker dies while it rings: both sides are told', () => {
    const call = outbound().alerting().send({ type: 'media.workerLost' });
    expect([call.count('refusePhone'), call.count('graphTerminate')]).toEqual([1, 1]);
  });
});
