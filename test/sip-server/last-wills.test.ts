import { expect, test } from 'vitest';
import { lastWillOf } from '../../src/sip-server/engine/last-wills.ts';
import { Pulse } from '../../src/sip-server/guard/pulse.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';
import { Bench } from './support/bench.ts';

const read = (text: string) => {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok || parsed.value.kind !== 'request') throw new Error(text);
  return parsed.value;
};

test('a ringing call leaves a CANCEL of its INVITE, an answered one a BYE; what is over leaves nothing', () => {
  const bench = new Bench();
  const { wills } = bench.engine;
  expect(wills.changes()).toEqual({ left: [], settled: [] });
  const { request, dialogId } = bench.invite();
  const [cancel] = wills.changes().left;
  expect(cancel).toMatchObject({
    method: 'CANCEL',
    target: { protocol: 'udp', host: '127.0.0.1', port: 5080 },
  });
  const cancelled = read(cancel!.text);
  for (const key of ['via', 'call-id', 'from', 'to'])
    expect(cancelled.headers.get(key)).toBe(request.headers.get(key));
  expect(cancelled.cseq).toEqual({ seq: request.cseq.seq, method: 'CANCEL' });
  expect(wills.changes()).toEqual({ left: [], settled: [] });

  bench.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5099>'] });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  const [bye] = wills.changes().left;
  expect(bye).toMatchObject({ id: cancel!.id, method: 'BYE', target: { port: 5099 } });
  const ended = read(bye!.text);
  expect(ended).toMatchObject({ uri: 'sip:peer@127.0.0.1:5099', callId: request.callId, toTag: 'peer' });
  expect(ended.cseq.seq).toBeGreaterThan(request.cseq.seq + 1000);

  bench.sent();
  bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']);
  bench.answer(bench.one(), 200);
  expect(wills.changes()).toEqual({ left: [], settled: [bye!.id] });
  expect(wills.changes()).toEqual({ left: [], settled: [] });
});

test('a call that a peer made leaves a BYE too', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  const [first] = bench.engine.wills.changes().left;
  expect(read(first!.text)).toMatchObject({ method: 'BYE', fromTag: tag, toTag: 'peer' });
});

test('an INVITE that waits for its answer leaves its refusal, until it has one', () => {
  const bench = new Bench();
  const { wills } = bench.engine;
  bench.request('INVITE');
  const [refusal] = wills.changes().left;
  expect(refusal).toMatchObject({ method: 'INVITE', target: { protocol: 'udp' } });
  expect(refusal!.text).toMatch(/^SIP\/2\.0 503 [\s\S]*\r\nTo: [^\r]*;tag=[\s\S]*\r\nReason: SIP;cause=503/);
  expect(wills.changes()).toEqual({ left: [], settled: [] });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 486 Busy Here']);
  expect(wills.changes()).toEqual({ left: [], settled: [refusal!.id] });

  const successor = new Bench();
  successor.engine.wills.execute([refusal!]);
  expect(successor.sent()).toEqual(['503 INVITE']);
  expect(successor.idle).toBe(true);
});

test('somebody picks up before the successor is there: ACK and BYE', () => {
  const dead = new Bench();
  const { request } = dead.invite();
  const { left } = dead.engine.wills.changes();
  const bench = new Bench();
  bench.engine.wills.execute(left);
  expect(bench.sent()).toEqual(['CANCEL']);
  bench.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5080>'] });
  expect(bench.sent()).toEqual(['ACK', 'BYE']);
  bench.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5080>'] });
  expect(bench.sent()).toEqual(['ACK']);
});

test('a successor that dies, too, leaves what it sent to the next one, until a 2xx is repeated no more', () => {
  const dead = new Bench();
  const { request } = dead.invite();
  const { left } = dead.engine.wills.changes();
  const bench = new Bench();
  const settled: string[] = [];
  bench.engine.wills.execute(left, (ids) => settled.push(...ids));
  bench.clock.advance(31_000);
  expect(settled).toEqual([]);
  const next = new Bench();
  next.engine.wills.execute(left);
  expect(next.sent()).toEqual(['CANCEL']);
  next.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5080>'] });
  expect(next.sent()).toEqual(['ACK', 'BYE']);
  bench.clock.advance(1_000);
  expect(settled).toEqual([left[0]!.id]);
});

test('whoever wants to hear of wills hears after each message, once', async () => {
  const bench = new Bench();
  const heard: string[][] = [];
  bench.engine.wills.onChanges = ({ left }) => heard.push(left.map(({ method }) => method));
  const { request } = bench.invite();
  await Promise.resolve();
  expect(heard.flat()).toEqual(['CANCEL']);
  bench.answer(request, 200, { headers: ['Contact: <sip:peer@127.0.0.1:5099>'] });
  await Promise.resolve();
  expect(heard.flat()).toEqual(['CANCEL', 'BYE']);
});

test('a subscription leaves nothing: a BYE is no business of its dialog', () => {
  const bench = new Bench();
  bench.frame({}, ['SUBSCRIBE sip:peer@127.0.0.1:5080 SIP/2.0', 'Event: dialog', 'Expires: 60']);
  bench.answer(bench.one(), 200, { headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'Expires: 60'] });
  expect(bench.engine.dump().dialogs).toBe(1);
  expect(bench.engine.wills.changes()).toEqual({ left: [], settled: [] });
});

test('a successor sends them in portions, repeats them, and keeps nothing of them', () => {
  const dead = new Bench();
  for (let i = 0; i < 120; i++) {
    const { request } = dead.invite();
    dead.answer(request, 200);
  }
  const { left } = dead.engine.wills.changes();
  expect(left).toHaveLength(120);

  const bench = new Bench();
  bench.engine.wills.execute(left);
  expect(bench.sent()).toHaveLength(50);
  bench.clock.advance(50);
  expect(bench.sent()).toHaveLength(70);
  bench.clock.advance(500);
  expect(bench.sent()).toHaveLength(120);
  bench.clock.advance(64_000);
  expect(bench.idle).toBe(true);
});

test('a thread hangs when its count stands still for so many checks in a row', () => {
  const pulse = new Pulse(3);
  expect([1, 1, 1, 2, 2, 2].map((count) => pulse.check(count))).toEqual(Array(6).fill(false));
  expect(pulse.check(2)).toBe(true);
  pulse.reset();
  expect(pulse.check(2)).toBe(false);
});

test('a will from a file goes to no port that there is not', () => {
  const will = { id: 'uac 1', method: 'BYE', branch: 'z9hG4bK1', text: 'BYE' };
  const to = (port: unknown) => lastWillOf({ ...will, target: { protocol: 'tcp', host: '127.0.0.1', port } });
  expect(to(5060)).toBeDefined();
  for (const port of [0, -1, 65_536, 5060.5, '5060']) expect(to(port), String(port)).toBeUndefined();
});
