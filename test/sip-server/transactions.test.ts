import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { guardedClock } from '../../src/sip-server/engine/guarded-clock.ts';
import { Bench } from './support/bench.ts';

const OK = ['SIP/2.0 200 OK'];
const ACK = ['ACK sip:placeholder SIP/2.0'];
const lastId = (bench: Bench): string => bench.frames.at(-1)!.tokens[7]!;

test.each([486, 408, 503])(
  'somebody picks up after a proxy has sent %i: ACK and BYE, the application hears nothing more',
  (status) => {
    const bench = new Bench();
    const { request } = bench.invite();
    bench.answer(request, 180);
    bench.answer(request, status);
    expect(bench.sent()).toEqual(['ACK']);
    expect(bench.delivered()).toEqual(['180', String(status)]);
    bench.clock.advance(5000);
    bench.answer(request, 200);
    const [ack, bye] = bench.wire.splice(0);
    expect([ack!.message.cseq.method, bye!.message.cseq.method]).toEqual(['ACK', 'BYE']);
    expect(ack!.message.cseq.seq).toBe(request.cseq.seq);
    expect(bye!.message.toTag).toBe('peer');
    bench.answer(request, 200);
    expect(bench.sent()).toEqual(['ACK']);
    bench.answer(bye!.message, 200);
    bench.clock.advance(40_000);
    expect(bench.delivered()).toEqual([]);
    expect(bench.idle).toBe(true);
  },
);

test('the 200 of the first INVITE is acknowledged again though a re-INVITE has had its ACK since', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200);
  bench.frame({ dialogId }, ACK);
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  const again = bench.wire.at(-1)!.message;
  bench.answer(again, 200);
  bench.frame({ dialogId }, ACK);
  bench.sent();
  // The first ACK was lost.
  bench.answer(request, 200);
  const repeated = bench.one();
  expect(repeated.cseq).toEqual({ seq: request.cseq.seq, method: 'ACK' });
  bench.clock.advance(40_000);
  bench.answer(request, 200);
  expect(bench.sent()).toEqual([]);
  expect(bench.engine.dump().dialogs).toBe(1);
});

test('an answer that could not be sent does not make the repeated request a new one', () => {
  const bench = new Bench();
  for (const method of ['OPTIONS', 'INVITE']) {
    bench.request(method);
    bench.sendError = 'ENOBUFS';
    bench.frame({ transactionId: lastId(bench) }, ['SIP/2.0 486 Busy']);
    bench.clock.advance(0);
    bench.sendError = undefined;
    bench.sent();
    bench.delivered();
    bench.request(method);
    expect(bench.sent()).toEqual([`486 ${method}`]);
    expect(bench.delivered()).toEqual([]);
  }
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a provisional answer that could not be sent costs nothing but itself', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = lastId(bench);
  bench.sendError = 'ENOBUFS';
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
  bench.clock.advance(0);
  bench.sendError = undefined;
  bench.sent();
  expect(bench.frame({ transactionId }, OK, 'v=0\r\n').tokens[2]).toBe('OK');
  expect(bench.sent()).toEqual(['200 INVITE']);
});

test('CANCEL for an INVITE that has ended, or that never was, is 481 and shown to nobody', () => {
  const bench = new Bench();
  bench.request('INVITE');
  bench.frame({ transactionId: lastId(bench) }, ['SIP/2.0 486 Busy']);
  bench.sent();
  bench.delivered();
  // Completed: understood, without effect (RFC 3261 9.2).
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  expect(bench.sent()).toEqual(['200 CANCEL']);
  bench.request('ACK', { branch: 'z9hG4bK-INVITE-1' });
  bench.clock.advance(40_000);
  bench.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  bench.request('CANCEL', { branch: 'z9hG4bK-other' });
  expect(bench.sent()).toEqual(['481 CANCEL', '481 CANCEL']);
  expect(bench.delivered()).toEqual([]);
  bench.clock.advance(40_000);
  expect(bench.idle).toBe(true);
});

test('a flood that no application answers and no peer acknowledges leaves nothing behind', () => {
  const bench = new Bench();
  for (let i = 0; i < 300; i++) {
    const of = { callId: `flood-${i}`, branch: `z9hG4bK-flood-${i}`, from: `<sip:x@127.0.0.1>;tag=${i}` };
    bench.request('INVITE', of);
    bench.request('OPTIONS', of);
  }
  expect(bench.engine.dump().serverTransactions).toBe(600);
  bench.clock.advance(60_000);
  expect(bench.sent().filter((text) => text === '500 INVITE' || text === '500 OPTIONS')).toHaveLength(600);
  bench.clock.advance(32_000);
  expect(bench.idle).toBe(true);
});

test('a peer that invents forks without end is remembered 32 of them', () => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  for (let i = 0; i < 100; i++) bench.answer(request, 180, { tag: `early-${i}` });
  expect(bench.delivered()).toHaveLength(100);
  bench.answer(request, 200);
  bench.frame({ dialogId }, ACK);
  bench.sent();
  for (let i = 0; i < 100; i++) bench.answer(request, 200, { tag: `late-${i}` });
  expect(bench.sent().filter((text) => text === 'BYE')).toHaveLength(32);
  expect(bench.engine.dump().dialogs).toBe(1);
});

test('what a timer throws is told, and ends nothing else', () => {
  const clock = new FakeClock();
  const bugs: unknown[] = [];
  const guarded = guardedClock(clock, (error) => bugs.push(error));
  const bug = new Error('bug');
  let later = 0;
  guarded.after(1, () => {
    throw bug;
  });
  guarded.after(2, () => later++);
  guarded.after(2, () => later++).clear();
  clock.advance(5);
  expect([bugs, later, guarded.monotonic(), clock.armed]).toEqual([[bug], 1, 5, 0]);
});
