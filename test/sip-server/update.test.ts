import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const SDP = 'v=0\r\n';
const TYPE = ['Content-Type: application/sdp'];

const last = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

/** A ringing call of the peer with an offer; `to` is our address with its tag. */
function ringing(body: string): { bench: Bench; to: string } {
  const bench = new Bench();
  bench.request('INVITE', { headers: TYPE, body: SDP });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 183 Session Progress'], body);
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire.at(-1)!.message.toTag}`;
  bench.sent();
  bench.delivered();
  return { bench, to };
}

test('before the answer: an offer of the caller while its first one is open gets 500 with Retry-After', () => {
  const { bench, to } = ringing('');
  bench.request('UPDATE', { seq: 2, to, headers: TYPE, body: SDP });
  const refused = bench.one();
  expect(refused.kind === 'response' && refused.status).toBe(500);
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
  // Without an offer there is nothing to wait for.
  bench.request('UPDATE', { seq: 3, to });
  expect(bench.delivered()).toEqual(['UPDATE']);
});

test('before the answer: with our description in a 183 it reaches the application, in the dialog of the INVITE', () => {
  const { bench, to } = ringing(SDP);
  bench.request('UPDATE', { seq: 2, to, headers: TYPE, body: SDP });
  expect(bench.frames.at(-1)!.tokens[8]).toBe('call-1;from-tag=peer');
  const transactionId = last(bench);
  // A second one while the first is open: 500.
  bench.request('UPDATE', { seq: 3, to, headers: TYPE, body: SDP });
  expect(bench.one().headers.has('retry-after')).toBe(true);
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP);
  const answer = bench.one();
  expect([answer.cseq, answer.headers.has('contact')]).toEqual([{ seq: 2, method: 'UPDATE' }, true]);
  bench.request('UPDATE', { seq: 4, to, headers: TYPE, body: SDP });
  expect(bench.delivered()).toEqual(['UPDATE', 'UPDATE']);
});

test('before the answer, as UAC: 491 to the callee until it has described itself, then the application gets it', () => {
  const bench = new Bench();
  const { request, dialogId } = bench.invite();
  bench.answer(request, 180);
  const about = { callId: request.callId, to: `<sip:us@127.0.0.1>;tag=${request.fromTag}` };
  bench.request('UPDATE', { ...about, headers: TYPE, body: SDP });
  expect(bench.sent()).toEqual(['491 UPDATE']);
  const described = ['Contact: <sip:peer@127.0.0.1:5080>', ...TYPE];
  bench.answer(request, 183, { headers: described, body: SDP });
  bench.request('UPDATE', { ...about, seq: 2, headers: TYPE, body: SDP });
  expect(bench.frames.at(-1)!.tokens[8]).toBe(dialogId);
  expect(bench.delivered()).toEqual(['180', '183', 'UPDATE']);
});

test('before the answer, from the application: into the early dialog, with our Contact', () => {
  const bench = new Bench();
  const { request, dialogId } = bench.invite();
  bench.answer(request, 183);
  expect(bench.frame({ dialogId }, ['UPDATE sip:placeholder SIP/2.0'], SDP).tokens[2]).toBe('OK');
  const update = bench.one();
  expect(update.cseq).toEqual({ seq: request.cseq.seq + 1, method: 'UPDATE' });
  expect([update.toTag, update.headers.has('contact')]).toEqual(['peer', true]);
  bench.answer(update, 200);
  bench.answer(request, 200);
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  expect(bench.one().cseq.seq).toBe(request.cseq.seq);
});

test('before the answer: an UPDATE moves the target of the fork that sent it, and of no other', () => {
  const bench = new Bench();
  const { request, dialogId } = bench.invite();
  const described = (port: number) => [`Contact: <sip:peer@127.0.0.1:${port}>`, ...TYPE];
  bench.answer(request, 183, { tag: 'one', headers: described(5081), body: SDP });
  bench.answer(request, 183, { tag: 'two', headers: described(5082), body: SDP });
  const to = `<sip:us@127.0.0.1>;tag=${request.fromTag}`;
  const from = '<sip:peer@127.0.0.1>;tag=one';
  const about = { callId: request.callId, to, from, headers: [...TYPE], body: SDP };
  bench.request('UPDATE', about);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK'], SDP);
  bench.sent();
  // The one that spoke last is where requests without a fork of their own go.
  bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0']);
  expect(bench.one()).toMatchObject({ uri: 'sip:peer@127.0.0.1:5082', toTag: 'two' });
});
