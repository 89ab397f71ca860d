import { describe, expect, test } from 'vitest';
import type { AfterRinging, CallSetup } from '../../src/call/index.ts';
import { CallHarness } from './harness.ts';

const CLOSED = { kind: 'announce', sound: 'closed' } as const;
const BUSY = { kind: 'announce', sound: 'busy' } as const;

const heard = (call: CallHarness): CallHarness =>
  call.send(
    { type: 'graph.accepted', answerSdp: 'B' },
    { type: 'media.sdpApplied' },
    { type: 'media.iceConnected' },
    { type: 'media.secure' },
  );

const ended = (call: CallHarness): CallHarness =>
  call
    .send({ type: 'media.announced' })
    .send({ type: 'graph.terminated' }, { type: 'media.closed' })
    .send({ type: 'meta.terminate', status: 'Completed', durationS: 3 });

describe('in place of any phone', () => {
  test('reject: at once, without media', () => {
    const call = new CallHarness({ instead: { kind: 'reject' } });
    expect([call.count('graphReject'), call.count('openMedia'), call.count('invite')]).toEqual([1, 0, 0]);
    call.settle().send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.record).toMatchObject({ cause: 'turned-away', endedBy: 'gateway', answered: false });
    expect(call.name).toBe('ended');
  });

  test('announce: accepted as soon as media is there, heard, terminated', () => {
    const call = new CallHarness({ instead: CLOSED });
    expect(call.count('lookUpProfile'), 'nobody is shown the name').toBe(0);
    call.send({ type: 'media.ready' });
    expect([call.count('graphAccept'), call.count('connectPhone'), call.name]).toEqual([1, 0, 'accepting']);
    heard(call);
    expect(call.all('announce')).toEqual([{ type: 'announce', sound: 'closed' }]);
    expect(call.effects.findLastIndex(({ type }) => type === 'openAudio')).toBeGreaterThan(
      call.effects.findIndex(({ type }) => type === 'announce'),
    );
    // There is no phone, and the consumer may be muted.
    call.send({ type: 'media.silent', leg: 'phone', ms: 30_000 });
    call.send({ type: 'media.silent', leg: 'consumer', ms: 30_000 });
    call.send({ type: 'media.dtmf', digit: '1', durationMs: 100, from: 'consumer' });
    expect(call.name).toBe('talking');
    call.send({ type: 'media.announced' });
    expect([call.count('graphTerminate'), call.count('graphReject')]).toEqual([1, 0]);
    ended(call);
    expect(call.name).toBe('ended');
    expect(call.record).toMatchObject({
      cause: 'turned-away',
      announced: 'closed',
      answered: false,
      talkMs: 0,
      attempts: [],
    });
  });

  test('a consumer who hangs up before its end', () => {
    const call = heard(new CallHarness({ instead: CLOSED }).send({ type: 'media.ready' }));
    call.send({ type: 'meta.terminate', status: 'Completed', durationS: 1 });
    expect(call.state.end).toMatchObject({ cause: 'consumer-hangup' });
    expect(call.send({ type: 'media.announced' }).count('graphTerminate')).toBe(0);
  });

  test('on WhatsApp pre_accept comes first', () => {
    const call = new CallHarness({ whatsapp: true, instead: CLOSED }).send({ type: 'media.ready' });
    expect([call.count('graphPreAccept'), call.count('graphAccept')]).toEqual([1, 1]);
    call.send({ type: 'graph.preAccepted' }, { type: 'graph.accepted' }, { type: 'media.secure' });
    expect(call.count('announce')).toBe(1);
  });
});

