import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

// Found by the fuzz: what an application says must not become what the server says.

test('a CSeq number that leaves no room below 2^31 is refused, outside and inside a dialog', () => {
  const bench = new Bench();
  const outside = bench.frame({}, ['OPTIONS sip:peer@127.0.0.1:5080 SIP/2.0', 'CSeq: 2147483647 OPTIONS']);
  expect(outside.tokens.slice(2)).toEqual(['NOK', 'CSeq number too large']);
  const { dialogId } = bench.established();
  const inside = bench.frame({ dialogId }, ['INFO sip:placeholder SIP/2.0', 'CSeq: 2147483647 INFO']);
  expect(inside.tokens.slice(2)).toEqual(['NOK', 'CSeq number too large']);
  expect(bench.sent()).toEqual([]);
  expect(bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']).tokens[2]).toBe('OK');
});

test.each(['sip:a@@b', 'sip:a@[1:2:3]:x', 'sip:us@127.0.0.1:5:060', 'nonsense'])(
  'the Request-URI %s is refused',
  (uri) => {
    const bench = new Bench();
    const sent = bench.frame({ proxy: 'sip:127.0.0.1:5080' }, [`OPTIONS ${uri} SIP/2.0`]);
    expect(sent.tokens.slice(2)).toEqual(['NOK', 'invalid request uri']);
  },
);

test.each(['constructor', '__proto__'])('a header called %s is dropped like any from the network', (name) => {
  const bench = new Bench();
  const sent = bench.frame({}, ['OPTIONS sip:peer@127.0.0.1:5080 SIP/2.0', `${name}: 1`, 'x-other: 2']);
  expect(sent.tokens[2]).toBe('OK');
  expect(bench.one().headers.get('x-other')).toBe('2');
  expect(sent.message).not.toContain(name);
});

test('an INVITE whose early dialog was ended by BYE gets its final response even when the peer accepts it', () => {
  const bench = new Bench();
  const { dialogId, request, transactionId } = bench.invite();
  bench.answer(request, 180);
  bench.delivered();
  bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']);
  bench.sent();
  bench.answer(request, 200);
  expect(bench.frames.map(({ tokens }) => tokens[7])).toEqual([transactionId]);
  expect(bench.delivered()).toEqual(['487']);
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
});

test('a From tag that is no token is refused', () => {
  const bench = new Bench();
  const sent = bench.frame({}, ['OPTIONS sip:peer@127.0.0.1:5080 SIP/2.0', 'From: <sip:a@b>;tag="q"']);
  expect(sent.tokens.slice(2)).toEqual(['NOK', 'invalid From header']);
});

test('an application that goes between a 2xx and its ACK leaves the peer with both ACK and BYE', () => {
  const bench = new Bench();
  const { request } = bench.invite();
  bench.answer(request, 200);
  bench.alive = false;
  bench.engine.onGone(bench.client);
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual(['ACK']);
});

test('a subscription granted to an application that is gone meanwhile leaves nothing', () => {
  const bench = new Bench();
  bench.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: presence', 'Expires: 3600']);
  const request = bench.one();
  bench.alive = false;
  bench.engine.onGone(bench.client);
  bench.answer(request, 202);
  bench.clock.advance(600_000);
  expect(bench.idle).toBe(true);
});

test('a BYE that waits for the ACK goes out even when its application is gone by then', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  const tag = bench.wire.at(-1)!.message.toTag!;
  bench.frame({ dialogId: 'call-1;from-tag=peer' }, ['BYE sip:placeholder SIP/2.0']);
  bench.alive = false;
  bench.engine.onGone(bench.client);
  bench.sent();
  bench.request('ACK', { branch: 'z9hG4bK-ack', to: `<sip:us@127.0.0.1>;tag=${tag}` });
  bench.answer(bench.one(), 200);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});
