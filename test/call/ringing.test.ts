import { describe, expect, test } from 'vitest';
import { CallHarness, T0, TWO_DESKS } from './harness.ts';

describe('preparing', () => {
  test('the INVITE waits for the name and for media, and carries the name', () => {
    const call = new CallHarness();
    expect(call.count('lookUpProfile')).toBe(1);
    expect(call.send({ type: 'media.ready' }).count('invite')).toBe(0);
    call.send({ type: 'profile.resolved', name: 'Amina Otieno' });
    expect(call.all('invite')).toEqual([
      { type: 'invite', attempt: 1, target: { name: 'desk' }, callerName: 'Amina Otieno' },
    ]);
    expect(call.name).toBe('inviting');
  });

  test('a slow name delays the INVITE by its budget only', () => {
    const call = new CallHarness().send({ type: 'media.ready' }).advance(1_499);
    expect(call.count('invite')).toBe(0);
    call.advance(1);
    expect(call.all('invite')[0]?.callerName).toBeUndefined();
    // The name that comes now is too late to matter.
    expect(call.send({ type: 'profile.resolved', name: 'Amina' }).count('invite')).toBe(1);
  });

  test('a name known before is not looked up', () => {
    const call = new CallHarness({ callerName: 'Amina' }).send({ type: 'media.ready' });
    expect(call.count('lookUpProfile')).toBe(0);
    expect(call.all('invite')[0]?.callerName).toBe('Amina');
  });

  test('without a target the call is rejected and recorded', () => {
    const call = new CallHarness({ targets: [] })
      .settle()
      .send({ type: 'meta.terminate', status: 'Completed' });
    expect(call.count('graphReject')).toBe(1);
    expect(call.count('openMedia')).toBe(0);
    expect(call.record?.cause).toBe('no-route');
    expect(call.name).toBe('ended');
  });

  test('no media: reject', () => {
    const call = new CallHarness().send({ type: 'media.failed', reason: 'no port left' });
    expect(call.count('graphReject')).toBe(1);
    expect(call.count('invite')).toBe(0);
    expect(call.state.end).toMatchObject({ cause: 'media-failed', detail: 'no port left' });
  });

  test('a second connect changes nothing', () => {
    const call = new CallHarness();
    const before = call.state;
    expect(call.send({ type: 'meta.connect' }).state).toBe(before);
  });
});

describe('ring budget', () => {
  test('45 s after the webhook: CANCEL and reject', () => {
    const call = new CallHarness().ringing().advance(44_999);
    expect(call.name).toBe('ringing');
    call.advance(1);
    expect([call.count('cancelInvite'), call.count('graphReject')]).toEqual([1, 1]);
    expect(call.state.end).toMatchObject({ cause: 'no-answer', by: 'gateway' });
  });

  test('a webhook that was late leaves less: nothing is accepted 55 s after the stamp', () => {
    const call = new CallHarness({ stampAgeMs: 30_000 }).ringing().advance(24_999);
    expect(call.name).toBe('ringing');
    expect(call.advance(1).count('cancelInvite')).toBe(1);
  });

  test('a webhook that came too late for any ringing: reject without INVITE', () => {
    const call = new CallHarness({ stampAgeMs: 55_000 });
    expect([call.count('openMedia'), call.count('graphReject')]).toEqual([0, 1]);
    expect(call.state.end?.cause).toBe('no-answer');
  });

  test('an answer after the window is not accepted', () => {
    const call = new CallHarness({ policy: { ringBudgetMs: 45_000, acceptWindowMs: 40_000 } });
    expect(call.advance(39_999).ringing().send({ type: 'sip.answered', attempt: 1 }).name).toBe('accepting');
    const late = new CallHarness({ policy: { acceptWindowMs: 55_000, ringBudgetMs: 55_000 } }).ringing();
    // The timer is late (a busy event loop), the clock is not.
    late.clock.after(54_999, () =>
      late.send({ type: 'sip.progress', attempt: 1, status: 180, hasSdp: false }),
    );
    late.advance(55_000);
    expect(late.name).toBe('ending');
    expect(late.count('graphAccept')).toBe(0);
  });

  test.each([300_000, -300_000])('a stamp that is %i ms off is not believed', (stampAgeMs) => {
    const call = new CallHarness({ stampAgeMs }).ringing().advance(44_999);
    expect(call.name).toBe('ringing');
    expect(call.advance(1).name).toBe('ending');
  });
});

describe('targets, one at a time', () => {
  test.each([480, 408, 404, 403, 488, 500, 503, 302, 487])('%i: the next target', (status) => {
    const call = new CallHarness({ targets: TWO_DESKS })
      .invited()
      .send({ type: 'sip.failed', attempt: 1, status, kind: 'response' });
    expect(call.all('invite').map(({ attempt, target }) => [attempt, target.name])).toEqual([
      [1, 'desk'],
      [2, 'queue'],
    ]);
    expect(call.name).toBe('inviting');
  });

  test.each(['timeout', 'transport', 'control-lost', 'not-sent'] as const)('%s: the next target', (kind) => {
    const call = new CallHarness({ targets: TWO_DESKS })
      .invited()
      .send({ type: 'sip.failed', attempt: 1, status: 503, kind });
    expect(call.count('invite')).toBe(2);
  });

  test.each([
    [486, 'busy'],
    [600, 'busy'],
    [603, 'declined'],
  ])('%i: rejected at once, nobody else is rung', (status, cause) => {
    const call = new CallHarness({ targets: TWO_DESKS })
      .ringing()
      .send({ type: 'sip.failed', attempt: 1, status, kind: 'response' });
    expect([call.count('invite'), call.count('graphReject')]).toEqual([1, 1]);
    expect(call.state.end).toMatchObject({ cause, by: 'phone' });
  });

  test('none left: reject', () => {
    const call = new CallHarness()
      .invited()
      .send({ type: 'sip.failed', attempt: 1, status: 404, kind: 'response' });
    expect(call.count('graphReject')).toBe(1);
    expect(call.state.end?.cause).toBe('unreachable');
  });

  test('a target rings for its own time, then the next one', () => {
    const call = new CallHarness({ targets: TWO_DESKS }).ringing().advance(15_000);
    expect(call.all('cancelInvite').map(({ attempt }) => attempt)).toEqual([1]);
    expect(call.all('invite').at(-1)?.attempt).toBe(2);
    call.advance(30_000);
    expect(call.all('cancelInvite').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(call.clock.now()).toBe(T0 + 45_000);
  });

  test('a target without any 18x is given up early when another one is left', () => {
    const call = new CallHarness({ targets: TWO_DESKS }).invited().advance(8_000);
    expect(call.count('invite')).toBe(2);
    expect(call.advance(36_999).name).toBe('inviting');
  });

  test('late words about an earlier attempt change nothing; its late 200 is ended by BYE', () => {
    const call = new CallHarness({ targets: TWO_DESKS }).ringing().advance(15_000);
    const before = call.state;
    call.send({ type: 'sip.progress', attempt: 1, status: 180, hasSdp: false });
    expect(call.state).toBe(before);
    call.send({ type: 'sip.answered', attempt: 1 });
    expect(call.all('sendBye').map(({ attempt }) => attempt)).toEqual([1]);
    expect(call.name).toBe('inviting');
    call.send({ type: 'sip.answered', attempt: 2 });
    expect(call.name).toBe('accepting');
    call.send({ type: 'sip.byeDone', attempt: 1 });
    expect(call.name).toBe('accepting');
  });
});
