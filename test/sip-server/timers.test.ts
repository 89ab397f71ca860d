import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

/** Milliseconds after the start at which something is sent, until `until`. */
function sendTimes(bench: Bench, until: number): number[] {
  const times: number[] = [];
  const start = bench.clock.now();
  for (let at = 0; at <= until; at += 100) {
    for (const _ of bench.wire.splice(0)) times.push(bench.clock.now() - start);
    bench.clock.advance(100);
  }
  return times;
}

const OPTIONS = ['OPTIONS sip:peer@127.0.0.1:5080 SIP/2.0'];

test('timer A doubles without limit', () => {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0'], 'v=0\r\n');
  expect(sendTimes(bench, 31_900)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
});

test('timer B ends an INVITE with 408 after 64*T1', () => {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0'], 'v=0\r\n');
  bench.clock.advance(31_999);
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(1);
  const frame = bench.frames.at(-1)!;
  expect(frame.message.split('\r\n', 1)[0]).toBe('SIP/2.0 408 Request Timeout');
  // As a drachtio-server marks what no peer sent: no bytes, no address, port 0.
  expect(frame.tokens.slice(1, 6)).toEqual(['network', '0', 'udp', '', '0']);
  expect(bench.engine.dump()).toMatchObject({ dialogs: 0, clientTransactions: 0, serverTransactions: 0 });
});

test('timer C is for proxies: an INVITE of ours that has a 1xx may ring for ever, without A and B', () => {
  const bench = new Bench();
  const { request } = bench.invite();
  bench.answer(request, 180);
  bench.clock.advance(600_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.delivered()).toEqual(['180']);
});

test('timer D keeps the transaction for 32 s to acknowledge a failure that comes again', () => {
  const bench = new Bench();
  const { request } = bench.invite();
  bench.answer(request, 486);
  bench.clock.advance(31_900);
  bench.answer(request, 486);
  expect(bench.sent()).toEqual(['ACK', 'ACK']);
  expect(bench.delivered()).toEqual(['486']);
  bench.clock.advance(200);
  bench.answer(request, 486);
  expect(bench.sent()).toEqual([]);
  expect(bench.idle).toBe(true);
});

test('timer E doubles to T2', () => {
  const bench = new Bench();
  bench.frame({}, OPTIONS);
  expect(sendTimes(bench, 15_000)).toEqual([0, 500, 1500, 3500, 7500, 11_500]);
});

test('timer E is T2 once proceeding', () => {
  const bench = new Bench();
  bench.frame({}, OPTIONS);
  bench.answer(bench.one(), 180);
  expect(sendTimes(bench, 9000)).toEqual([500, 4500, 8500]);
});

test.each([undefined, 180])(
  'timer F ends a request with 408 after 64*T1, provisional response: %s',
  (status) => {
    const bench = new Bench();
    bench.frame({}, OPTIONS);
    if (status) bench.answer(bench.one(), status);
    bench.clock.advance(31_999);
    bench.delivered();
    bench.clock.advance(1);
    expect(bench.delivered()).toEqual(['408']);
    expect(bench.idle).toBe(true);
  },
);

test('timer K absorbs answers that come again for T4', () => {
  const bench = new Bench();
  bench.frame({}, OPTIONS);
  const request = bench.one();
  bench.answer(request, 180);
  bench.answer(request, 200);
  bench.answer(request, 200);
  expect(bench.delivered()).toEqual(['180', '200']);
  bench.clock.advance(4900);
  expect(bench.engine.dump().clientTransactions).toBe(1);
  bench.clock.advance(200);
  expect(bench.idle).toBe(true);
});

test('timer G repeats a failure, doubling to T2', () => {
  const bench = new Bench();
  bench.routes.clear();
  bench.request('INVITE');
  expect(sendTimes(bench, 20_000)).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500]);
});

test('timer H gives up waiting for the ACK of a failure after 64*T1', () => {
  const bench = new Bench();
  bench.routes.clear();
  bench.request('INVITE');
  bench.clock.advance(31_999);
  expect(bench.engine.dump().serverTransactions).toBe(1);
  bench.sent();
  bench.clock.advance(1);
  expect(bench.idle).toBe(true);
  bench.clock.advance(10_000);
  expect(bench.sent()).toEqual([]);
});

test('timer I keeps a confirmed failure for T4 against more ACKs', () => {
  const bench = new Bench();
  bench.routes.clear();
  bench.request('INVITE');
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  bench.sent();
  bench.clock.advance(4900);
  expect(bench.sent()).toEqual([]);
  expect(bench.engine.dump().serverTransactions).toBe(1);
  bench.clock.advance(200);
  expect(bench.idle).toBe(true);
});

test('timer J answers a repeated request from memory for 32 s', () => {
  const bench = new Bench();
  bench.request('OPTIONS');
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK']);
  bench.clock.advance(31_900);
  bench.request('OPTIONS');
  expect(bench.sent()).toEqual(['200 OPTIONS', '200 OPTIONS']);
  expect(bench.delivered()).toEqual(['OPTIONS']);
  bench.clock.advance(200);
  expect(bench.idle).toBe(true);
});

test('timer L absorbs a repeated INVITE after its 200; the 200 comes again by itself, T1 to T2, until the ACK', () => {
  const bench = new Bench();
  bench.request('INVITE');
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  const tag = bench.wire.at(-1)!.message.toTag!;
  bench.sent();
  bench.request('INVITE');
  expect(bench.sent()).toEqual([]);
  expect(sendTimes(bench, 12_000)).toEqual([500, 1500, 3500, 7500, 11_500]);
  bench.delivered();
  const ack = { branch: 'z9hG4bK-ack', to: `<sip:us@127.0.0.1>;tag=${tag}` };
  bench.request('ACK', ack);
  bench.request('ACK', ack);
  expect(bench.delivered()).toEqual(['ACK']);
  expect(sendTimes(bench, 40_000)).toEqual([]);
  expect(bench.engine.dump()).toMatchObject({ dialogs: 1, clientTransactions: 0, serverTransactions: 0 });
});

