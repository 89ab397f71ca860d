import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const NOTIFY = (state: string, event = 'presence'): string[] => [
  'NOTIFY sip:placeholder SIP/2.0',
  `Event: ${event}`,
  `Subscription-State: ${state}`,
];
const REFER = ['Refer-To: <sip:c@127.0.0.1>'];

/** The transaction id of the request that the application got last. */
const last = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

/** The application watches the peer; `ours` is what the peer puts into To. */
function subscribed(): { bench: Bench; dialogId: string; callId: string; ours: string } {
  const bench = new Bench();
  bench.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence', 'Expires: 600']);
  const request = bench.one();
  bench.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'Expires: 300'] });
  expect(bench.delivered()).toEqual(['200']);
  const dialogId = `${request.callId};from-tag=${request.fromTag}`;
  return { bench, dialogId, callId: request.callId, ours: `<sip:us@127.0.0.1>;tag=${request.fromTag}` };
}

/** The peer watches the application; `to` is our address with its tag. */
function watched(headers = ['Event: presence', 'Expires: 600']): {
  bench: Bench;
  dialogId: string;
  to: string;
} {
  const bench = new Bench();
  bench.routes.add('SUBSCRIBE');
  bench.request('SUBSCRIBE', { headers });
  const answer = bench.frame({ transactionId: last(bench) }, ['SIP/2.0 202 Accepted', 'Expires: 600']);
  const accepted = bench.one();
  expect(accepted.headers.get('contact')).toBe('<sip:127.0.0.1:5060>');
  bench.delivered();
  return { bench, dialogId: answer.tokens[10]!, to: `<sip:us@127.0.0.1>;tag=${accepted.toTag}` };
}

