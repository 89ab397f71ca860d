import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const ACK = ['ACK sip:placeholder SIP/2.0'];
const BYE = ['BYE sip:placeholder SIP/2.0'];

test("200 x BYE: the callee's BYE waits for the ACK of its 200", () => {
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

test('BYE x BYE: each is answered, the dialog is gone', () => {
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

test('BYE x re-INVITE: our BYE cancels our re-INVITE first', () => {
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

test('401 on BYE: the dialog is kept for the retry, and not for ever', () => {
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

test("200 x BYE: the caller's BYE comes instead of its ACK", () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire.at(-1)!.message.toTag}`;
  bench.sent();
  bench.delivered();
  bench.request('BYE', { seq: 2, to });
  const bye = bench.frames.at(-1)!.tokens[7]!;
  expect(bench.delivered()).toEqual(['BYE']);
  bench.frame({ transactionId: bye }, ['SIP/2.0 200 OK']);
  // The ACK that was late stops nothing that still ran.
  bench.clock.advance(500);
  expect(bench.sent()).toEqual(['200 BYE']);
  bench.request('ACK', { branch: 'z9hG4bK-the-ack', to });
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('200 x BYE: as UAC, a BYE to the early dialog cancels, and the 200 that crosses it is released', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 180);
  expect(bench.frame({ dialogId }, BYE).tokens[2]).toBe('OK');
  const [cancel, bye] = bench.wire.splice(0).map(({ message }) => message);
  expect([cancel!.cseq.method, bye!.cseq.method]).toEqual(['CANCEL', 'BYE']);
  bench.answer(request, 200);
  const last = bench.wire.at(-1)!.message;
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  bench.answer(bye!, 200);
  bench.answer(cancel!, 481);
  bench.answer(last, 481);
  expect(bench.delivered()).toEqual(['180', '487', '200']);
  bench.clock.advance(70_000);
  expect(bench.idle).toBe(true);
});

test.each(['theirs', 'ours'])('BYE x re-INVITE: %s ends a re-INVITE of the peer with 487', (whose) => {
  const bench = new Bench();
  const { tag, dialogId } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('INVITE', { seq: 2, to });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.sent();
  bench.delivered();
  if (whose === 'theirs') {
    bench.request('BYE', { seq: 3, to });
    bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK']);
    expect(bench.delivered()).toEqual(['BYE']);
    expect(bench.sent()).toEqual(['487 INVITE', '200 BYE']);
  } else {
    bench.frame({ dialogId }, BYE);
    const bye = bench.wire.at(-1)!.message;
    expect(bench.sent()).toEqual(['487 INVITE', 'BYE']);
    bench.answer(bye, 200);
    expect(bench.delivered()).toEqual(['200']);
  }
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n').tokens[2]).toBe('NOK');
  bench.request('ACK', { seq: 2, branch: 'z9hG4bK-INVITE-2', to });
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test("BYE x re-INVITE: the peer's BYE comes while it has our re-INVITE", () => {
  const bench = new Bench();
  const { dialogId, request } = bench.established();
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  const reinvite = bench.one();
  bench.request('BYE', { callId: request.callId, to: `<sip:x@y>;tag=${request.fromTag}` });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK']);
  bench.answer(reinvite, 487);
  expect(bench.sent()).toEqual(['200 BYE', 'ACK']);
  expect(bench.delivered()).toEqual(['BYE', '487']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('BYE x re-INVITE: a 200 to our re-INVITE that crosses our BYE is acknowledged and shown as 487', () => {
  const bench = new Bench();
  const { dialogId } = bench.established();
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  const reinvite = bench.one();
  bench.frame({ dialogId }, BYE);
  const bye = bench.one();
  bench.answer(reinvite, 200);
  expect(bench.sent()).toEqual(['ACK']);
  bench.answer(bye, 200);
  // The INVITE of the application has its end, too.
  expect(bench.delivered()).toEqual(['487', '200']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test("401 on BYE: the peer's BYE while we look for credentials gets 481, our retry its answer", () => {
  const bench = new Bench();
  const { dialogId, request } = bench.established();
  bench.frame({ dialogId }, BYE);
  bench.answer(bench.one(), 407);
  bench.request('BYE', { callId: request.callId, to: `<sip:x@y>;tag=${request.fromTag}` });
  expect(bench.sent()).toEqual(['481 BYE']);
  bench.frame({ dialogId }, [...BYE, 'Proxy-Authorization: Digest x="y"']);
  const retry = bench.one();
  expect(retry.headers.get('proxy-authorization')).toBe('Digest x="y"');
  bench.answer(retry, 200);
  expect(bench.delivered()).toEqual(['407', '200']);
  expect(bench.engine.dump().dialogs).toBe(0);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});