test('2xx retransmission without any ACK: BYE to the peer after 64*T1, and the application is told why', () => {
  const bench = new Bench();
  bench.request('INVITE');
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  bench.clock.advance(31_900);
  bench.sent();
  bench.delivered();
  bench.clock.advance(100);
  const told = bench.frames.at(-1)!;
  expect(told.tokens[7]).toBe('unsolicited');
  expect(told.tokens[8]).toBe('call-1;from-tag=peer');
  expect(told.message).toContain('Reason: SIP;cause=200;text="ACK timeout"');
  const bye = bench.one();
  expect(bye.cseq.method).toBe('BYE');
  bench.answer(bye, 200);
  bench.clock.advance(5000);
  expect(bench.idle).toBe(true);
});

test('timer M: an application that never acknowledges loses the call after 32 s', () => {
  const bench = new Bench();
  const { request } = bench.invite();
  bench.answer(request, 200);
  bench.clock.advance(32_000);
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  expect(bench.delivered()).toEqual(['200', 'unsolicited BYE']);
});

test('an application that says nothing for 60 s: 500', () => {
  const bench = new Bench();
  bench.request('OPTIONS');
  bench.request('INVITE', { callId: 'call-2' });
  bench.sent();
  bench.clock.advance(59_900);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(100);
  expect(bench.sent()).toEqual(['500 OPTIONS', '500 INVITE']);
  // What the application has begun for the call ends with it.
  expect(bench.delivered()).toEqual(['OPTIONS', 'INVITE', 'CANCEL']);
});

test('an application that is at it (100) is waited for, and tells nobody else', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  expect(bench.frame({ transactionId }, ['SIP/2.0 100 Trying']).tokens[2]).toBe('OK');
  // Ours, when the INVITE came.
  expect(bench.sent()).toEqual(['100 INVITE']);
  bench.delivered();
  bench.clock.advance(180_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.delivered()).toEqual([]);
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n').tokens[2]).toBe('OK');
});

test('ringing is repeated every minute and may last', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
  bench.sent();
  bench.clock.advance(180_000);
  expect(bench.sent()).toEqual(['180 INVITE', '180 INVITE', '180 INVITE']);
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n').tokens[2]).toBe('OK');
});

test('a send that fails is a 503 to the application', () => {
  const bench = new Bench();
  bench.sendError = 'EHOSTUNREACH';
  const { tokens } = bench.frame({}, ['INVITE sip:peer@127.0.0.1:5080 SIP/2.0'], 'v=0\r\n');
  expect(tokens[2]).toBe('OK');
  bench.clock.advance(0);
  expect(bench.delivered()).toEqual(['503']);
  expect(bench.engine.dump().dialogs).toBe(0);
});

test('2xx retransmission to a re-INVITE as to an INVITE', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('INVITE', { seq: 2, to });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  bench.sent();
  expect(sendTimes(bench, 5000)).toEqual([500, 1500, 3500]);
  // The ACK of the first INVITE, late, is not its ACK.
  bench.request('ACK', { seq: 1, branch: 'z9hG4bK-old', to });
  expect(sendTimes(bench, 3000)).toEqual([2400]);
  bench.delivered();
  bench.request('ACK', { seq: 2, branch: 'z9hG4bK-new', to });
  expect(bench.delivered()).toEqual(['ACK']);
  expect(sendTimes(bench, 40_000)).toEqual([]);
  expect(bench.engine.dump().dialogs).toBe(1);
});

test('timer M: a 200 that comes again is acknowledged until it, and no longer', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200);
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  bench.sent();
  bench.clock.advance(31_999);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual(['ACK']);
  bench.clock.advance(1);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual([]);
  expect(bench.engine.dump()).toMatchObject({ dialogs: 1, clientTransactions: 0 });
});

test('an INVITE with Expires that is not answered in time: 487, and the application hears of a CANCEL', () => {
  const bench = new Bench();
  bench.request('INVITE', { headers: ['Expires: 30'] });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 180 Ringing']);
  bench.clock.advance(29_999);
  bench.sent();
  bench.delivered();
  bench.clock.advance(1);
  expect(bench.frames.at(-1)!.message).toContain('Reason: SIP;cause=487;text="Invitation expired"');
  expect(bench.sent()).toEqual(['487 INVITE']);
  expect(bench.delivered()).toEqual(['CANCEL']);
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test.each(['200 OK', '486 Busy Here'])(
  'an INVITE with Expires that is answered %s in time knows no end',
  (line) => {
    const bench = new Bench();
    bench.request('INVITE', { headers: ['Expires: 30'] });
    bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, [`SIP/2.0 ${line}`], 'v=0\r\n');
    const tag = bench.wire.at(-1)!.message.toTag!;
    const branch = line.startsWith('200') ? 'z9hG4bK-ack' : 'z9hG4bK-INVITE-1';
    bench.request('ACK', { branch, to: `<sip:us@127.0.0.1>;tag=${tag}` });
    bench.sent();
    bench.delivered();
    bench.clock.advance(40_000);
    expect([...bench.sent(), ...bench.delivered()]).toEqual([]);
    expect(bench.clock.armed).toBe(0);
  },
);