describe('after ringing', () => {
  const ringing = (after: AfterRinging, more: Pick<CallSetup, 'targets'> | object = {}): CallHarness =>
    new CallHarness({ after, ...more }).ringing();
  const failed = (status: number, attempt = 1) =>
    ({ type: 'sip.failed', attempt, status, kind: 'response' }) as const;

  test.each([
    [486, 'busy'],
    [603, 'declined'],
  ] as const)('%i is %s: the announcement of busy, and the call ends as that', (status, cause) => {
    const call = ringing({ busy: BUSY, failed: CLOSED }).send(failed(status));
    expect([call.name, call.count('graphAccept'), call.count('graphReject')]).toEqual(['accepting', 1, 0]);
    heard(call);
    expect(call.all('announce')).toEqual([{ type: 'announce', sound: 'busy' }]);
    ended(call);
    expect(call.record).toMatchObject({ cause, announced: 'busy', answered: false, sipStatus: status });
  });

  test('nobody could be reached', () => {
    const call = new CallHarness({ after: { busy: BUSY, failed: CLOSED } }).invited().send(failed(404));
    heard(call);
    expect(call.all('announce')[0]?.sound).toBe('closed');
    expect(ended(call).record?.cause).toBe('unreachable');
  });

  test('nobody answered: CANCEL, then the announcement; a 200 that crosses is ended', () => {
    const call = ringing({ noAnswer: CLOSED }).advance(45_000);
    expect([call.count('cancelInvite'), call.count('graphAccept'), call.name]).toEqual([1, 1, 'accepting']);
    call.send({ type: 'sip.answered', attempt: 1 });
    expect([call.count('sendBye'), call.count('connectPhone'), call.name]).toEqual([1, 0, 'accepting']);
    heard(call);
    expect(call.count('announce')).toBe(1);
  });

  test('ringing leaves the announcement its time in the accept window', () => {
    const call = new CallHarness({
      after: { noAnswer: CLOSED },
      policy: { ringBudgetMs: 54_000 },
      stampAgeMs: 5_000,
    });
    call.ringing().advance(48_999);
    expect(call.count('graphAccept')).toBe(0);
    expect(call.advance(1).count('graphAccept')).toBe(1);
  });

  test('another target of the route comes before what follows', () => {
    const targets = [{ name: 'a' }, { name: 'b' }];
    const call = new CallHarness({ targets, after: { failed: CLOSED } }).invited().send(failed(503));
    expect([call.count('invite'), call.count('graphAccept')]).toEqual([2, 0]);
    call.send(failed(503, 2));
    expect(call.count('graphAccept')).toBe(1);
  });

  test('other targets ring, with a budget and treatments of their own', () => {
    const other = {
      kind: 'ring',
      targets: [{ name: 'queue' }, { name: 'boss' }],
      ringBudgetMs: 5_000,
      after: { noAnswer: CLOSED },
    } as const;
    const call = ringing({ busy: other }, { targets: [{ name: 'desk' }, { name: 'never' }] }).send(
      failed(486),
    );
    expect(call.all('invite').map(({ target }) => target.name)).toEqual(['desk', 'queue']);
    expect(call.name).toBe('inviting');
    call.send({ type: 'sip.progress', attempt: 2, status: 180, hasSdp: false }).advance(4_999);
    expect(call.count('graphAccept')).toBe(0);
    expect(call.advance(1).count('graphAccept')).toBe(1);
    call.send({ type: 'sip.cancelled', attempt: 2 });
    expect(ended(heard(call)).record).toMatchObject({
      cause: 'no-answer',
      announced: 'closed',
      attempts: [
        { target: 'desk', status: 486 },
        { target: 'queue', status: 487 },
      ],
    });
  });

  test('other targets are not rung when Meta would not wait for them', () => {
    const other = { kind: 'ring', targets: [{ name: 'queue' }], after: { noAnswer: BUSY } } as const;
    const call = ringing({ noAnswer: other }, { policy: { ringBudgetMs: 54_000 } }).advance(54_000);
    expect([call.count('invite'), call.count('graphAccept')]).toEqual([1, 1]);
    expect(heard(call).all('announce')[0]?.sound).toBe('busy');
  });

  test('a route that rejects ends the call as without it', () => {
    const call = ringing({ busy: { kind: 'reject' } }).send(failed(486));
    expect(call.count('graphReject')).toBe(1);
    expect(call.state.end?.cause).toBe('busy');
  });

  test('behind an accept for early media there is no second one', () => {
    const call = new CallHarness({ after: { busy: BUSY }, policy: { earlyMedia: true } })
      .invited()
      .send({ type: 'sip.progress', attempt: 1, status: 183, hasSdp: true });
    expect([call.name, call.count('graphAccept')]).toEqual(['early', 1]);
    heard(call).send(failed(486));
    expect([call.name, call.count('graphAccept'), call.count('announce')]).toEqual(['talking', 1, 1]);
    expect(ended(call).record).toMatchObject({ cause: 'busy', announced: 'busy', answered: false });
  });
});
