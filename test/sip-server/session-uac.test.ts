import { expect, test } from 'vitest';
import type { SipMessage } from '../../src/sip-server/message/message.ts';
import { Bench } from './support/bench.ts';

const CONTACT = 'Contact: <sip:peer@127.0.0.1:5080>';
const WITH = (expires: string): { headers: string[] } => ({
  headers: [CONTACT, `Session-Expires: ${expires}`],
});
const SDP = 'v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\n';
const ACK = ['ACK sip:placeholder SIP/2.0'];
const OFFERED = ['Supported: 100rel, timer', 'Session-Expires: 1800', 'Allow: INVITE, UPDATE', 'X-Other: 1'];

/** A call of ours whose 200 has that Session-Expires. */
function called(expires?: string, headers: readonly string[] = OFFERED): { bench: Bench; dialogId: string } {
  const bench = new Bench();
  const sent = bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0', ...headers], SDP);
  expect(sent.tokens[2]).toBe('OK');
  const invite = bench.one();
  bench.answer(invite, 200, expires === undefined ? {} : WITH(expires));
  const dialogId = `${invite.callId};from-tag=${invite.fromTag}`;
  bench.frame({ dialogId }, ACK);
  bench.sent();
  bench.delivered();
  return { bench, dialogId };
}

/** The refresh that is due now. */
function refresh(bench: Bench): SipMessage {
  const request = bench.one();
  expect(request.kind === 'request' && request.method).toBe('INVITE');
  return request;
}

/** The session ended with a BYE that the peer and the application got. */
function expectExpired(bench: Bench): void {
  const told = bench.frames.at(-1)!;
  expect(told.tokens.slice(1, 2)).toEqual(['application']);
  expect(told.tokens[7]).toBe('unsolicited');
  expect(told.message).toContain('Reason: SIP;cause=200;text="Session timer expired"');
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  const bye = bench.wire.at(-1)!.message;
  expect(bench.sent().at(-1)).toBe('BYE');
  bench.answer(bye, 200);
  bench.clock.advance(40_000);
  expect(bench.delivered()).toEqual([]);
  expect(bench.idle).toBe(true);
}

test('no Session-Expires in the 200: no timer, though we asked', () => {
  const { bench } = called();
  bench.clock.advance(10_000_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.clock.armed).toBe(0);
});

