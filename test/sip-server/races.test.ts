import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const ACK = ['ACK sip:placeholder SIP/2.0'];
const BYE = ['BYE sip:placeholder SIP/2.0'];
const CANCEL = [
  'CANCEL sip:peer@127.0.0.1:5080 SIP/2.0',
  'Reason: SIP;cause=200',
  'Contact: <sip:no@localhost>',
];

test('CANCEL before any provisional response is held until one comes', () => {
  const bench = new Bench();
  const { transactionId, request } = bench.invite();
  expect(bench.frame({ transactionId }, CANCEL).tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual([]);
  bench.answer(request, 100);
  const cancel = bench.one();
  expect(cancel.kind === 'request' && cancel.method).toBe('CANCEL');
  expect(cancel.headers.get('via')).toBe(request.headers.get('via'));
  expect(cancel.headers.get('reason')).toBe('SIP;cause=200');
  expect(cancel.headers.has('contact')).toBe(false);
  bench.answer(cancel, 200);
  bench.answer(request, 487);
  expect(bench.sent()).toEqual(['ACK']);
  expect(bench.delivered()).toEqual(['487']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('an INVITE cancelled and never answered ends with 487 after 64*T1, and a late 200 gets ACK and BYE', () => {
  const bench = new Bench();
  const { transactionId, request } = bench.invite();
  bench.answer(request, 180);
  bench.frame({ transactionId }, CANCEL);
  bench.clock.advance(31_999);
  expect(bench.delivered()).toEqual(['180']);
  bench.clock.advance(1);
  expect(bench.delivered()).toEqual(['487']);
  bench.sent();
  bench.answer(request, 200);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual(['ACK', 'BYE', 'ACK']);
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(70_000);
  expect(bench.idle).toBe(true);
});

test('CANCEL that crosses the 200: BYE follows the ACK of the application, which is told', () => {
  const bench = new Bench();
  const { transactionId, dialogId, request } = bench.invite();
  bench.answer(request, 180);
  bench.frame({ transactionId }, CANCEL);
  bench.answer(request, 200);
  expect(bench.delivered()).toEqual(['180', '200']);
  expect(bench.sent()).toEqual(['CANCEL']);
  bench.frame({ dialogId }, ACK);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  const [ack, bye] = bench.wire.splice(0);
  expect([ack!.message.cseq, bye!.message.cseq].map(({ method }) => method)).toEqual(['ACK', 'BYE']);
  bench.answer(bye!.message, 200);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('CANCEL after our 200 is refused, and the call lives', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  bench.sent();
  bench.delivered();
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  expect(bench.sent()).toEqual(['481 CANCEL']);
  expect(bench.delivered()).toEqual([]);
  expect(bench.engine.dump().dialogs).toBe(1);
});

test('CANCEL in: 200 and 487 at once, the application is told, and its late answer is refused', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
  bench.sent();
  bench.delivered();
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  expect(bench.sent()).toEqual(['200 CANCEL', '487 INVITE']);
  expect(bench.frames.at(-1)!.tokens[7]).toBe(transactionId);
  expect(bench.delivered()).toEqual(['CANCEL']);
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK']).tokens[2]).toBe('NOK');
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1', to: '<sip:us@127.0.0.1>;tag=x' });
  bench.clock.advance(40_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.idle).toBe(true);
});

test("the callee's BYE waits for the ACK of its 200", () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  const tag = bench.wire.at(-1)!.message.toTag!;
  bench.sent();
  bench.frame({ dialogId: 'call-1;from-tag=peer' }, BYE);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(500);
  expect(bench.sent()).toEqual(['200 INVITE']);
  bench.request('ACK', { branch: 'z9hG4bK-the-ack', to: `<sip:us@127.0.0.1>;tag=${tag}` });
  const bye = bench.one();
  bench.delivered();
  bench.answer(bye, 200);
  expect(bench.delivered()).toEqual(['200']);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('a re-INVITE before the ACK of our 200 waits for it; without one the call ends', () => {
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

test('BYE of both sides crossing: each is answered, the dialog is gone', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.established();
  bench.frame({ dialogId }, BYE);
  const bye = bench.one();
  bench.request('BYE', {
    callId: request.callId,
    to: `<sip:x@y>;tag=${request.fromTag}`,
    from: '<sip:peer@127.0.0.1>;tag=peer',
  });
  expect(bench.sent()).toEqual(['481 BYE']);
  bench.answer(bye, 481);
  expect(bench.delivered()).toEqual(['481']);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('BYE during our own re-INVITE cancels that first', () => {
  const bench = new Bench();
  const { dialogId } = bench.established();
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  const reinvite = bench.one();
  bench.answer(reinvite, 100);
  bench.frame({ dialogId }, BYE);
  const [cancel, bye] = bench.wire.splice(0).map(({ message }) => message);
  expect(cancel!.cseq).toEqual({ seq: reinvite.cseq.seq, method: 'CANCEL' });
  expect(bye!.cseq).toEqual({ seq: reinvite.cseq.seq + 1, method: 'BYE' });
  bench.answer(cancel!, 200);
  bench.answer(reinvite, 487);
  bench.answer(bye!, 200);
  expect(bench.delivered()).toEqual(['487', '200']);
  bench.clock.advance(70_000);
  expect(bench.idle).toBe(true);
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

test('a second re-INVITE of the peer while the first is unanswered gets 500 with Retry-After', () => {
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

test('a challenged BYE keeps the dialog for the retry, and not for ever', () => {
  const bench = new Bench();
  const { dialogId } = bench.established();
  bench.frame({ dialogId }, BYE);
  const first = bench.one();
  bench.answer(first, 401);
  const retry = bench.frame({ dialogId }, [
    ...BYE,
    `CSeq: ${first.cseq.seq + 1} BYE`,
    'Authorization: Digest x="y"',
  ]);
  expect(retry.tokens[2]).toBe('OK');
  const second = bench.one();
  expect(second.cseq.seq).toBe(first.cseq.seq + 1);
  bench.answer(second, 401);
  expect(bench.engine.dump().dialogs).toBe(1);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('two forks answering: the second gets ACK and one BYE, and the application does not see it', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 180, { tag: 'one' });
  bench.answer(request, 183, { tag: 'two' });
  bench.answer(request, 200, { tag: 'one' });
  expect(bench.delivered()).toEqual(['180', '183', '200']);
  bench.frame({ dialogId }, ACK);
  expect(bench.one().toTag).toBe('one');
  bench.answer(request, 200, { tag: 'two', headers: ['Contact: <sip:two@127.0.0.1:5090>'] });
  const [ack, bye] = bench.wire.splice(0);
  expect([ack!.message.toTag, bye!.message.toTag, ack!.to]).toEqual(['two', 'two', '127.0.0.1:5090']);
  bench.answer(request, 200, { tag: 'two' });
  expect(bench.sent()).toEqual(['ACK']);
  bench.answer(request, 200, { tag: 'one' });
  expect(bench.one().toTag).toBe('one');
  expect(bench.delivered()).toEqual([]);
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
