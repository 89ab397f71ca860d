import { describe, expect, test } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const asked = (kind: 'blind' | 'attended' | 'replaced' = 'blind', attempt = 1): CallEvent => ({
  type: 'sip.transfer',
  attempt,
  kind,
  target: { name: 'pbx/200' },
});
const answered: CallEvent = { type: 'sip.answered', attempt: 2 };
const busy: CallEvent = { type: 'sip.failed', attempt: 2, status: 486, kind: 'response' };
const bye: CallEvent = { type: 'sip.bye', attempt: 1 };
const silent: CallEvent = { type: 'media.silent', leg: 'phone', ms: 30_000 };
const statuses = (call: CallHarness): string[] => call.state.attempts.map(({ status }) => status);
const told = (call: CallHarness): number[] => call.all('tellTransfer').map(({ status }) => status);

const talking = (): CallHarness => new CallHarness().talking();
const transferring = (): CallHarness => talking().send(asked());

test('202, music, INVITE; then the new phone has the call and the old one 4 s to leave', () => {
  const call = transferring();
  expect(call.effects.slice(-5).map(({ type }) => type)).toEqual([
    'acceptTransfer',
    'waitForPhone',
    'invite',
    'startTimer',
    'journal',
  ]);
  call.send({ type: 'sip.progress', attempt: 2, status: 180, hasSdp: false }, answered);
  expect(told(call)).toEqual([180, 200]);
  expect(call.all('connectPhone').at(-1)).toEqual({ type: 'connectPhone', attempt: 2 });
  expect(call.all('waitForPhone').map(({ waiting }) => waiting)).toEqual([true, false]);
  expect([call.name, call.state.answeredBy, statuses(call)]).toEqual(['talking', 2, ['up', 'up']]);
  call.advance(3_999);
  expect(call.count('sendBye')).toBe(0);
  call.advance(1);
  expect(call.all('sendBye').map(({ attempt }) => attempt)).toEqual([1]);
  call.send({ type: 'sip.byeDone', attempt: 1 }, { type: 'sip.bye', attempt: 2 });
  expect(call.state.end?.cause).toBe('phone-hangup');
  expect([call.count('graphTerminate'), call.count('graphAccept')]).toEqual([1, 1]);
});

test('keys of the consumer go to the new phone, its hold counts, that of the old one no more', () => {
  const call = transferring().send(answered, { type: 'sip.held', attempt: 1, held: true });
  expect(call.state.held).toBe(false);
  call.send({ type: 'sip.held', attempt: 2, held: true });
  call.send({ type: 'media.dtmf', digit: '5', durationMs: 100, from: 'consumer' });
  expect([call.state.held, call.all('sendDtmf').at(-1)?.attempt]).toEqual([true, 2]);
});

test('the old phone was holding: Meta hears that this is over', () => {
  const call = new CallHarness({ policy: { holdTellsMeta: true } }).talking();
  call.send({ type: 'sip.held', attempt: 1, held: true }, asked(), answered);
  expect(call.all('tellHold').map(({ held }) => held)).toEqual([true, false]);
});

test('busy: the phone that asked is told and has the call as before', () => {
  const call = transferring().send(busy);
  expect([call.name, call.state.answeredBy, statuses(call)]).toEqual(['talking', 1, ['up', 'down']]);
  expect([told(call), call.timers]).toEqual([[486], []]);
  call.send(asked(), { type: 'sip.answered', attempt: 3 });
  expect([call.state.answeredBy, told(call)]).toEqual([3, [486, 200]]);
});

test('no answer in 30 s: CANCEL and 408; a 200 that crosses is hung up', () => {
  const call = transferring().advance(30_000);
  expect([told(call), call.count('cancelInvite'), call.name]).toEqual([[408], 1, 'talking']);
  call.send(answered);
  expect([call.state.answeredBy, call.all('sendBye').map(({ attempt }) => attempt)]).toEqual([1, [2]]);
});

