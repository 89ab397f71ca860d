import { expect, test } from 'vitest';
import { GatewayError } from '../../src/shared/error.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { Counters } from '../../src/sip-server/guard/counters.ts';
import { Guard } from '../../src/sip-server/guard/guard.ts';
import { MAX_SOURCES, RateLimit } from '../../src/sip-server/guard/rate-limit.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';
import { Bench } from './support/bench.ts';

const udp = { protocol: 'udp', address: '127.0.0.1' } as const;

test('each listener has its own peers; one without a list has those of the server', () => {
  const listen = [
    { ...udp, port: 0, allow: ['192.0.2.0/24'] },
    { ...udp, port: 0 },
    { ...udp, protocol: 'tcp' as const, port: 0, allow: [] },
  ];
  const guard = new Guard({ allow: ['198.51.100.7'], listen }, new FakeClock(), new Counters());
  const bound = (port: number) => ({ address: '127.0.0.1', port });
  guard.bind([
    { ...udp, port: 5061 },
    { ...udp, port: 5062 },
    { ...udp, protocol: 'tcp', port: 5061 },
  ]);
  const heard = (protocol: 'udp' | 'tcp', port: number): string[] =>
    ['192.0.2.9', '198.51.100.7', '127.0.0.1'].filter((address) =>
      guard.knows(address, { protocol, bound: bound(port) }),
    );
  expect(heard('udp', 5061)).toEqual(['192.0.2.9']);
  expect(heard('udp', 5062)).toEqual(['198.51.100.7']);
  expect(heard('tcp', 5061)).toEqual(['127.0.0.1']);
});

test('a public listener needs a list of its own or of the server', () => {
  const start = (allow: string[], own?: string[]): Guard =>
    new Guard(
      { allow, listen: [{ protocol: 'udp', address: '0.0.0.0', port: 0, ...(own && { allow: own }) }] },
      new FakeClock(),
      new Counters(),
    );
  expect(() => start([])).toThrow(GatewayError);
  expect(() => start(['192.0.2.1'], [])).toThrow(GatewayError);
  expect(() => start(['192.0.2.1'])).not.toThrow();
  expect(() => start([], ['192.0.2.1'])).not.toThrow();
});

test('new requests over the rate of their source are dropped before a transaction exists; time gives new ones', () => {
  const bench = new Bench({ rateLimit: { perSecond: 2, burst: 3 } });
  for (let i = 0; i < 10; i++) bench.request('OPTIONS', { callId: `c${i}`, branch: `z9hG4bK${i}` });
  expect(bench.delivered()).toHaveLength(3);
  expect(bench.engine.dump().serverTransactions).toBe(3);
  expect(bench.sent()).toEqual([]);
  expect(bench.counters.read()).toMatchObject({ rateLimited: 7, requestsIn: { OPTIONS: 3 } });
  bench.clock.advance(1000);
  for (let i = 20; i < 30; i++) bench.request('OPTIONS', { callId: `c${i}`, branch: `z9hG4bK${i}` });
  expect(bench.delivered()).toHaveLength(2);
});

test('a PBX of 300 calls a second, OPTIONS between them, never meets the default limit', () => {
  const bench = new Bench();
  for (let i = 0; i < 3000; i++) {
    bench.request('INVITE', { callId: `c${i}`, branch: `z9hG4bK${i}` });
    if (i % 30 === 0) bench.request('OPTIONS', { callId: `o${i}`, branch: `z9hG4bKo${i}` });
    bench.clock.advance(1000 / 300);
  }
  expect(bench.counters.read()).toMatchObject({ rateLimited: 0, requestsIn: { INVITE: 3000, OPTIONS: 100 } });
});

