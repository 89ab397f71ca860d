import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const SUPPORTED = { headers: ['Supported: timer, 100rel'], body: '' };
const RINGING = ['SIP/2.0 180 Ringing', 'Require: 100rel'];
const SDP = 'v=0\r\n';

/** A call of the peer that was answered 180 reliably; `rseq` of that. */
function ringing(
  lines = RINGING,
  body = '',
): { bench: Bench; transactionId: string; rseq: number; to: string } {
  const bench = new Bench();
  bench.request('INVITE', SUPPORTED);
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.sent();
  bench.delivered();
  bench.frame({ transactionId }, lines, body);
  const sent = bench.one();
  return {
    bench,
    transactionId,
    rseq: Number(sent.headers.get('rseq')),
    to: `<sip:us@127.0.0.1>;tag=${sent.toTag}`,
  };
}

/** The transaction id of the request that the application got last. */
const last = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

test('a reliable 1xx carries Require and a random RSeq, which the application sees in the echo', () => {
  const bench = new Bench();
  bench.request('INVITE', SUPPORTED);
  const transactionId = last(bench);
  bench.sent();
  const echo = bench.frame(
    { transactionId },
    ['SIP/2.0 183 Session Progress', 'Require: 100rel', 'RSeq: 1'],
    SDP,
  );
  const sent = bench.one();
  expect(echo.message).toContain(`RSeq: ${sent.headers.get('rseq')}\r\n`);
  expect(sent.headers.all('rseq')).toHaveLength(1);
  expect(sent.headers.get('require')).toBe('100rel');
  expect(sent.headers.has('contact')).toBe(true);
  expect(echo.tokens[10]).toBe('call-1;from-tag=peer');
});

test('it is repeated from T1, doubling beyond T2, until its PRACK', () => {
  const { bench, rseq, to } = ringing();
  const times: number[] = [];
  for (let at = 0; at < 16_000; at += 100) {
    bench.clock.advance(100);
    for (const _ of bench.wire.splice(0)) times.push(at + 100);
  }
  expect(times).toEqual([500, 1500, 3500, 7500, 15_500]);
  bench.request('PRACK', { seq: 2, to, headers: [`RAck: ${rseq} 1 INVITE`] });
  const prack = bench.frames.at(-1)!;
  expect(prack.tokens[8]).toBe('call-1;from-tag=peer');
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  expect(bench.sent()).toEqual(['200 PRACK']);
  bench.clock.advance(40_000);
  expect(bench.sent()).toEqual([]);
});

test('no PRACK within 64*T1: the INVITE fails with 504, and the application hears of a CANCEL', () => {
  const { bench, transactionId } = ringing();
  bench.clock.advance(31_999);
  bench.sent();
  bench.clock.advance(1);
  expect(bench.sent()).toEqual(['504 INVITE']);
  const told = bench.frames.at(-1)!;
  expect(told.message).toMatch(/^CANCEL .*\r\n/);
  expect(told.message).toContain('CSeq: 1 CANCEL\r\nContact');
  expect(told.message).toContain('Reason: SIP;cause=504;text="PRACK timeout"');
  expect(told.tokens[7]).toBe(transactionId);
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a PRACK that matches nothing: 481; one without a readable RAck: 400', () => {
  const { bench, rseq, to } = ringing();
  const racks = [`${rseq + 1} 1 INVITE`, `${rseq} 2 INVITE`, `${rseq} 1 UPDATE`, 'nonsense'];
  racks.forEach((rack, i) => {
    bench.request('PRACK', { seq: 2 + i, to, headers: [`RAck: ${rack}`] });
  });
  bench.request('PRACK', { seq: 10, to });
  expect(bench.sent()).toEqual(['481 PRACK', '481 PRACK', '481 PRACK', '400 PRACK', '400 PRACK']);
  expect(bench.delivered()).toEqual([]);
  bench.request('PRACK', { seq: 11, to, headers: [`RAck: ${rseq} 1 INVITE`] });
  bench.request('PRACK', { seq: 12, to, headers: [`RAck: ${rseq} 1 INVITE`] });
  expect(bench.delivered()).toEqual(['PRACK']);
  expect(bench.sent()).toEqual(['481 PRACK']);
});