describe('the phone that asked hangs up at once', () => {
  test('and the consumer is kept, silent phone or not, until the new one answers', () => {
    const call = transferring().send(bye, silent);
    expect(call.name).toBe('talking');
    call.send(answered).advance(10_000);
    expect([call.name, call.count('sendBye'), statuses(call)]).toEqual(['talking', 0, ['down', 'up']]);
  });

  test.each([
    ['busy', (call: CallHarness) => call.send(busy), 0],
    ['no answer', (call: CallHarness) => call.advance(30_000), 1],
  ])('and the target says %s: the call ends', (_, fail, cancels) => {
    const call = new CallHarness({ policy: { transferRecall: false } }).talking().send(asked(), bye);
    fail(call);
    expect(call.state.end?.cause).toBe('transfer-failed');
    expect([call.count('graphTerminate'), call.count('cancelInvite')]).toEqual([1, cancels]);
    call.settle().send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.record?.transfers).toMatchObject([{ from: 'desk', to: 'pbx/200', outcome: 'failed' }]);
  });
});

describe('a phone that transferred and hung up is rung back', () => {
  const recalling = (): CallHarness => transferring().send(bye, busy);
  const kinds = (call: CallHarness): string[] =>
    call.state.transfers.map(({ kind, outcome }) => `${kind} ${outcome}`);

  test('when the target is busy, and has the call again', () => {
    const call = recalling();
    expect([call.name, call.all('recallPhone'), call.timers]).toEqual([
      'talking',
      [{ type: 'recallPhone', from: 1, attempt: 3, callerName: 'Amina Otieno' }],
      ['transfer'],
    ]);
    expect(call.all('waitForPhone').at(-1)).toEqual({ type: 'waitForPhone', waiting: true });
    call.send(silent, { type: 'sip.answered', attempt: 3 });
    expect([call.state.answeredBy, told(call), kinds(call)]).toEqual([
      3,
      [486],
      ['blind failed', 'recall done'],
    ]);
    call.advance(10_000).send({ type: 'sip.bye', attempt: 3 });
    expect(call.state.end?.cause).toBe('phone-hangup');
    call.settle().send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.record).toMatchObject({
      target: 'desk',
      attempts: [{ target: 'desk', status: 200 }],
      transfers: [
        { kind: 'blind', from: 'desk', to: 'pbx/200', outcome: 'failed', status: 486 },
        { kind: 'recall', from: 'desk', to: 'desk', outcome: 'done', status: 200 },
      ],
    });
  });

  test.each([
    [
      'is busy, too',
      (call: CallHarness) => call.send({ type: 'sip.failed', attempt: 3, status: 486, kind: 'response' }),
      0,
    ],
    ['does not answer', (call: CallHarness) => call.advance(30_000), 1],
  ])('once: when it %s, the call ends', (_, fail, cancels) => {
    const call = recalling();
    fail(call);
    expect([call.state.end?.cause, call.count('recallPhone'), call.count('cancelInvite')]).toEqual([
      'transfer-failed',
      1,
      cancels,
    ]);
    expect(kinds(call)).toEqual(['blind failed', 'recall failed']);
  });

  test('also when the target did not answer in time, and its late 200 is hung up', () => {
    const call = transferring().send(bye).advance(30_000).send(answered);
    expect(call.all('sendBye').map(({ attempt }) => attempt)).toEqual([2]);
    expect([call.name, call.count('recallPhone')]).toEqual(['talking', 1]);
  });

  test('until the consumer hangs up', () => {
    const call = recalling().send({ type: 'meta.terminate', status: 'Completed' });
    expect([call.state.end?.cause, call.count('cancelInvite')]).toEqual(['consumer-hangup', 1]);
  });

  test('and may transfer again', () => {
    const call = recalling().send({ type: 'sip.answered', attempt: 3 }, asked('blind', 3));
    expect(call.all('acceptTransfer').at(-1)).toEqual({ type: 'acceptTransfer', from: 3, attempt: 4 });
  });
});

describe('an operator hands the call over', () => {
  test('and the phone, which knows nothing of it, gets BYE at once when the new one answers', () => {
    const call = talking().send({ ...asked(), by: 'operator' } as CallEvent, answered);
    expect([call.state.answeredBy, statuses(call)]).toEqual([2, ['leaving', 'up']]);
  });

  test('and the phone keeps it when the new one is busy', () => {
    const call = talking().send({ ...asked(), by: 'operator' } as CallEvent, busy);
    expect([call.state.answeredBy, statuses(call), call.name]).toEqual([1, ['up', 'down'], 'talking']);
  });
});

