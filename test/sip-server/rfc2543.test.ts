import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const SDP = 'v=0\r\n';

/** A request of a peer of RFC 2543: no branch cookie, maybe no branch at all, no rport. */
function old(bench: Bench, method: string, of: { seq?: number; to?: string; via?: string } = {}): void {
  const { seq = 1, to = '<sip:us@127.0.0.1>', via = '' } = of;
  bench.receive([
    `${method} sip:us@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5080${via}`,
    'From: <sip:peer@127.0.0.1>;tag=peer',
    `To: ${to}`,
    'Call-ID: old-1',
    `CSeq: ${seq} ${method}`,
    'Contact: <sip:peer@127.0.0.1:5080>',
  ]);
}

const last = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

test.each(['', ';branch=1', ';branch=1bc.7'])(
  'without the cookie (%s): a retransmission, then the ACK of a failure',
  (via) => {
    const bench = new Bench();
    old(bench, 'INVITE', { via });
    old(bench, 'INVITE', { via });
    expect(bench.sent()).toEqual(['100 INVITE', '100 INVITE']);
    bench.frame({ transactionId: last(bench) }, ['SIP/2.0 486 Busy Here']);
    const busy = bench.one();
    expect(bench.delivered()).toEqual(['INVITE']);
    bench.clock.advance(500);
    expect(bench.sent()).toEqual(['486 INVITE']);
    old(bench, 'ACK', { via, to: `<sip:us@127.0.0.1>;tag=${busy.toTag}` });
    bench.clock.advance(4000);
    expect(bench.sent()).toEqual([]);
    expect(bench.delivered()).toEqual([]);
    bench.clock.advance(1000);
    expect(bench.idle).toBe(true);
  },
);

test('without the cookie: CANCEL finds its INVITE', () => {
  const bench = new Bench();
  old(bench, 'INVITE');
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 180 Ringing']);
  bench.sent();
  bench.delivered();
  old(bench, 'CANCEL');
  expect(bench.sent()).toEqual(['200 CANCEL', '487 INVITE']);
  expect(bench.delivered()).toEqual(['CANCEL']);
  old(bench, 'CANCEL', { seq: 2 });
  expect(bench.sent()).toEqual(['481 CANCEL']);
});

test('without the cookie: the ACK of a 200, a request in the dialog and the same again', () => {
  const bench = new Bench();
  old(bench, 'INVITE');
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK'], SDP);
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire.at(-1)!.message.toTag}`;
  bench.delivered();
  old(bench, 'ACK', { to });
  expect(bench.delivered()).toEqual(['ACK']);
  bench.sent();
  bench.clock.advance(1000);
  expect(bench.sent()).toEqual([]);
  old(bench, 'BYE', { seq: 2, to });
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  old(bench, 'BYE', { seq: 2, to });
  expect(bench.sent()).toEqual(['200 BYE', '200 BYE']);
  expect(bench.delivered()).toEqual(['BYE']);
});

test('a From without tag is one, too', () => {
  const bench = new Bench();
  const lines = (method: string, seq: number, to: string): string[] => [
    `${method} sip:us@127.0.0.1 SIP/2.0`,
    'Via: SIP/2.0/UDP 127.0.0.1:5080',
    'From: <sip:peer@127.0.0.1>',
    `To: ${to}`,
    'Call-ID: old-1',
    `CSeq: ${seq} ${method}`,
    'Contact: <sip:peer@127.0.0.1:5080>',
  ];
  bench.receive(lines('INVITE', 1, '<sip:us@127.0.0.1>'));
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK'], SDP);
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire.at(-1)!.message.toTag}`;
  bench.receive(lines('ACK', 1, to));
  expect(bench.delivered()).toEqual(['INVITE', 'ACK']);
  bench.frame({ dialogId: 'old-1;from-tag=' }, ['BYE sip:placeholder SIP/2.0']);
  expect(bench.wire.at(-1)!.message.headers.get('to')).toBe('<sip:peer@127.0.0.1>');
});