test('repeated requests, those inside a dialog, CANCEL and ACK pass when the source has no token left', () => {
  const bench = new Bench({ rateLimit: { perSecond: 0.001, burst: 2 } });
  const second = { callId: 'second', branch: 'z9hG4bK-second' };
  const { tag } = bench.accepted();
  bench.request('INVITE', second);
  expect(bench.delivered()).toEqual(['INVITE']);
  expect(bench.sent()).toEqual(['100 INVITE']);
  bench.request('OPTIONS', { callId: 'third' });
  expect(bench.delivered()).toEqual([]);
  bench.request('INVITE', second);
  expect(bench.sent()).toEqual(['100 INVITE']);
  bench.request('CANCEL', second);
  expect(bench.sent()).toEqual(['200 CANCEL', '487 INVITE']);
  bench.request('ACK', second);
  bench.request('INFO', { seq: 2, to: `<sip:us@127.0.0.1>;tag=${tag}` });
  expect(bench.delivered()).toEqual(['CANCEL', 'INFO']);
  expect(bench.counters.read().rateLimited).toBe(1);
});

test('with too many transactions alive new requests are dropped, whoever sends them', () => {
  const bench = new Bench({ rateLimit: false });
  const flow = { protocol: 'udp', bound: { address: '127.0.0.1', port: 5060 } } as const;
  const parsed = parseMessage(
    Buffer.from(
      'OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKo\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n',
    ),
  );
  if (!parsed.ok || parsed.value.kind !== 'request') throw new Error('the test has a malformed request');
  expect(bench.guard.admits(parsed.value, '127.0.0.1', flow, 65_535)).toBe(true);
  expect(bench.guard.admits(parsed.value, '127.0.0.1', flow, 65_536)).toBe(false);
  expect(bench.counters.read()).toMatchObject({ overload: 1, rateLimited: 0 });
});

test('exempt sources have no limit', () => {
  const bench = new Bench({ rateLimit: { perSecond: 1, burst: 1, exempt: ['127.0.0.0/8'] } });
  for (let i = 0; i < 10; i++) bench.request('OPTIONS', { callId: `c${i}`, branch: `z9hG4bK${i}` });
  expect(bench.delivered()).toHaveLength(10);
});

test('malformed messages of a source over its rate get no answer either, and leave nothing behind', () => {
  const bench = new Bench({ rateLimit: { perSecond: 1, burst: 4 } });
  const sent: string[] = [];
  const flow = {
    protocol: 'udp',
    reliable: false,
    local: { address: '127.0.0.1', port: 5060 },
    bound: { address: '127.0.0.1', port: 5060 },
    remote: { address: '127.0.0.1', port: 5080 },
    send: (message: Buffer) => void sent.push(message.toString('latin1', 0, 11)),
    isOpen: () => true,
    answering: () => flow,
  } as const;
  const garbage = Buffer.from(
    'OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKg\r\nCSeq: x\r\n\r\n',
  );
  for (let i = 0; i < 5000; i++) bench.engine.onMessage(garbage, flow);
  expect(sent).toEqual(Array(4).fill('SIP/2.0 400'));
  expect(bench.counters.read()).toMatchObject({ malformed: 5000, rateLimited: 4996 });
  expect(bench.idle).toBe(true);
});

test('buckets of a flood from ever new sources do not pile up; a networkful of IPv6 addresses is one source', () => {
  const clock = new FakeClock();
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, clock);
  for (let i = 0; i < 100_000; i++) limit.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect(limit.sources).toBe(MAX_SOURCES);
  // The last ones heard are the ones remembered.
  expect(limit.take('10.1.134.159')).toBe(false);
  expect(limit.take('10.0.0.0')).toBe(true);
  expect(limit.take('2001:db8:0:1::1')).toBe(true);
  expect(limit.take('2001:db8:0:1:ffff::2')).toBe(false);
  expect(limit.take('2001:db8::1:0:0:0:9')).toBe(false);
  expect(limit.take('2001:db8:0:2::1')).toBe(true);
});