describe('a REFER of ours', () => {
  const refer: CallEvent = {
    type: 'sip.transfer',
    attempt: 1,
    kind: 'referred',
    target: { name: 'pbx/200' },
    by: 'operator',
  };
  const word = (status: number | undefined, last: boolean): CallEvent => ({
    type: 'sip.referred',
    attempt: 1,
    status,
    last,
  });
  const referring = (): CallHarness => talking().send(refer);
  const ends = (call: CallHarness): unknown[] =>
    call.state.transfers.map(({ outcome, status }) => [outcome, status]);

  test('goes out, and nothing else is done: the phone has the call', () => {
    const call = referring();
    expect([call.all('sendRefer'), call.count('invite'), call.count('waitForPhone')]).toEqual([
      [{ type: 'sendRefer', from: 1 }],
      1,
      0,
    ]);
    call.send(word(180, false), silent, word(200, true));
    expect([ends(call), call.timers, call.state.answeredBy]).toEqual([[['done', 200]], [], 1]);
    call.send(bye);
    expect(call.state.end?.cause).toBe('phone-hangup');
  });

  test.each([
    ['refused', word(405, true), ['failed', 405]],
    ['taken, and the target is busy', word(486, true), ['failed', 486]],
    ['taken without a word of what becomes of it', word(undefined, true), ['unknown', undefined]],
    ['ended behind a provisional word', word(180, true), ['unknown', 180]],
  ])('%s: the call goes on', (_, last, wanted) => {
    const call = referring().send(last);
    expect([call.name, ends(call), call.timers]).toEqual(['talking', [wanted], []]);
  });

  test('of which nothing is heard for 30 s is not waited for, and a late word is nothing', () => {
    const call = referring().send(word(180, false)).advance(30_000).send(word(200, true));
    expect([call.name, ends(call)]).toEqual(['talking', [['unknown', 180]]]);
    expect(call.send(asked()).count('acceptTransfer')).toBe(1);
  });

  test('the PBX hangs up meanwhile: the end of the call', () => {
    const call = referring().send(bye);
    expect([call.state.end?.cause, ends(call)]).toEqual(['phone-hangup', [['unknown', undefined]]]);
  });

  describe('that the PBX says is done', () => {
    const unspoken: CallEvent = { type: 'media.unspoken', ms: 10_000 };
    const done = (): CallHarness => referring().send(word(200, true));

    test('has the phone speak, or the call ends on both sides', () => {
      const call = done();
      expect(call.all('expectPhone')).toEqual([{ type: 'expectPhone', ms: 10_000 }]);
      call.send(unspoken);
      expect(call.state.end).toEqual({
        cause: 'transfer-silent',
        by: 'gateway',
        detail: 'CALL_TRANSFER_SILENT: no RTP from the phone for 10000 ms',
      });
      const { reason } = call.all('sendBye')[0] ?? {};
      expect([reason?.cause, call.count('graphTerminate')]).toEqual([16, 1]);
      expect(call.all('transferSilent')).toEqual([{ type: 'transferSilent', ms: 10_000 }]);
      call.settle().send({ type: 'meta.terminate', status: 'Completed' });
      expect(call.record).toMatchObject({
        cause: 'transfer-silent',
        endedBy: 'gateway',
        transfers: [{ kind: 'referred', outcome: 'done', status: 200 }],
        meta: { endReason: 'Connection_Dropped' },
      });
    });

    test.each([
      ['refused', word(405, true)],
      ['not done: the target is busy', word(486, true)],
      ['nothing: who knows whether the target rings', word(undefined, true)],
    ])('but not where it says %s', (_, last) => {
      const call = referring().send(last, unspoken);
      expect([call.count('expectPhone'), call.name]).toEqual([0, 'talking']);
    });

    test('later than we waited for', () => {
      const call = referring().advance(30_000).send(word(486, true), unspoken);
      expect([call.count('expectPhone'), call.name]).toEqual([0, 'talking']);
      call.send(word(200, true));
      expect([call.count('expectPhone'), ends(call)]).toEqual([1, [['unknown', undefined]]]);
      expect(call.send(unspoken).state.end?.cause).toBe('transfer-silent');
    });

    test('while it holds: not before it has resumed', () => {
      const held = (is: boolean): CallEvent => ({ type: 'sip.held', attempt: 1, held: is });
      const call = done().send(held(true), unspoken);
      expect([call.name, call.count('expectPhone')]).toEqual(['talking', 2]);
      expect(call.send(held(false), unspoken).state.end?.cause).toBe('transfer-silent');
    });

    test('while an operator hands the call on: not before that is over', () => {
      const again = (): CallHarness => done().send({ ...asked(), by: 'operator' } as CallEvent, unspoken);
      expect([again().name, again().count('expectPhone')]).toEqual(['talking', 2]);
      // The new phone owes nothing.
      expect(again().send(answered, unspoken).name).toBe('talking');
      expect(again().send(busy, unspoken).state.end?.cause).toBe('transfer-silent');
    });

    test('and hangs up at once: that is the end, and nobody speaks any more', () => {
      const call = done().send(bye, unspoken);
      expect([call.state.end?.cause, call.count('transferSilent')]).toEqual(['phone-hangup', 0]);
    });

    test('after its BYE: nothing', () => {
      const call = referring().send(bye, word(200, true));
      expect([ends(call), call.count('expectPhone')]).toEqual([[['unknown', undefined]], 0]);
    });
  });

  test('comes back as an INVITE with Replaces', () => {
    const call = referring().send(asked('replaced'), answered);
    expect([call.state.answeredBy, statuses(call)]).toEqual([2, ['leaving', 'up']]);
    expect(ends(call)).toEqual([
      ['done', 200],
      ['done', 200],
    ]);
  });

  test('is one at a time', () => {
    expect(referring().send(refer, asked()).all('refuseTransfer')).toHaveLength(2);
  });
});