test.each(['1800', '1800;refresher=uac'])('%s: we refresh at half, unseen by the application', (expires) => {
  const { bench } = called(expires);
  bench.clock.advance(899_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  const request = refresh(bench);
  expect(request.body.toString()).toBe(SDP);
  expect(request.headers.get('content-type')).toBe('application/sdp');
  expect(request.headers.get('session-expires')).toBe('1800;refresher=uac');
  expect(request.headers.get('supported')).toBe('100rel, timer');
  expect(request.headers.get('allow')).toBe('INVITE, UPDATE');
  expect(request.headers.get('contact')).toBe('<sip:127.0.0.1:5060>');
  expect(request.headers.has('x-other')).toBe(false);
  expect(request.toTag).toBe('peer');

  bench.answer(request, 100);
  bench.answer(request, 200, WITH('1800;refresher=uac'));
  const ack = bench.one();
  expect(ack.cseq).toEqual({ seq: request.cseq.seq, method: 'ACK' });
  // The peer did not get it.
  bench.answer(request, 200, WITH('1800;refresher=uac'));
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual([]);

  bench.clock.advance(900_000);
  expect(refresh(bench).cseq.seq).toBe(request.cseq.seq + 1);
});

test('the requests of the application count on after a refresh', () => {
  const { bench, dialogId } = called('1800');
  bench.clock.advance(900_000);
  const request = refresh(bench);
  bench.answer(request, 200, WITH('1800;refresher=uac'));
  bench.sent();
  bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0']);
  const info = bench.one();
  expect(info.cseq.seq).toBe(request.cseq.seq + 1);
});

test('the refreshed 2xx may change the interval and the refresher, or turn the timer off', () => {
  const { bench } = called('1800');
  bench.clock.advance(900_000);
  bench.answer(refresh(bench), 200, WITH('120;refresher=uac'));
  bench.sent();
  bench.clock.advance(60_000);
  bench.answer(refresh(bench), 200, WITH('300;refresher=uas'));
  bench.sent();
  bench.clock.advance(267_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expectExpired(bench);

  const other = called('1800').bench;
  other.clock.advance(900_000);
  other.answer(refresh(other), 200);
  expect(other.sent()).toEqual(['ACK']);
  other.clock.advance(10_000_000);
  expect(other.sent()).toEqual([]);
  expect(other.clock.armed).toBe(0);
});

test('422 to a refresh: again at once with its Min-SE, which stays', () => {
  const { bench } = called('90');
  bench.clock.advance(45_000);
  bench.answer(refresh(bench), 422, { headers: ['Min-SE: 300'] });
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(0);
  const again = refresh(bench);
  expect(again.headers.get('session-expires')).toBe('300;refresher=uac');
  expect(again.headers.get('min-se')).toBe('300');
  bench.answer(again, 200, WITH('300;refresher=uac'));
  bench.sent();
  bench.clock.advance(150_000);
  expect(refresh(bench).headers.get('min-se')).toBe('300');
  expect(bench.delivered()).toEqual([]);
});

test('422 to the first INVITE is for the application, whose Min-SE the refreshes repeat', () => {
  const bench = new Bench();
  const { request } = bench.invite(['Supported: timer', 'Session-Expires: 100']);
  bench.answer(request, 422, { headers: ['Min-SE: 600'] });
  expect(bench.frames.at(-1)!.message).toContain('Min-SE: 600');
  expect(bench.delivered()).toEqual(['422']);
  const second = called('600', ['Supported: timer', 'Session-Expires: 600', 'Min-SE: 600']).bench;
  second.clock.advance(300_000);
  expect(refresh(second).headers.get('min-se')).toBe('600');
});

test('491 to a refresh: again 2.1 to 4 s later, for the Call-ID is ours', () => {
  const { bench } = called('1800');
  bench.clock.advance(900_000);
  bench.answer(refresh(bench), 491);
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(3049);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  bench.answer(refresh(bench), 200, WITH('1800;refresher=uac'));
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(899_999);
  expect(bench.sent()).toEqual([]);
});

test.each([408, 481, 403, 488, 500])('%i to a refresh ends the call', (status) => {
  const { bench } = called('1800');
  bench.clock.advance(900_000);
  bench.answer(refresh(bench), status);
  expectExpired(bench);
});

test('no answer to a refresh ends the call after timer B', () => {
  const { bench } = called('1800');
  bench.clock.advance(931_900);
  bench.sent();
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(100);
  expectExpired(bench);
});

test('a refresh that rings without end is cancelled when the interval is over', () => {
  const { bench } = called('90');
  bench.clock.advance(45_000);
  const request = refresh(bench);
  bench.answer(request, 180);
  bench.clock.advance(44_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expect(bench.sent()).toEqual(['CANCEL', 'BYE']);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual(['ACK']);
});

test('a refresh that cannot be sent ends the call', () => {
  const { bench } = called('1800');
  bench.sendError = 'EHOSTUNREACH';
  bench.clock.advance(900_000);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  bench.clock.advance(0);
  expect(bench.idle).toBe(true);
});

test('the peer refreshes: its silence ends the call before the interval does', () => {
  const { bench } = called('1800;refresher=uas');
  bench.clock.advance(1_767_999);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(1);
  expectExpired(bench);
});

test('what the application sends refreshes too, and carries the terms', () => {
  const { bench, dialogId } = called('1800;refresher=uas');
  bench.clock.advance(1_000_000);
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\no=- 7 8 IN IP4 127.0.0.1\r\n');
  const hold = bench.one();
  expect(hold.headers.get('session-expires')).toBe('1800;refresher=uas');
  expect(hold.headers.get('supported')).toBe('timer');
  bench.answer(hold, 200, WITH('1800;refresher=uac'));
  expect(bench.delivered()).toEqual(['200']);
  bench.frame({ dialogId }, ACK);
  bench.sent();
  bench.clock.advance(900_000);
  expect(refresh(bench).body.toString()).toBe('v=0\r\no=- 7 8 IN IP4 127.0.0.1\r\n');
});

test("an application's UPDATE that is answered without Session-Expires turns the timer off", () => {
  const { bench, dialogId } = called('1800');
  bench.frame({ dialogId }, ['UPDATE sip:placeholder SIP/2.0']);
  bench.answer(bench.one(), 200);
  bench.clock.advance(10_000_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.clock.armed).toBe(0);
});

test('a re-INVITE of the application that fails changes neither terms nor session description', () => {
  const { bench, dialogId } = called('1800');
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\no=- 7 9 IN IP4 127.0.0.1\r\n');
  bench.answer(bench.one(), 488);
  bench.sent();
  bench.clock.advance(900_000);
  expect(refresh(bench).body.toString()).toBe(SDP);
});

test('delayed offer: the answer in the ACK is the session description', () => {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0']);
  const invite = bench.one();
  bench.answer(invite, 200, WITH('600;refresher=uac'));
  bench.frame({ dialogId: `${invite.callId};from-tag=${invite.fromTag}` }, ACK, SDP);
  bench.sent();
  bench.clock.advance(300_000);
  expect(refresh(bench).body.toString()).toBe(SDP);
});

test('no session description to repeat: UPDATE', () => {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0', 'Content-Type: text/plain'], 'hello');
  const invite = bench.one();
  bench.answer(invite, 200, WITH('600;refresher=uac'));
  bench.frame({ dialogId: `${invite.callId};from-tag=${invite.fromTag}` }, ACK);
  bench.sent();
  bench.delivered();
  bench.clock.advance(300_000);
  const update = bench.one();
  expect(update.cseq.method).toBe('UPDATE');
  expect(update.body.length).toBe(0);
  bench.answer(update, 200, WITH('600;refresher=uac'));
  bench.clock.advance(300_000);
  expect(bench.one().cseq.method).toBe('UPDATE');
  expect(bench.delivered()).toEqual([]);
});