test('a second one waits until the PRACK of the first is answered, and counts on', () => {
  const { bench, transactionId, rseq, to } = ringing();
  const second = bench.frame({ transactionId }, ['SIP/2.0 183 Session Progress', 'Require: 100rel'], SDP);
  expect(second.tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual([]);
  bench.request('PRACK', { seq: 2, to, headers: [`RAck: ${rseq} 1 INVITE`] });
  expect(bench.sent()).toEqual([]);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 200 OK']);
  const [answer, progress] = bench.wire.splice(0).map(({ message }) => message);
  expect(answer!.cseq.method).toBe('PRACK');
  expect(progress!.headers.get('rseq')).toBe(String(rseq + 1));
  bench.clock.advance(500);
  expect(bench.sent()).toEqual(['183 INVITE']);
});

test('the 2xx is held until the PRACK; a failure is not', () => {
  const { bench, transactionId, rseq, to } = ringing(
    ['SIP/2.0 183 Session Progress', 'Require: 100rel'],
    SDP,
  );
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP).tokens[2]).toBe('OK');
  expect(bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP).tokens[2]).toBe('NOK');
  expect(bench.sent()).toEqual([]);
  // The application has no use for the PRACK any more: it is answered here.
  bench.request('PRACK', { seq: 2, to, headers: [`RAck: ${rseq} 1 INVITE`] });
  expect(bench.sent()).toEqual(['200 PRACK', '200 INVITE']);
  expect(bench.delivered()).toEqual([]);
  bench.request('ACK', { branch: 'z9hG4bK-ack', to });
  expect(bench.delivered()).toEqual(['ACK']);
  expect(bench.engine.dump().dialogs).toBe(1);

  const other = ringing();
  other.bench.frame({ transactionId: other.transactionId }, ['SIP/2.0 486 Busy Here']);
  expect(other.bench.sent()).toEqual(['486 INVITE']);
  other.bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  other.bench.clock.advance(40_000);
  expect(other.bench.idle).toBe(true);
});

test('an offer in the PRACK of a held 2xx is for the application all the same', () => {
  const { bench, transactionId, rseq, to } = ringing();
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP);
  const headers = [`RAck: ${rseq} 1 INVITE`, 'Content-Type: application/sdp'];
  bench.request('PRACK', { seq: 2, to, headers, body: SDP });
  expect(bench.sent()).toEqual([]);
  bench.frame({ transactionId: last(bench) }, ['SIP/2.0 501 Not Implemented']);
  expect(bench.sent()).toEqual(['501 PRACK', '200 INVITE']);
});

test.each(['CANCEL', 'timeout'])('a held 2xx and a %s: the application hears of a BYE', (why) => {
  const { bench, transactionId, to } = ringing();
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP);
  const dialogId = 'call-1;from-tag=peer';
  const bye = bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']);
  expect(bye.tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual([]);
  if (why === 'CANCEL') bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  else bench.clock.advance(32_000);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
  const bytes = bench.wire.splice(0).map(({ message }) => message);
  expect(bytes.map(({ cseq }) => cseq.method)).toContain('INVITE');
  // The application's own BYE still gets its answer.
  const sent = bytes.find((message) => message.kind === 'request');
  bench.answer(sent!, 481);
  expect(bench.delivered()).toEqual(['481']);
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1', to });
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a held 2xx to a re-INVITE and a CANCEL: the call goes on', () => {
  const bench = new Bench();
  const { dialogId, tag } = bench.accepted();
  const to = `<sip:us@127.0.0.1>;tag=${tag}`;
  bench.request('INVITE', { ...SUPPORTED, seq: 2, to });
  const transactionId = last(bench);
  bench.frame({ transactionId }, RINGING);
  bench.frame({ transactionId }, ['SIP/2.0 200 OK'], SDP);
  bench.sent();
  bench.delivered();
  bench.request('CANCEL', { seq: 2, branch: 'z9hG4bK-INVITE-2', to });
  expect(bench.sent()).toEqual(['200 CANCEL', '487 INVITE']);
  expect(bench.delivered()).toEqual(['CANCEL']);
  expect(bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']).tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual(['BYE']);
});

test('a peer without 100rel: NOK; one that requires it gets every 1xx reliably', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const refused = bench.frame({ transactionId: last(bench) }, RINGING);
  expect(refused.tokens.slice(2).join('|')).toMatch(/^NOK\|.*100rel/);
  bench.request('INVITE', { callId: 'call-2', branch: 'z9hG4bK-2', headers: ['Require: 100rel'] });
  const transactionId = last(bench);
  expect(bench.sent()).toEqual(['100 INVITE', '100 INVITE']);
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
  const sent = bench.one();
  expect(sent.headers.get('require')).toBe('100rel');
  expect(sent.headers.has('rseq')).toBe(true);
});