test('the consumer hangs up meanwhile: CANCEL there, the last word and BYE here', () => {
  const call = transferring().send({ type: 'meta.terminate', status: 'Completed' });
  const last = call.effects.map(({ type }) => type);
  expect([call.count('cancelInvite'), call.count('sendBye'), told(call)]).toEqual([1, 1, [487]]);
  expect(last.indexOf('tellTransfer')).toBeLessThan(last.indexOf('sendBye'));
  call.settle();
  expect(call.name).toBe('ended');
  expect(call.record).toMatchObject({
    target: 'desk',
    attempts: [{ target: 'desk', status: 200 }],
    sipStatus: 200,
    transfers: [{ kind: 'blind', outcome: 'cancelled', status: 487 }],
  });
});

describe('491', () => {
  const refusals = (call: CallHarness): unknown[] => call.all('refuseTransfer');

  test('while another transfer is under way', () => {
    expect(refusals(transferring().send(asked()))).toEqual([
      { type: 'refuseTransfer', from: 1, status: 491 },
    ]);
  });

  test('before the two talk, after the end, and from a phone that handed the call over', () => {
    expect(refusals(new CallHarness().connecting().send(asked()))).toHaveLength(1);
    expect(refusals(talking().send({ type: 'operator.hangup' }, asked()))).toHaveLength(1);
    expect(refusals(talking().send(bye, asked()))).toHaveLength(1);
    expect(refusals(transferring().send(answered, asked()))).toHaveLength(1);
  });

  test('to a phone that sends the call round and round', () => {
    const call = talking();
    for (let n = 2; n <= 51; n++)
      call.send(asked('blind'), { type: 'sip.failed', attempt: n, status: 486, kind: 'response' });
    expect(refusals(call)).toEqual([]);
    expect(refusals(call.send(asked()))).toHaveLength(1);
  });
});

describe('an INVITE with Replaces', () => {
  test('is answered, not followed: the old phone gets BYE at once', () => {
    const call = talking().send(asked('replaced'));
    expect([call.count('invite'), call.count('waitForPhone'), call.timers]).toEqual([1, 0, []]);
    call.send(answered);
    expect([call.state.answeredBy, statuses(call)]).toEqual([2, ['leaving', 'up']]);
    expect(told(call)).toEqual([]);
  });

  test('that is given up leaves everything as it was', () => {
    const call = talking().send(asked('replaced'), { ...busy, status: 487 });
    expect([call.name, call.state.answeredBy, statuses(call)]).toEqual(['talking', 1, ['up', 'down']]);
  });

  test('answered when the call is over gets BYE', () => {
    const call = talking().send(asked('replaced'), { type: 'meta.terminate', status: 'Completed' }, answered);
    expect(call.all('sendBye').map(({ attempt }) => attempt)).toEqual([1, 2]);
  });
});

test('a call that the phone placed is handed on in the same way', () => {
  const call = new CallHarness({ outbound: true }).pickedUp().send(asked(), answered, bye);
  expect([call.name, call.state.answeredBy, statuses(call)]).toEqual(['talking', 2, ['down', 'up']]);
});
