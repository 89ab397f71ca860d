import { expect, test } from 'vitest';
import type { SipMessage } from '../../src/sip-server/message/message.ts';
import { Bench } from './support/bench.ts';

const AGREED = { headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'Session-Expires: 1800;refresher=uac'] };
const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n';
const HOLD = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';
const INVITE = ['INVITE sip:placeholder SIP/2.0'];
const UPDATE = ['UPDATE sip:placeholder SIP/2.0'];
const ACK = ['ACK sip:placeholder SIP/2.0'];
const BYE = ['BYE sip:placeholder SIP/2.0'];

interface Call {
  readonly bench: Bench;
  readonly dialogId: string;
  /** From and To of the peer's requests, and the ids. */
  readonly peer: { callId: string; from: string; to: string };
}

/** A call of ours that we must refresh at 900 s. */
function call(): Call {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0', 'Supported: timer'], SDP);
  const invite = bench.one();
  bench.answer(invite, 200, AGREED);
  const dialogId = `${invite.callId};from-tag=${invite.fromTag}`;
  bench.frame({ dialogId }, ACK);
  bench.sent();
  bench.delivered();
  const from = '<sip:peer@127.0.0.1:5080>;tag=peer';
  return { bench, dialogId, peer: { callId: invite.callId, from, to: invite.headers.get('from')! } };
}

/** The same with its refresh on the way. */
function refreshing(): Call & { refresh: SipMessage } {
  const it = call();
  it.bench.clock.advance(900_000);
  const refresh = it.bench.one();
  expect(refresh.cseq.method).toBe('INVITE');
  return { ...it, refresh };
}

/** Hands in a frame that is not answered yet; how to learn what became of it. */
function laterFrame(bench: Bench, dialogId: string, lines: string[], body = ''): () => string | undefined {
  const message = Buffer.from([...lines, '', body].join('\r\n'));
  bench.engine.onSip(bench.client, { id: 'later', transactionId: '', dialogId, proxy: '', message });
  return () => bench.frames.find(({ tokens }) => tokens[1] === 'later')?.tokens[2];
}

function expectIdle(bench: Bench): void {
  bench.clock.advance(100_000);
  expect(bench.idle).toBe(true);
}

test.each([
  ['2xx', 200],
  ['491', 491],
  ['500 with Retry-After', 500],
])('a re-INVITE of the application waits for the refresh, ended by %s', (_, status) => {
  const { bench, dialogId, refresh } = refreshing();
  const outcome = laterFrame(bench, dialogId, INVITE, HOLD);
  expect(outcome()).toBeUndefined();
  expect(bench.sent()).toEqual([]);
  bench.answer(refresh, status, status === 200 ? AGREED : { headers: ['Retry-After: 5'] });
  expect(outcome()).toBe('OK');
  const [ack, invite] = bench.wire.splice(0);
  expect(ack!.message.cseq).toEqual({ seq: refresh.cseq.seq, method: 'ACK' });
  expect(invite!.message.body.toString()).toBe(HOLD);
  expect(invite!.message.cseq.seq).toBe(refresh.cseq.seq + 1);
  bench.answer(invite!.message, 200, AGREED);
  bench.frame({ dialogId }, ACK);
  bench.sent();
  bench.clock.advance(899_999);
  // Its 2xx has refreshed the session: the refused refresh is not tried again.
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expect(bench.one().body.toString()).toBe(HOLD);
});

test('a re-INVITE of the application that waits for a refresh which ends the call is told so', () => {
  const { bench, dialogId, refresh } = refreshing();
  const outcome = laterFrame(bench, dialogId, INVITE, HOLD);
  bench.answer(refresh, 481);
  expect(outcome()).toBe('NOK');
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  expectIdle(bench);
});

