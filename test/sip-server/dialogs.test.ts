import { describe, expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const ACK = ['ACK sip:placeholder SIP/2.0'];
const REINVITE = ['INVITE sip:placeholder SIP/2.0'];
const SDP = 'v=0\r\n';
const MOVED = 'Contact: <sip:peer@127.0.0.1:5099>';

/** The transaction id of the request that the application got last. */
const last = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

/** Where the next request of the application in the dialog goes. */
function way(bench: Bench, dialogId: string): string {
  bench.sent();
  bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0']);
  return bench.wire.pop()!.to;
}

describe('target refresh', () => {
  test.each(['INVITE', 'UPDATE'])('by a %s of the peer, once the application has accepted it', (method) => {
    const bench = new Bench();
    const { dialogId, tag } = bench.accepted();
    const to = `<sip:us@127.0.0.1>;tag=${tag}`;
    for (const [seq, status, port] of [
      [2, 488, 5080],
      [3, 200, 5099],
    ] as const) {
      bench.receive([
        `${method} sip:us@127.0.0.1:5060 SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-${seq};rport`,
        'From: <sip:peer@127.0.0.1>;tag=peer',
        `To: ${to}`,
        'Call-ID: call-1',
        `CSeq: ${seq} ${method}`,
        MOVED,
      ]);
      bench.frame({ transactionId: last(bench) }, [`SIP/2.0 ${status} Whatever`]);
      if (method === 'INVITE' && status === 200)
        expect(bench.wire.at(-1)!.message.headers.has('contact')).toBe(true);
      bench.request('ACK', { seq, branch: status === 200 ? 'z9hG4bK-ack' : `z9hG4bK-${seq}`, to });
      expect(way(bench, dialogId)).toBe(`127.0.0.1:${port}`);
    }
  });

  test.each(['INVITE', 'UPDATE'])('by the answer to a %s of ours', (method) => {
    const bench = new Bench();
    const { dialogId } = bench.established();
    bench.frame({ dialogId }, [`${method} sip:placeholder SIP/2.0`], SDP);
    bench.answer(bench.one(), 200, { headers: [MOVED] });
    if (method === 'INVITE') {
      bench.frame({ dialogId }, ACK);
      expect(bench.wire.at(-1)!.to).toBe('127.0.0.1:5099');
    }
    expect(way(bench, dialogId)).toBe('127.0.0.1:5099');
  });

  test('the route set stays what the first INVITE made it', () => {
    const bench = new Bench();
    const { dialogId, request } = bench.invite();
    bench.answer(request, 200, {
      headers: ['Contact: <sip:peer@127.0.0.7>', 'Record-Route: <sip:127.0.0.8;lr>, <sip:127.0.0.9;lr>'],
    });
    bench.frame({ dialogId }, ACK);
    bench.sent();
    bench.frame({ dialogId }, REINVITE, SDP);
    const reinvite = bench.one();
    expect(reinvite.headers.all('route')).toEqual(['<sip:127.0.0.9;lr>', '<sip:127.0.0.8;lr>']);
    bench.answer(reinvite, 200, { headers: [MOVED, 'Record-Route: <sip:127.0.0.66;lr>'] });
    bench.frame({ dialogId }, ACK);
    const { message, to } = bench.wire.pop()!;
    expect(to).toBe('127.0.0.9:5060');
    expect(message.kind === 'request' && message.uri).toBe('sip:peer@127.0.0.1:5099');
    expect(message.headers.all('route')).toEqual(['<sip:127.0.0.9;lr>', '<sip:127.0.0.8;lr>']);
  });
});

test.each([
  ['sip:peer@127.0.0.1:5080?Subject=x', 'sip:peer@127.0.0.1:5080', '127.0.0.1'],
  ['sip:peer@host.example;maddr=[2001:db8::1]', 'sip:peer@host.example;maddr=[2001:db8::1]', '2001:db8::1'],
  ['sip:peer@host.example;maddr=', 'sip:peer@host.example;maddr=', 'host.example'],
])('the Contact %s is asked as %s at %s', (contact, uri, host) => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200, { headers: [`Contact: <${contact}>`] });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  expect(bench.one()).toMatchObject({ method: 'ACK', uri });
  expect(bench.targets.at(-1)).toMatchObject({ host });
});

describe('ACK', () => {
  test('each 200 that comes again gets the ACK of its own CSeq', () => {
    const bench = new Bench();
    const { dialogId, request } = bench.invite();
    bench.answer(request, 200);
    bench.frame({ dialogId }, ACK, SDP);
    const first = bench.one();
    bench.frame({ dialogId }, REINVITE, SDP);
    const reinvite = bench.one();
    bench.answer(request, 200);
    expect(bench.one()).toEqual(first);
    bench.answer(reinvite, 200);
    bench.frame({ dialogId }, ACK);
    const second = bench.one();
    expect(second.cseq).toEqual({ seq: reinvite.cseq.seq, method: 'ACK' });
    bench.answer(reinvite, 200);
    expect(bench.one()).toEqual(second);
    expect(bench.delivered()).toEqual(['200', '200']);
  });

  test('of the application for a failure is refused: the transaction has sent it', () => {
    const bench = new Bench();
    const { dialogId } = bench.established();
    bench.frame({ dialogId }, REINVITE, SDP);
    bench.answer(bench.one(), 488);
    expect(bench.sent()).toEqual(['ACK']);
    expect(bench.frame({ dialogId }, ACK).tokens[2]).toBe('NOK');
  });

  test('a 200 without Contact is acknowledged and given up: drachtio-srf makes no dialog of it', () => {
    const bench = new Bench();
    const { dialogId, request } = bench.invite();
    bench.answer(request, 200, { headers: [] });
    bench.frame({ dialogId }, ACK);
    expect(bench.sent()).toEqual(['ACK', 'BYE']);
    expect(bench.delivered()).toEqual(['200', 'unsolicited BYE']);
  });
});

