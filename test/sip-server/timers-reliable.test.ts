import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const OPTIONS = ['OPTIONS sip:peer@127.0.0.1:5080;transport=tcp SIP/2.0'];
const INVITE = ['INVITE sip:peer@127.0.0.1:5080;transport=tcp SIP/2.0'];
const lastId = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

/** The engine on connections that deliver or fail: nothing is to be repeated (RFC 3261 17). */
function stream(): Bench {
  const bench = new Bench();
  bench.reliable = true;
  return bench;
}

test.each([
  ['A, but B', INVITE, 'v=0\r\n'],
  ['E, but F', OPTIONS, ''],
])('no timer %s ends a request after 64*T1', (_, lines, body) => {
  const bench = stream();
  bench.frame({}, lines, body);
  bench.clock.advance(31_999);
  expect(bench.wire).toHaveLength(1);
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(1);
  expect(bench.delivered()).toEqual(['408']);
});

test('timer F runs on while a request proceeds', () => {
  const bench = stream();
  bench.frame({}, OPTIONS);
  const request = bench.one();
  bench.clock.advance(20_000);
  bench.answer(request, 183);
  bench.clock.advance(12_000);
  expect(bench.sent()).toEqual([]);
  expect(bench.delivered()).toEqual(['183', '408']);
});

test('timers D and K are 0: a failure is acknowledged, and the transaction gone', () => {
  const bench = stream();
  bench.frame({}, INVITE, 'v=0\r\n');
  bench.answer(bench.one(), 401);
  expect(bench.sent()).toEqual(['ACK']);
  bench.frame({}, OPTIONS);
  bench.answer(bench.one(), 200);
  bench.clock.advance(0);
  expect(bench.delivered()).toEqual(['401', '200']);
  expect(bench.idle).toBe(true);
});

test('no timer G, but H; and I is 0', () => {
  const bench = stream();
  bench.routes.clear();
  bench.request('INVITE');
  bench.clock.advance(31_999);
  expect(bench.sent()).toEqual(['503 INVITE']);
  expect(bench.engine.dump().serverTransactions).toBe(1);
  bench.clock.advance(1);
  expect(bench.idle).toBe(true);
  bench.request('INVITE', { callId: 'other', branch: 'z9hG4bK-other' });
  bench.request('ACK', { callId: 'other', branch: 'z9hG4bK-other' });
  bench.clock.advance(0);
  expect(bench.idle).toBe(true);
});

test('timer J is 0', () => {
  const bench = stream();
  bench.request('OPTIONS');
  bench.frame({ transactionId: lastId(bench) }, ['SIP/2.0 200 OK']);
  bench.clock.advance(0);
  expect(bench.idle).toBe(true);
});

test('a 2xx is repeated until its ACK on any transport: a hop behind may lose it', () => {
  const bench = stream();
  bench.request('INVITE');
  bench.frame({ transactionId: lastId(bench) }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  bench.clock.advance(3500);
  expect(bench.sent().filter((text) => text === '200 INVITE')).toHaveLength(4);
});

test('a 200 that comes again, or after a failure, is dealt with on any transport', () => {
  const bench = stream();
  bench.frame({}, INVITE, 'v=0\r\n');
  const request = bench.one();
  bench.answer(request, 486);
  bench.clock.advance(0);
  expect(bench.engine.dump().clientTransactions).toBe(0);
  bench.sent();
  bench.answer(request, 200);
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  expect(bench.delivered()).toEqual(['486']);
});

test.each([
  ['INVITE', INVITE, 'v=0\r\n'],
  ['OPTIONS', OPTIONS, ''],
])('%s that cannot be sent: 503 at once, and nothing else ever', (_, lines, body) => {
  const bench = stream();
  bench.sendError = 'ECONNREFUSED';
  bench.frame({}, lines, body);
  bench.clock.advance(0);
  expect(bench.delivered()).toEqual(['503']);
  bench.clock.advance(40_000);
  expect(bench.delivered()).toEqual([]);
  expect(bench.idle).toBe(true);
});

test('a repetition that cannot be sent while a request proceeds: the answer may still come', () => {
  const bench = new Bench();
  bench.frame({}, OPTIONS);
  const request = bench.one();
  bench.answer(request, 183);
  bench.sendError = 'ENOBUFS';
  bench.clock.advance(5000);
  bench.sendError = undefined;
  bench.answer(request, 200);
  expect(bench.delivered()).toEqual(['183', '200']);
});

test('an ACK of a failure that cannot be sent: the application has its answer, and it alone', () => {
  const bench = stream();
  bench.frame({}, INVITE, 'v=0\r\n');
  const request = bench.one();
  bench.sendError = 'ECONNRESET';
  bench.answer(request, 486);
  bench.clock.advance(40_000);
  expect(bench.delivered()).toEqual(['486']);
  expect(bench.idle).toBe(true);
});