test('an UPDATE with an offer waits for the refresh, one without does not', () => {
  const { bench, dialogId, refresh } = refreshing();
  expect(bench.frame({ dialogId }, UPDATE).tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual(['UPDATE']);
  const outcome = laterFrame(bench, dialogId, UPDATE, HOLD);
  expect(outcome()).toBeUndefined();
  bench.answer(refresh, 200, AGREED);
  expect(outcome()).toBe('OK');
  expect(bench.sent()).toEqual(['ACK', 'UPDATE']);
});

test("glare: the peer's re-INVITE and its UPDATE with an offer get 491, one without passes and re-arms", () => {
  const { bench, peer, refresh } = refreshing();
  bench.request('INVITE', { ...peer, seq: 1, body: SDP });
  bench.request('UPDATE', { ...peer, seq: 2, body: SDP });
  expect(bench.sent()).toEqual(['491 INVITE', '491 UPDATE']);
  expect(bench.delivered()).toEqual([]);
  bench.request('UPDATE', { ...peer, seq: 3, headers: ['Supported: timer', 'Session-Expires: 90'] });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 200 OK']);
  expect(bench.sent()).toEqual(['200 UPDATE']);
  bench.answer(refresh, 491);
  bench.sent();
  bench.clock.advance(60_000);
  // Ours came after theirs was agreed on; the peer was to refresh and did not.
  expect(bench.sent().at(-1)).toBe('BYE');
});

test('both sides refresh at once: both are refused, the peer comes first, we follow its terms', () => {
  const { bench, peer, refresh } = refreshing();
  bench.request('INVITE', { ...peer, seq: 1, body: SDP });
  bench.answer(refresh, 491);
  expect(bench.sent()).toEqual(['491 INVITE', 'ACK']);
  bench.request('ACK', { ...peer, branch: 'z9hG4bK-INVITE-1' });
  const again = ['Supported: timer', 'Session-Expires: 1800;refresher=uac'];
  bench.request('INVITE', { ...peer, seq: 2, headers: again, body: SDP });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], SDP);
  bench.request('ACK', { ...peer, seq: 2, branch: 'z9hG4bK-ack' });
  bench.sent();
  bench.clock.advance(1_767_000);
  expect(bench.sent()).toEqual([]);
});

test('a refresh that is due while an INVITE of the application is out waits; its 2xx makes it needless', () => {
  const { bench, dialogId } = call();
  bench.clock.advance(899_000);
  bench.frame({ dialogId }, INVITE, HOLD);
  const invite = bench.one();
  bench.answer(invite, 180);
  bench.clock.advance(20_000);
  expect(bench.sent()).toEqual([]);
  bench.answer(invite, 200, AGREED);
  bench.clock.advance(20_000);
  bench.frame({ dialogId }, ACK);
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(879_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expect(bench.sent()).toEqual(['INVITE']);
});

test('a refresh that is due while an INVITE of the application is out comes after its refusal', () => {
  const { bench, dialogId } = call();
  bench.clock.advance(899_000);
  bench.frame({ dialogId }, INVITE, HOLD);
  const invite = bench.one();
  bench.answer(invite, 180);
  bench.clock.advance(1000);
  bench.answer(invite, 488);
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(3050);
  expect(bench.one().body.toString()).toBe(SDP);
});

test.each(['INVITE', 'UPDATE'])(
  "a refresh that is due while the peer's %s is being answered waits",
  (method) => {
    const { bench, peer } = call();
    bench.clock.advance(899_000);
    bench.request(method, { ...peer, body: SDP });
    bench.sent();
    bench.clock.advance(20_000);
    expect(bench.sent()).toEqual([]);
    bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 488 No']);
    bench.request('ACK', { ...peer, branch: 'z9hG4bK-INVITE-1' });
    bench.sent();
    bench.clock.advance(20_000);
    expect(bench.sent()).toContain('INVITE');
  },
);

test('a refresh does not go out before the ACK of our 2xx', () => {
  const bench = new Bench();
  const headers = ['Supported: timer', 'Session-Expires: 90;refresher=uas'];
  bench.request('INVITE', { headers });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], SDP);
  bench.clock.advance(31_900);
  expect(bench.sent()).not.toContain('INVITE');
  // The call never came up: its end is that, not an expiry.
  bench.clock.advance(100);
  expect(bench.frames.at(-1)!.message).toContain('ACK timeout');
  bench.answer(bench.wire.at(-1)!.message, 200);
  expectIdle(bench);
});