test.each([401, 407])('a %i to a re-INVITE: the retry goes out in the dialog', (status) => {
  const bench = new Bench();
  const { dialogId } = bench.established();
  bench.frame({ dialogId }, REINVITE, SDP);
  const first = bench.one();
  bench.answer(first, status);
  expect(bench.sent()).toEqual(['ACK']);
  const retry = [...REINVITE, `CSeq: ${first.cseq.seq + 1} INVITE`, 'Proxy-Authorization: Digest a="b"'];
  expect(bench.frame({ dialogId }, retry, SDP).tokens[2]).toBe('OK');
  const second = bench.one();
  expect(second.cseq.seq).toBe(first.cseq.seq + 1);
  bench.answer(second, 200);
  bench.frame({ dialogId }, ACK);
  expect(bench.one().headers.get('proxy-authorization')).toBe('Digest a="b"');
  expect(bench.engine.dump().dialogs).toBe(1);
});

describe('CSeq', () => {
  test('a retransmission in a dialog is answered from memory', () => {
    const bench = new Bench();
    const { tag } = bench.accepted();
    const info = { seq: 5, to: `<sip:us@127.0.0.1>;tag=${tag}` };
    bench.request('INFO', info);
    bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
    bench.request('INFO', info);
    expect(bench.sent()).toEqual(['200 INFO', '200 INFO']);
    expect(bench.delivered()).toEqual(['INFO']);
  });

  test('each early fork counts by itself', () => {
    const bench = new Bench();
    const { request } = bench.invite();
    bench.answer(request, 183, { tag: 'one' });
    bench.answer(request, 183, { tag: 'two' });
    bench.delivered();
    const info = (tag: string, seq: number): void =>
      bench.request('INFO', {
        seq,
        branch: `z9hG4bK-${tag}-${seq}`,
        callId: request.callId,
        from: `<sip:peer@127.0.0.1>;tag=${tag}`,
        to: `<sip:us@127.0.0.1>;tag=${request.fromTag}`,
      });
    info('one', 500);
    info('two', 7);
    expect(bench.delivered()).toEqual(['INFO', 'INFO']);
    // Another 18x of the fork changes nothing about that.
    bench.answer(request, 183, { tag: 'one' });
    info('one', 499);
    info('three', 1);
    expect(bench.sent()).toEqual(['500 INFO', '481 INFO']);
  });
});

test('a callee may not hang up an early dialog: 481', () => {
  const bench = new Bench();
  const { request } = bench.invite();
  bench.answer(request, 180);
  bench.delivered();
  bench.request('BYE', { callId: request.callId, to: `<sip:us@127.0.0.1>;tag=${request.fromTag}` });
  expect(bench.sent()).toEqual(['481 BYE']);
  expect(bench.delivered()).toEqual([]);
  bench.answer(request, 200);
  expect(bench.delivered()).toEqual(['200']);
});

test('an application that left: its dialog answers 481, its peer got a BYE', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  bench.alive = false;
  bench.engine.onGone(bench.client);
  expect(bench.one().headers.get('reason')).toContain('Application gone');
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  for (const [i, method] of ['INFO', 'INVITE', 'UPDATE', 'BYE'].entries())
    bench.request(method, { seq: 2 + i, to });
  expect(bench.sent()).toEqual(['481 INFO', '481 INVITE', '481 UPDATE', '481 BYE']);
});

test('an INVITE that replaces a dialog is for the application', () => {
  const bench = new Bench();
  bench.accepted();
  const replaces = 'Replaces: call-1;to-tag=x;from-tag=peer';
  bench.request('INVITE', {
    callId: 'call-2',
    branch: 'z9hG4bK-2',
    headers: [replaces, 'Require: replaces'],
  });
  expect(bench.frames.at(-1)!.message).toContain(`${replaces}\r\n`);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK'], SDP);
  expect(bench.engine.dump().dialogs).toBe(2);
});

test('a request frame without dialog id, but with the Call-ID of a call, goes out in it', () => {
  const bench = new Bench();
  bench.accepted();
  bench.frame({}, ['INFO sip:elsewhere@127.0.0.9 SIP/2.0', 'Call-ID: call-1']);
  const { message, to } = bench.wire.pop()!;
  expect([message.kind === 'request' && message.uri, to]).toEqual([
    'sip:peer@127.0.0.1:5080',
    '127.0.0.1:5080',
  ]);
  expect(message.toTag).toBe('peer');
  // An INVITE of that Call-ID is a call of its own (a B2BUA may keep the id).
  bench.frame({}, ['INVITE sip:elsewhere@127.0.0.9 SIP/2.0', 'Call-ID: call-1'], SDP);
  expect(bench.one().toTag).toBeUndefined();
});

test('Reason passes in BYE, CANCEL and answers', () => {
  const reason = 'Reason: Q.850;cause=17;text="User busy"';
  const bench = new Bench();
  const { dialogId, tag } = bench.accepted();
  bench.request('BYE', { seq: 2, to: `<sip:us@127.0.0.1>;tag=${tag}`, headers: [reason] });
  expect(bench.frames.at(-1)!.message).toContain(reason);
  bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0', reason]);
  expect(bench.wire.at(-1)!.text).toContain(reason);
  bench.request('INVITE', { callId: 'call-2', branch: 'z9hG4bK-2' });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 486 Busy Here', reason]);
  expect(bench.wire.at(-1)!.text).toContain(reason);
});