test('as notifier: NOTIFYs go into the dialog, the final one ends it', () => {
  const { bench, dialogId } = watched();
  expect(dialogId).toBe('call-1;from-tag=peer');
  bench.frame({ dialogId }, NOTIFY('active;expires=600'));
  const first = bench.one();
  expect([first.toTag, first.headers.get('contact')]).toEqual(['peer', '<sip:127.0.0.1:5060>']);
  bench.answer(first, 200);
  bench.frame({ dialogId }, NOTIFY('terminated;reason=noresource'));
  bench.answer(bench.one(), 200);
  expect(bench.engine.dump().dialogs).toBe(0);
  expect(bench.frame({ dialogId }, NOTIFY('active')).tokens.slice(2).join('|')).toMatch(
    /unable to find dialog/,
  );
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('as notifier: a refresh keeps the dialog; without one it is forgotten 64*T1 after its time', () => {
  const { bench, to } = watched();
  bench.clock.advance(500_000);
  bench.request('SUBSCRIBE', { seq: 2, to, headers: ['Event: presence', 'Expires: 100'] });
  expect(bench.frames.at(-1)!.tokens[8]).toBe('call-1;from-tag=peer');
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  bench.clock.advance(131_000);
  expect(bench.engine.dump().dialogs).toBe(1);
  bench.clock.advance(1_000);
  expect(bench.idle).toBe(true);
});

test('as notifier: two subscriptions share a dialog, each ends by itself', () => {
  const { bench, dialogId, to } = watched(['Event: presence;id=7', 'Expires: 600']);
  bench.request('SUBSCRIBE', { seq: 2, to, headers: ['Event: dialog', 'Expires: 600'] });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  bench.sent();
  bench.frame({ dialogId }, NOTIFY('terminated', 'Dialog'));
  bench.answer(bench.one(), 200);
  expect(bench.engine.dump().dialogs).toBe(1);
  // RFC 6665 4.2.2: the subscriber knows nothing of it any more.
  bench.frame({ dialogId }, NOTIFY('active', 'presence;id=7'));
  bench.answer(bench.one(), 481);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('as notifier: a NOTIFY that nobody answers ends the subscription', () => {
  const { bench, dialogId } = watched();
  bench.frame({ dialogId }, NOTIFY('active'));
  bench.clock.advance(32_000);
  expect(bench.delivered()).toEqual(['408']);
  expect(bench.idle).toBe(true);
});

test('a SUBSCRIBE that is refused leaves no dialog, in either role', () => {
  const bench = new Bench();
  bench.routes.add('SUBSCRIBE');
  bench.request('SUBSCRIBE', { headers: ['Event: nothing'] });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 489 Bad Event']);
  expect(bench.one().headers.has('contact')).toBe(false);
  bench.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence']);
  bench.answer(bench.one(), 403);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('as subscriber: NOTIFYs reach the application in its dialog; the final one ends it once it is answered', () => {
  const { bench, dialogId, callId, ours: to } = subscribed();
  const notify = (seq: number, state: string): void =>
    bench.request('NOTIFY', {
      seq,
      callId,
      to,
      headers: ['Event: presence', `Subscription-State: ${state}`],
    });
  notify(1, 'active;expires=60');
  expect(bench.frames.at(-1)!.tokens[8]).toBe(dialogId);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  notify(2, 'terminated;reason=timeout');
  expect(bench.engine.dump().dialogs).toBe(1);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  expect(bench.engine.dump().dialogs).toBe(0);
  notify(3, 'active');
  expect(bench.sent()).toEqual(['200 NOTIFY', '200 NOTIFY', '481 NOTIFY']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('as subscriber: a refresh goes the way of the dialog; a 481 to it ends it', () => {
  const { bench, dialogId } = subscribed();
  bench.frame({ dialogId }, ['SUBSCRIBE sip:placeholder SIP/2.0', 'Event: presence', 'Expires: 600']);
  const refresh = bench.one();
  expect([refresh.toTag, refresh.headers.has('contact')]).toEqual(['peer', true]);
  bench.answer(refresh, 200, { headers: ['Contact: <sip:moved@127.0.0.1:5099>', 'Expires: 600'] });
  bench.frame({ dialogId }, ['SUBSCRIBE sip:placeholder SIP/2.0', 'Event: presence', 'Expires: 600']);
  expect(bench.wire[0]!.to).toBe('127.0.0.1:5099');
  bench.answer(bench.one(), 481);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('as subscriber: a NOTIFY before the 200 waits for it; one of another fork gets 481', () => {
  const bench = new Bench();
  bench.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence']);
  const request = bench.one();
  const about = { callId: request.callId, to: `<sip:us@127.0.0.1>;tag=${request.fromTag}` };
  const headers = ['Event: presence', 'Subscription-State: active'];
  bench.request('NOTIFY', { ...about, headers });
  bench.request('NOTIFY', {
    ...about,
    headers,
    branch: 'z9hG4bK-other',
    from: '<sip:peer@127.0.0.1>;tag=fork',
  });
  expect(bench.delivered()).toEqual([]);
  bench.answer(request, 200);
  expect(bench.delivered()).toEqual(['200', 'NOTIFY']);
  expect(bench.sent()).toEqual(['481 NOTIFY']);

  const other = new Bench();
  other.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence']);
  const refused = other.one();
  other.request('NOTIFY', {
    callId: refused.callId,
    to: `<sip:us@127.0.0.1>;tag=${refused.fromTag}`,
    headers,
  });
  other.answer(refused, 489);
  expect(other.sent()).toEqual(['481 NOTIFY']);
  expect(other.delivered()).toEqual(['489']);
});

test.each(['ours', 'theirs'])('a final NOTIFY after a REFER (%s) never ends the call', (whose) => {
  const bench = new Bench();
  const { dialogId, tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  const state = ['Event: refer', 'Subscription-State: terminated;reason=noresource'];
  if (whose === 'theirs') {
    bench.request('REFER', { seq: 2, to, headers: REFER });
    bench.frame({ transactionId: last(bench) }, ['SIP/2.0 202 Accepted']);
    bench.sent();
    bench.frame({ dialogId }, ['NOTIFY sip:placeholder SIP/2.0', ...state]);
    bench.answer(bench.one(), 200);
  } else {
    bench.frame({ dialogId }, ['REFER sip:placeholder SIP/2.0', ...REFER]);
    bench.answer(bench.one(), 202);
    bench.request('NOTIFY', { seq: 2, to, headers: state });
    bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
    bench.sent();
  }
  bench.delivered();
  expect(bench.engine.dump()).toMatchObject({ dialogs: 1, stableDialogs: 1 });
  bench.clock.advance(200_000);
  expect(bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0']).tokens[2]).toBe('OK');
  bench.request('INFO', { seq: 3, to });
  expect(bench.delivered()).toContain('INFO');
});

test('after a REFER the BYE ends the call, not the NOTIFYs about it', () => {
  const bench = new Bench();
  const { dialogId, tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('REFER', { seq: 2, to, headers: REFER });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 202 Accepted']);
  bench.request('BYE', { seq: 3, to });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  bench.sent();
  bench.delivered();
  bench.request('INFO', { seq: 4, to });
  expect(bench.sent()).toEqual(['481 INFO']);
  expect(bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0']).tokens[2]).toBe('NOK');
  bench.frame({ dialogId }, NOTIFY('terminated;reason=noresource', 'refer'));
  bench.answer(bench.one(), 200);
  expect(bench.engine.dump().dialogs).toBe(0);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a REFER outside any dialog makes one for its NOTIFYs, unless both do without', () => {
  const bench = new Bench();
  bench.routes.add('REFER');
  bench.request('REFER', { headers: REFER });
  const answer = bench.frame({ transactionId: last(bench) }, ['SIP/2.0 202 Accepted']);
  const dialogId = answer.tokens[10]!;
  const accepted = bench.one();
  expect(accepted.headers.has('contact')).toBe(true);
  bench.frame({ dialogId }, NOTIFY('terminated', 'refer'));
  const notify = bench.one();
  expect(notify.fromTag).toBe(accepted.toTag);
  bench.answer(notify, 200);
  expect(bench.engine.dump().dialogs).toBe(0);
  bench.request('REFER', { callId: 'call-2', branch: 'z9hG4bK-2', headers: [...REFER, 'Refer-Sub: false'] });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK', 'Refer-Sub: false']);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('an application that goes away: notifier and subscriber say so', () => {
  const notifier = watched();
  notifier.bench.alive = false;
  notifier.bench.engine.onGone(notifier.bench.client);
  const notify = notifier.bench.one();
  expect(notify.headers.get('event')).toBe('presence');
  expect(notify.headers.get('subscription-state')).toBe('terminated;reason=deactivated');
  const { bench } = subscribed();
  bench.alive = false;
  bench.engine.onGone(bench.client);
  const unsubscribe = bench.one();
  expect([unsubscribe.cseq.method, unsubscribe.headers.get('expires')]).toEqual(['SUBSCRIBE', '0']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('closing with live subscriptions leaves no timer', () => {
  const { bench } = subscribed();
  bench.engine.close();
  expect(bench.clock.armed).toBe(0);
});

test('a REFER of ours outside any dialog: its NOTIFYs come in the dialog that it makes', () => {
  const bench = new Bench();
  bench.frame({}, ['REFER sip:peer@127.0.0.1:5080 SIP/2.0', ...REFER]);
  const request = bench.one();
  expect(request.headers.get('contact')).toBe('<sip:127.0.0.1:5060>');
  bench.answer(request, 202);
  const notify = (seq: number, state: string): void =>
    bench.request('NOTIFY', {
      seq,
      callId: request.callId,
      to: `<sip:us@127.0.0.1>;tag=${request.fromTag}`,
      headers: ['Event: refer', `Subscription-State: ${state}`],
    });
  notify(1, 'active;expires=60');
  expect(bench.frames.at(-1)!.tokens[8]).toBe(`${request.callId};from-tag=${request.fromTag}`);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  notify(2, 'terminated;reason=noresource');
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  expect(bench.delivered()).toEqual(['202', 'NOTIFY', 'NOTIFY']);
  expect(bench.engine.dump().dialogs).toBe(0);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a SUBSCRIBE of ours that is challenged may be sent again with its Call-ID and From tag', () => {
  const bench = new Bench();
  const lines = ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence'];
  bench.frame({}, lines);
  const first = bench.one();
  bench.answer(first, 401);
  const kept = [`Call-ID: ${first.callId}`, `From: ${first.headers.get('from')}`];
  bench.frame({}, [
    ...lines,
    ...kept,
    `CSeq: ${first.cseq.seq + 1} SUBSCRIBE`,
    'Authorization: Digest a="b"',
  ]);
  const second = bench.one();
  expect(second.cseq.seq).toBe(first.cseq.seq + 1);
  bench.answer(second, 200);
  expect(bench.delivered()).toEqual(['401', '200']);
  expect(bench.engine.dump().dialogs).toBe(1);
});