test('BYE of the application while a refresh rings: CANCEL, BYE, and its 487 is acknowledged', () => {
  const { bench, dialogId, refresh } = refreshing();
  bench.answer(refresh, 180);
  bench.frame({ dialogId }, BYE);
  const [cancel, bye] = bench.wire.splice(0);
  expect([cancel!.message.cseq.method, bye!.message.cseq.method]).toEqual(['CANCEL', 'BYE']);
  bench.answer(cancel!.message, 200);
  bench.answer(refresh, 487);
  bench.answer(bye!.message, 200);
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual(['200']);
  expectIdle(bench);
});

test.each([200, 487, 481])('BYE of the application crosses the %i to a refresh', (status) => {
  const { bench, dialogId, refresh } = refreshing();
  bench.frame({ dialogId }, BYE);
  const bye = bench.one();
  bench.answer(refresh, status, AGREED);
  bench.answer(bye, 200);
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual(['200']);
  expectIdle(bench);
});

test('BYE of the peer while a refresh is out: the application hears the BYE, and no more', () => {
  const { bench, peer, refresh } = refreshing();
  bench.request('BYE', { ...peer });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK']);
  bench.answer(refresh, 481);
  expect(bench.delivered()).toEqual(['BYE']);
  expect(bench.sent()).toEqual(['200 BYE', 'ACK']);
  expectIdle(bench);
});

test('a challenged BYE stops the timer too', () => {
  const { bench, dialogId } = call();
  bench.frame({ dialogId }, BYE);
  bench.answer(bench.one(), 401);
  bench.sent();
  bench.clock.advance(2_000_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.idle).toBe(true);
});

test('the application is lost while a refresh is out, or none: BYE, and nothing is left', () => {
  const { bench, refresh } = refreshing();
  bench.answer(refresh, 180);
  bench.alive = false;
  bench.engine.onGone(bench.client);
  const [cancel, bye] = bench.wire.splice(0);
  expect([cancel!.message.cseq.method, bye!.message.cseq.method]).toEqual(['CANCEL', 'BYE']);
  bench.answer(refresh, 200, AGREED);
  expect(bench.sent()).toEqual(['ACK']);
  bench.answer(bye!.message, 200);
  expectIdle(bench);

  const other = call().bench;
  other.alive = false;
  other.engine.onGone(other.client);
  other.answer(other.one(), 200);
  expectIdle(other);
});

test('closing leaves no timer', () => {
  for (const { bench } of [call(), refreshing()]) {
    bench.engine.close();
    expect(bench.clock.armed).toBe(0);
  }
});

test('expiry while the application still thinks about an offer of the peer', () => {
  const bench = new Bench();
  const headers = ['Supported: timer', 'Session-Expires: 90;refresher=uac'];
  bench.request('INVITE', { headers });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], SDP);
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire.at(-1)!.message.toTag}`;
  bench.request('ACK', { branch: 'z9hG4bK-ack', to });
  bench.clock.advance(50_000);
  bench.request('INVITE', { seq: 2, to, headers, body: SDP });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.sent();
  bench.delivered();
  bench.clock.advance(10_000);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  const bye = bench.wire.find(({ message }) => message.cseq.method === 'BYE')!.message;
  // Both are at an end: the call, and the offer that nobody will answer.
  expect(bench.sent()).toEqual(['487 INVITE', 'BYE']);
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP).tokens[2]).toBe('NOK');
  bench.answer(bye, 200);
  expectIdle(bench);
});