test.each([
  ['User-Agent: friendly-scanner'],
  ['User-Agent: sipcli/v1.8'],
  ['User-Agent: VaxSIPUserAgent/3.1'],
  ['User-Agent: pplsip'],
  ['User-Agent: sundayddr'],
])('%s hears nothing and costs no transaction', (header) => {
  const bench = new Bench();
  for (const method of ['OPTIONS', 'REGISTER', 'INVITE', 'DANCE']) {
    bench.request(method, { callId: method, headers: [header] });
  }
  expect(bench.sent()).toEqual([]);
  expect(bench.delivered()).toEqual([]);
  expect(bench.counters.read()).toMatchObject({ scanners: 4, requestsIn: {} });
  expect(bench.idle).toBe(true);
});

test('SIPVicious is known by the name it calls from; a person of almost that name is served', () => {
  const bench = new Bench();
  bench.request('OPTIONS', { callId: 'a', from: '"sipvicious"<sip:100@1.1.1.1>;tag=a' });
  bench.request('OPTIONS', { callId: 'b', from: '"Sip Vicious jr."<sip:100@1.1.1.1>;tag=a' });
  expect(bench.delivered()).toEqual(['OPTIONS']);
});

test('requests of strangers: silence, no transaction; with nothing going on they are not even read', () => {
  const bench = new Bench();
  const stranger = { address: '203.0.113.9', port: 5060 };
  const request = (method: string): string =>
    [
      `${method} sip:100@127.0.0.1 SIP/2.0`,
      'Via: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKx;rport',
      'From: <sip:100@203.0.113.9>;tag=x',
      'To: <sip:100@127.0.0.1>',
      `Call-ID: ${method}`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:100@203.0.113.9>',
      '',
      '',
    ].join('\r\n');
  const methods = ['OPTIONS', 'REGISTER', 'INVITE', 'CANCEL', 'ACK'];
  for (const method of methods) bench.receiveRaw(request(method), stranger);
  bench.receiveRaw('garbage', stranger);
  expect(bench.counters.read()).toMatchObject({ refusedPeers: 6, malformed: 0, requestsIn: {} });
  bench.accepted();
  for (const method of methods) bench.receiveRaw(request(method), stranger);
  bench.receiveRaw('garbage', stranger);
  expect(bench.sent()).toEqual([]);
  expect(bench.delivered()).toEqual([]);
  expect(bench.counters.read()).toMatchObject({ refusedPeers: 12, malformed: 0 });
});

test('a flood of strangers is read at so much a second, and shown to nobody', () => {
  const bench = new Bench();
  bench.accepted();
  bench.heard.length = 0;
  const flood = (count: number, address: (i: number) => string): void => {
    for (let i = 0; i < count; i++) bench.receiveRaw('garbage', { address: address(i), port: 5060 });
  };
  flood(12_000, () => '203.0.113.9');
  expect(bench.counters.read()).toMatchObject({ refusedPeers: 5_000, rateLimited: 7_000 });
  flood(12_000, (i) => `198.51.${i >> 8}.${i & 255}`);
  expect(bench.counters.read()).toMatchObject({ refusedPeers: 10_000, rateLimited: 14_000 });
  bench.clock.advance(1_000);
  flood(1, () => '203.0.113.9');
  expect(bench.counters.read()).toMatchObject({ refusedPeers: 10_001 });
  expect(bench.heard).toEqual([]);
  // A peer is heard beside them.
  bench.request('OPTIONS', { callId: 'peer' });
  expect(bench.heard).toHaveLength(1);
  expect(bench.delivered()).toContain('OPTIONS');
});

test('no application: 503 for every method we know that may open something, 405 with Allow for others', () => {
  const bench = new Bench();
  bench.routes.clear();
  const known = [
    'INVITE',
    'OPTIONS',
    'INFO',
    'MESSAGE',
    'NOTIFY',
    'SUBSCRIBE',
    'REGISTER',
    'PUBLISH',
    'REFER',
  ];
  for (const method of known) bench.request(method, { callId: method });
  expect(bench.sent()).toEqual(known.map((method) => `503 ${method}`));
  bench.request('DANCE');
  const refusal = bench.one();
  expect(refusal.kind === 'response' && refusal.status).toBe(405);
  for (const method of known) expect(refusal.headers.get('allow')).toContain(method);
});
