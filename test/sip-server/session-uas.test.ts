import { expect, test } from 'vitest';
import type { SipMessage } from '../../src/sip-server/message/message.ts';
import { Bench } from './support/bench.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n';
const OK = ['SIP/2.0 200 OK'];
const TIMER = 'Supported: timer';

interface Answered {
  readonly bench: Bench;
  readonly answer: SipMessage;
  /** To of the peer's requests in the dialog. */
  readonly to: string;
}

/** A call of the peer whose INVITE has these headers, answered by the application with those. */
function answered(invite: readonly string[], answer: readonly string[] = []): Answered {
  const bench = new Bench();
  bench.request('INVITE', { headers: invite });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  expect(bench.frame({ transactionId }, [...OK, ...answer], SDP).tokens[2]).toBe('OK');
  const sent = bench.wire.at(-1)!.message;
  const to = `<sip:us@127.0.0.1>;tag=${sent.toTag}`;
  bench.request('ACK', { branch: 'z9hG4bK-ack', to });
  bench.sent();
  bench.delivered();
  return { bench, answer: sent, to };
}

/** A request of the peer in the dialog, answered 200 by the application; what went out. */
function again(
  { bench, to }: Answered,
  method: string,
  seq: number,
  headers: readonly string[],
  body = '',
): SipMessage {
  bench.request(method, { seq, to, headers, body });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, OK, body);
  const sent = bench.wire.at(-1)!.message;
  if (method === 'INVITE') bench.request('ACK', { seq, branch: `z9hG4bK-ack-${seq}`, to });
  bench.sent();
  bench.delivered();
  return sent;
}

test.each([[[]], [[TIMER]], [['Session-Expires: soon', TIMER]]])(
  '%s asks for nothing: no timer',
  (invite) => {
    const { bench, answer } = answered(invite);
    expect(answer.headers.has('session-expires')).toBe(false);
    bench.clock.advance(10_000_000);
    expect(bench.sent()).toEqual([]);
    expect(bench.clock.armed).toBe(0);
  },
);

test('Require: timer is served', () => {
  const { answer } = answered(['Require: timer', 'x: 1800;refresher=uac']);
  expect(answer.headers.get('session-expires')).toBe('1800;refresher=uac');
  expect(answer.headers.get('require')).toBe('timer');
});

