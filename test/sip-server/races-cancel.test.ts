import { expect, test } from 'vitest';
import type { SipMessage } from '../../src/sip-server/message/message.ts';
import { Bench } from './support/bench.ts';

const ACK = ['ACK sip:placeholder SIP/2.0'];
const CANCEL = [
  'CANCEL sip:peer@127.0.0.1:5080 SIP/2.0',
  'Reason: SIP;cause=200',
  'Contact: <sip:no@localhost>',
];

test('CANCEL before 1xx: it is held until one comes', () => {
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

test('CANCEL x 200: 487 after 64*T1 without an answer, and a later 200 gets ACK and BYE', () => {
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

test('CANCEL x 200: as UAC, BYE follows the ACK of the application, which is told', () => {
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

test.each([
  [200, '200'],
  [undefined, '408'],
])(
  'CANCEL x 200: the BYE of the application beside it is not sent, and has its answer (%s)',
  (status, told) => {
    const bench = new Bench();
    const { transactionId, dialogId, request } = bench.invite();
    bench.answer(request, 180);
    bench.frame({ transactionId }, CANCEL);
    bench.answer(request, 200);
    bench.frame({ dialogId }, ACK);
    const [, , bye] = bench.wire.splice(0);
    bench.delivered();
    const sent = bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']);
    expect(sent.tokens[2]).toBe('OK');
    expect(sent.message).toBe(bye!.text);
    expect(bench.sent()).toEqual([]);
    if (status === undefined) bench.clock.advance(32_000);
    else bench.answer(bye!.message, status);
    expect(bench.frames.map(({ tokens }) => tokens[7])).toEqual([sent.tokens[9]]);
    expect(bench.delivered()).toEqual([told]);
    expect(bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']).tokens[2]).toBe('NOK');
    bench.clock.advance(70_000);
    bench.sent();
    expect(bench.idle).toBe(true);
  },
);

test('CANCEL x 200: as UAS, a CANCEL after our 200 is refused, and the call lives until no ACK comes', () => {
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
  bench.clock.advance(32_000);
  expect(bench.delivered()).toEqual(['unsolicited BYE']);
});

test('CANCEL x 200: as UAS, the CANCEL first: 200 and 487 at once, the application is told, its 200 is refused', () => {
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

test('CANCEL before 1xx: none ever comes, and no CANCEL goes out', () => {
  const bench = new Bench();
  const { transactionId } = bench.invite();
  bench.frame({ transactionId }, CANCEL);
  bench.clock.advance(32_000);
  expect(new Set(bench.sent())).toEqual(new Set(['INVITE']));
  expect(bench.delivered()).toEqual(['408']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test.each([200, 486])('CANCEL before 1xx: a %i comes first, and no CANCEL goes out', (status) => {
  const bench = new Bench();
  const { transactionId, dialogId, request } = bench.invite();
  bench.frame({ transactionId }, CANCEL);
  bench.answer(request, status);
  expect(bench.delivered()).toEqual([String(status)]);
  if (status === 200) {
    expect(bench.sent()).toEqual([]);
    bench.frame({ dialogId }, ACK);
    expect(bench.sent()).toEqual(['ACK', 'BYE']);
    expect(bench.delivered()).toEqual(['unsolicited BYE']);
  } else {
    expect(bench.sent()).toEqual(['ACK']);
    expect(bench.engine.dump().dialogs).toBe(0);
  }
});

test('CANCEL before 1xx: as UAS, it comes before the application has said anything', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  expect(bench.sent()).toEqual(['100 INVITE', '200 CANCEL', '487 INVITE', '200 CANCEL']);
  expect(bench.delivered()).toEqual(['INVITE', 'CANCEL']);
  expect(bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']).tokens[2]).toBe('NOK');
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

/** The retry of a challenged INVITE, as drachtio-srf sends it. */
const retryOf = (request: SipMessage): string[] => [
  `Call-ID: ${request.callId}`,
  `From: ${request.headers.get('from')}`,
  `CSeq: ${request.cseq.seq + 1} INVITE`,
  'Proxy-Authorization: Digest a="b"',
];

test('CANCEL during digest retry: that of the first INVITE is refused, that of the retry is held until its 1xx', () => {
  const bench = new Bench();
  const first = bench.invite();
  bench.answer(first.request, 407);
  expect(bench.delivered()).toEqual(['407']);
  expect(bench.sent()).toEqual(['ACK']);
  const retry = bench.invite(retryOf(first.request));
  expect(bench.frame({ transactionId: first.transactionId }, CANCEL).tokens[2]).toBe('NOK');
  expect(bench.frame({ transactionId: retry.transactionId }, CANCEL).tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual([]);
  bench.answer(retry.request, 100);
  const cancel = bench.one();
  expect(cancel.cseq).toEqual({ seq: first.request.cseq.seq + 1, method: 'CANCEL' });
  bench.answer(cancel, 200);
  bench.answer(retry.request, 487);
  expect(bench.delivered()).toEqual(['487']);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('CANCEL during digest retry: it crosses the challenge, which the application then must not answer', () => {
  for (const ringing of [false, true]) {
    const bench = new Bench();
    const { transactionId, request } = bench.invite();
    if (ringing) bench.answer(request, 180);
    bench.frame({ transactionId }, CANCEL);
    bench.answer(request, 407);
    expect(bench.sent()).toEqual(ringing ? ['CANCEL', 'ACK'] : ['ACK']);
    expect(bench.delivered()).toEqual(ringing ? ['180', '487'] : ['487']);
    expect(bench.engine.dump().dialogs).toBe(0);
  }
});
