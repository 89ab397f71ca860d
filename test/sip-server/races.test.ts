import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const ACK = ['ACK sip:placeholder SIP/2.0'];
const BYE = ['BYE sip:placeholder SIP/2.0'];

test('200 x re-INVITE: ours waits for the ACK of our 200; without one the call ends', () => {
  for (const acknowledged of [true, false]) {
    const bench = new Bench();
    bench.request('INVITE');
    const transactionId = bench.frames.at(-1)!.tokens[7]!;
    bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
    const tag = bench.wire.at(-1)!.message.toTag!;
    bench.sent();
    bench.delivered();
    bench.frame({ dialogId: 'call-1;from-tag=peer' }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
    expect(bench.sent()).toEqual([]);
    if (acknowledged) {
      bench.request('ACK', { branch: 'z9hG4bK-the-ack', to: `<sip:us@127.0.0.1>;tag=${tag}` });
      expect(bench.sent()).toEqual(['INVITE']);
    } else {
      bench.clock.advance(31_999);
      bench.sent();
      bench.clock.advance(1);
      expect(bench.sent()).toEqual(['INVITE', 'BYE']);
      expect(bench.delivered()).toEqual(['unsolicited BYE']);
    }
  }
});

test('re-INVITE glare: 491 to the peer, and its 491 to us is passed up and acknowledged', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.established();
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  const ours = bench.one();
  bench.request('INVITE', { seq: 7, callId: request.callId, to: `<sip:x@y>;tag=${request.fromTag}` });
  expect(bench.sent()).toEqual(['491 INVITE']);
  bench.answer(ours, 491);
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual(['491']);
  expect(bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n').tokens[2]).toBe('OK');
});

test('re-INVITE glare: a second one of the peer while the first is unanswered gets 500 with Retry-After', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('INVITE', { seq: 2, to });
  bench.request('INVITE', { seq: 3, to });
  const refused = bench.wire.at(-1)!.message;
  expect(bench.sent()).toEqual(['100 INVITE', '500 INVITE']);
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
  expect(bench.delivered()).toEqual(['INVITE']);
});

test('an application that goes away: its calls end on both sides', () => {
  const bench = new Bench();
  bench.established();
  const ringing = bench.invite();
  bench.answer(ringing.request, 180);
  bench.request('INVITE', { callId: 'other' });
  bench.sent();
  bench.alive = false;
  bench.engine.onGone(bench.client);
  const messages = bench.wire.map(({ message }) => message);
  expect(bench.sent().sort()).toEqual(['503 INVITE', 'BYE', 'CANCEL']);
  bench.request('ACK', { callId: 'other', branch: 'z9hG4bK-INVITE-1' });
  bench.answer(messages.find(({ cseq }) => cseq.method === 'BYE')!, 200);
  bench.answer(messages.find(({ cseq }) => cseq.method === 'CANCEL')!, 200);
  // The phone was quicker.
  bench.answer(ringing.request, 200);
  const late = bench.wire.at(-1)!.message;
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  bench.answer(late, 200);
  bench.clock.advance(70_000);
  expect(bench.idle).toBe(true);
});

test('re-INVITE glare: an INVITE against our UPDATE, an UPDATE against our INVITE', () => {
  for (const [ours, theirs] of [
    ['UPDATE', 'INVITE'],
    ['INVITE', 'UPDATE'],
    ['UPDATE', 'UPDATE'],
  ] as const) {
    const bench = new Bench();
    const { dialogId, request } = bench.established();
    bench.frame({ dialogId }, [`${ours} sip:placeholder SIP/2.0`], 'v=0\r\n');
    bench.sent();
    const about = { callId: request.callId, to: `<sip:x@y>;tag=${request.fromTag}`, body: 'v=0\r\n' };
    bench.request(theirs, { ...about, seq: 7, headers: ['Content-Type: application/sdp'] });
    expect(bench.sent()).toEqual([`491 ${theirs}`]);
    expect(bench.delivered()).toEqual([]);
  }
});

test('re-INVITE glare: an INVITE of ours while the peer has one under way is refused', () => {
  const bench = new Bench();
  const { tag, dialogId } = bench.accepted();
  bench.request('INVITE', { seq: 2, to: `<sip:us@127.0.0.1>;tag=${tag}` });
  bench.sent();
  const refused = bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  expect(refused.tokens.slice(2).join('|')).toMatch(/^NOK\|another INVITE/);
  expect(bench.sent()).toEqual([]);
});

test('two forks answering: both before the ACK of the application, which goes to the first', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 180, { tag: 'one' });
  bench.answer(request, 180, { tag: 'two', headers: ['Contact: <sip:two@127.0.0.1:5090>'] });
  bench.answer(request, 200, { tag: 'two', headers: ['Contact: <sip:two@127.0.0.1:5090>'] });
  bench.answer(request, 200, { tag: 'one' });
  const [ack, bye] = bench.wire.splice(0).map(({ message }) => message);
  expect([ack!.toTag, bye!.toTag, bye!.cseq.method]).toEqual(['one', 'one', 'BYE']);
  bench.frame({ dialogId }, ACK);
  expect(bench.wire[0]!.to).toBe('127.0.0.1:5090');
  expect(bench.one().toTag).toBe('two');
  bench.answer(bye!, 200);
  expect(bench.delivered()).toEqual(['180', '180', '200']);
  bench.frame({ dialogId }, BYE);
  expect(bench.one().toTag).toBe('two');
});
