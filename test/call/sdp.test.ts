import { describe, expect, test } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const update = (version: number): CallEvent => ({ type: 'meta.mediaUpdate', version, sdp: `D${version}` });
const applied: CallEvent = { type: 'media.sdpApplied' };
const asked = (call: CallHarness): string[] =>
  call.effects.flatMap((effect) =>
    effect.type === 'applyAnswer' || effect.type === 'applyRenegotiation'
      ? [`${effect.type} ${effect.sdp}`]
      : [],
  );

test('answer, then renegotiation, one at a time', () => {
  const call = new CallHarness().connecting();
  expect(asked(call)).toEqual(['applyAnswer B']);
  call.send(applied);
  expect(asked(call)).toEqual(['applyAnswer B', 'applyRenegotiation C']);
  expect(call.send(applied).state.sdp.renegotiations).toBe(1);
});

describe('media_update', () => {
  test('waits for the operation under way; the newest wins', () => {
    const call = new CallHarness().connecting().send(update(1), update(3));
    call.send(applied, applied, applied);
    expect(asked(call)).toEqual(['applyAnswer B', 'applyRenegotiation C', 'applyRenegotiation D3']);
  });

  test('a version that is not newer is ignored', () => {
    const call = new CallHarness().talking().send(update(3), applied, update(2), update(3));
    expect(asked(call).slice(2)).toEqual(['applyRenegotiation D3']);
  });

  test('without a version it counts as one more', () => {
    const call = new CallHarness().talking().send({ type: 'meta.mediaUpdate', sdp: 'D' }, applied);
    expect(asked(call).at(-1)).toBe('applyRenegotiation D');
    expect(call.state.sdp.version).toBe(1);
  });

  test('before accept it is kept until the answer is applied', () => {
    const call = new CallHarness().ringing().send(update(1)).send({ type: 'sip.answered', attempt: 1 });
    expect(asked(call)).toEqual([]);
    call.send({ type: 'graph.accepted', answerSdp: 'B' }, applied);
    expect(asked(call)).toEqual(['applyAnswer B', 'applyRenegotiation D1']);
  });

  test('one that cannot be applied does not end the call', () => {
    const call = new CallHarness()
      .talking()
      .send(update(1), { type: 'media.sdpFailed', reason: 'no m-line' });
    expect([call.name, call.state.sdp.failures]).toEqual(['talking', 1]);
    expect(call.send(update(2)).state.sdp.busy?.version).toBe(2);
  });
});

describe('accept without an answer', () => {
  test('2 s without media_update: terminate and BYE', () => {
    const call = new CallHarness().accepting().send({ type: 'graph.accepted' }).advance(1_999);
    expect(call.name).toBe('connecting');
    call.advance(1);
    expect([call.count('graphTerminate'), call.count('sendBye')]).toEqual([1, 1]);
    expect(call.state.end?.cause).toBe('no-answer-sdp');
  });

  test('a media_update stands for it', () => {
    const call = new CallHarness().accepting().send({ type: 'graph.accepted' }, update(1), applied);
    expect(asked(call)).toEqual(['applyAnswer D1', 'applyRenegotiation D1']);
    expect(call.advance(2_000).name).toBe('connecting');
  });
});

test('an answer that cannot be applied ends the call', () => {
  const call = new CallHarness().connecting().send({ type: 'media.sdpFailed', reason: 'no fingerprint' });
  expect([call.count('graphTerminate'), call.count('sendBye')]).toEqual([1, 1]);
  expect(call.state.end).toMatchObject({ cause: 'media-setup-failed', detail: 'no fingerprint' });
});