test('the peer is to refresh, and does not: BYE before the interval is over, and the application is told', () => {
  const { bench, answer } = answered([TIMER, 'Session-Expires: 1800']);
  expect(answer.headers.get('session-expires')).toBe('1800;refresher=uac');
  expect(answer.headers.get('require')).toBe('timer');
  bench.clock.advance(1_767_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  const bye = bench.one();
  expect(bye.headers.get('reason')).toBe('SIP;cause=200;text="Session timer expired"');
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  bench.answer(bye, 200);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('we are to refresh: re-INVITE with our answer, the o= line unchanged', () => {
  const { bench, answer } = answered([TIMER, 'Session-Expires: 600;refresher=uas'], ['Allow: INVITE, BYE']);
  expect(answer.headers.get('session-expires')).toBe('600;refresher=uas');
  bench.clock.advance(300_000);
  const request = bench.one();
  expect(request.body.toString()).toBe(SDP);
  expect(request.headers.get('session-expires')).toBe('600;refresher=uac');
  expect(request.headers.get('allow')).toBe('INVITE, BYE');
  bench.answer(request, 200, {
    headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'x: 600;refresher=uac'],
  });
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(300_000);
  expect(bench.sent()).toEqual(['INVITE']);
});

test("491 to a refresh: again within 2 s, for the Call-ID is the peer's", () => {
  const { bench } = answered([TIMER, 'Session-Expires: 600;refresher=uas']);
  bench.clock.advance(300_000);
  bench.answer(bench.one(), 491);
  bench.sent();
  bench.clock.advance(999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expect(bench.sent()).toEqual(['INVITE']);
});

test("the application's Session-Expires wins within what was asked", () => {
  const shorter = answered([TIMER, 'Session-Expires: 1800;refresher=uac'], ['Session-Expires: 300']);
  expect(shorter.answer.headers.all('session-expires')).toEqual(['300;refresher=uac']);
  const own = answered([], ['Session-Expires: 300;refresher=uas']);
  expect(own.answer.headers.get('session-expires')).toBe('300;refresher=uas');
  expect(own.answer.headers.has('require')).toBe(false);
  own.bench.clock.advance(150_000);
  expect(own.bench.sent()).toEqual(['INVITE']);
});

test('Require: timer of the application is not repeated', () => {
  const { answer } = answered([TIMER, 'Session-Expires: 1800'], ['Require: timer']);
  expect(answer.headers.all('require')).toEqual(['timer']);
});

test('a Session-Expires that means nothing is refused to the application, which may answer again', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  expect(bench.frame({ transactionId }, [...OK, 'Session-Expires: forever'], SDP).tokens.slice(2)).toEqual([
    'NOK',
    'invalid Session-Expires header',
  ]);
  expect(bench.frame({ transactionId }, OK, SDP).tokens[2]).toBe('OK');
});

test('422 with Min-SE for an interval too short, of a peer that knows what that means', () => {
  const bench = new Bench();
  bench.request('INVITE', { headers: [TIMER, 'Session-Expires: 89'] });
  const answer = bench.one();
  expect(answer.kind === 'response' && `${answer.status} ${answer.reason}`).toBe(
    '422 Session Interval Too Small',
  );
  expect(answer.headers.get('min-se')).toBe('90');
  expect(bench.delivered()).toEqual([]);
  bench.request('INVITE', { callId: 'other', branch: 'z9hG4bK-other', headers: ['Session-Expires: 89'] });
  expect(bench.delivered()).toEqual(['INVITE']);
});

test.each(['INVITE', 'UPDATE'])('422 to an in-dialog %s leaves the call and its timer alone', (method) => {
  const call = answered([TIMER, 'Session-Expires: 1800;refresher=uac']);
  const { bench, to } = call;
  bench.request(method, { seq: 2, to, headers: [TIMER, 'Session-Expires: 30'] });
  expect(bench.sent()).toEqual([`422 ${method}`]);
  expect(bench.delivered()).toEqual([]);
  expect(again(call, method, 3, [TIMER, 'Session-Expires: 90']).headers.get('session-expires')).toBe(
    '90;refresher=uac',
  );
  bench.clock.advance(60_000);
  expect(bench.sent()).toContain('BYE');
});

test.each(['INVITE', 'UPDATE'])(
  "the peer's refresh by %s re-arms, and is answered with its terms",
  (method) => {
    const call = answered([TIMER, 'Session-Expires: 90;refresher=uac']);
    for (let seq = 2; seq < 6; seq++) {
      call.bench.clock.advance(45_000);
      const body = method === 'INVITE' ? SDP : '';
      const answer = again(call, method, seq, [TIMER, 'Session-Expires: 90;refresher=uac'], body);
      expect(answer.headers.get('session-expires')).toBe('90;refresher=uac');
    }
    call.bench.clock.advance(59_000);
    expect(call.bench.sent()).not.toContain('BYE');
    call.bench.clock.advance(1000);
    expect(call.bench.sent()).toContain('BYE');
  },
);

test.each(['INVITE', 'UPDATE'])('%s of the peer without Session-Expires turns the timer off', (method) => {
  const call = answered([TIMER, 'Session-Expires: 90;refresher=uac']);
  expect(again(call, method, 2, [TIMER]).headers.has('session-expires')).toBe(false);
  call.bench.clock.advance(10_000_000);
  expect(call.bench.sent()).toEqual([]);
  expect(call.bench.clock.armed).toBe(0);
});

test('a refresh that the application refuses does not re-arm', () => {
  const { bench, to } = answered([TIMER, 'Session-Expires: 90;refresher=uac']);
  bench.clock.advance(45_000);
  bench.request('UPDATE', { seq: 2, to, headers: [TIMER, 'Session-Expires: 90;refresher=uac'] });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 488 Not Here']);
  bench.sent();
  bench.clock.advance(15_000);
  expect(bench.sent()).toEqual(['BYE']);
});

test('an offer of ours in an answer to the peer is what the next refresh repeats', () => {
  const call = answered([TIMER, 'Session-Expires: 600;refresher=uas']);
  const held = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=recvonly\r\n';
  again(call, 'INVITE', 2, [TIMER, 'Session-Expires: 600;refresher=uas'], held);
  call.bench.clock.advance(300_000);
  expect(call.bench.one().body.toString()).toBe(held);
});
