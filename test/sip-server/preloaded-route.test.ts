import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const ROUTES = 'Route: <sip:10.0.0.7:5070;lr>, <sip:10.0.0.8;lr>';

test('a preloaded route set is sent, and its first hop is the next one (RFC 3608)', () => {
  const bench = new Bench();
  bench.frame({}, ['INVITE sip:bob@pbx.example SIP/2.0', ROUTES], 'v=0\r\n');
  expect(bench.targets).toEqual([expect.objectContaining({ host: '10.0.0.7', port: 5070 })]);
  const invite = bench.one();
  expect(invite).toMatchObject({ uri: 'sip:bob@pbx.example' });
  expect(invite.headers.all('route').join(', ')).toBe('<sip:10.0.0.7:5070;lr>, <sip:10.0.0.8;lr>');
  // RFC 3261 17.1.1.3, 9.1: what belongs to it goes the same way.
  bench.answer(invite, 486);
  expect(bench.one().headers.all('route').join(', ')).toBe('<sip:10.0.0.7:5070;lr>, <sip:10.0.0.8;lr>');
});

test('an outbound proxy is asked first, and told of the route set', () => {
  const bench = new Bench();
  bench.frame({ proxy: 'sip:10.0.0.5' }, ['OPTIONS sip:pbx.example SIP/2.0', ROUTES]);
  expect(bench.targets).toEqual([expect.objectContaining({ host: '10.0.0.5' })]);
  expect(bench.one().headers.has('route')).toBe(true);
});

test('a Route that is no address is refused', () => {
  const bench = new Bench();
  const reply = bench.frame({}, ['OPTIONS sip:pbx.example SIP/2.0', 'Route: <sip:a']);
  expect(reply.tokens.slice(2).join('|')).toBe('NOK|invalid Route header');
  expect(bench.sent()).toEqual([]);
});