test('closing with an unacknowledged 1xx leaves no timer', () => {
  const { bench } = ringing();
  bench.engine.close();
  expect(bench.clock.armed).toBe(0);
});

// ---- as UAC -----------------------------------------------------------------------------------------------

const reliably = (rseq: number): { headers: string[] } => ({
  headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'Require: 100rel', `RSeq: ${rseq}`],
});

test('as UAC: a reliable 1xx is shown once and in order', () => {
  const bench = new Bench();
  const { request } = bench.invite(['Supported: 100rel']);
  bench.answer(request, 180, reliably(7));
  bench.answer(request, 180, reliably(7));
  bench.answer(request, 183, reliably(9));
  expect(bench.delivered()).toEqual(['180']);
  bench.answer(request, 183, reliably(8));
  expect(bench.delivered()).toEqual(['183']);
  // Another fork counts by itself.
  bench.answer(request, 180, { tag: 'two', ...reliably(1) });
  expect(bench.delivered()).toEqual(['180']);
});

test('as UAC: a peer that invents forks without end has its first 32 acknowledged', () => {
  const bench = new Bench();
  const { request } = bench.invite(['Supported: 100rel']);
  for (let i = 0; i < 100; i++) bench.answer(request, 180, { tag: `early-${i}`, ...reliably(1) });
  expect(bench.delivered()).toHaveLength(32);
  bench.answer(request, 183, { tag: 'early-3', ...reliably(2) });
  expect(bench.delivered()).toEqual(['183']);
});

test('as UAC: PRACK has RAck, the next CSeq and the way of the dialog, to the fork that it concerns', () => {
  const bench = new Bench();
  const { request, dialogId } = bench.invite(['Supported: 100rel']);
  bench.answer(request, 180, { tag: 'one', ...reliably(7) });
  bench.answer(request, 180, {
    tag: 'two',
    headers: ['Contact: <sip:two@127.0.0.1:5090>', 'Require: 100rel', 'RSeq: 300'],
  });
  bench.delivered();
  const prack = (rseq: number): string[] => [
    'PRACK sip:placeholder SIP/2.0',
    `RAck: ${rseq} ${request.cseq.seq} INVITE`,
  ];
  expect(bench.frame({ dialogId }, prack(7)).tokens[2]).toBe('OK');
  bench.frame({ dialogId }, prack(300));
  const [one, two] = bench.wire.splice(0);
  expect([one!.message.toTag, one!.to]).toEqual(['one', '127.0.0.1:5080']);
  expect([two!.message.toTag, two!.to]).toEqual(['two', '127.0.0.1:5090']);
  expect(one!.message.headers.get('rack')).toBe(`7 ${request.cseq.seq} INVITE`);
  expect(one!.message.cseq).toEqual({ seq: request.cseq.seq + 1, method: 'PRACK' });
  bench.answer(one!.message, 200);
  expect(bench.delivered()).toEqual(['200']);
  // The ACK counts as the INVITE did.
  bench.answer(request, 200, { tag: 'one' });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  expect(bench.one().cseq).toEqual({ seq: request.cseq.seq, method: 'ACK' });
});
