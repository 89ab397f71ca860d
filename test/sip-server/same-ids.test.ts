import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

// One Call-ID and From tag is one dialog id for applications: who uses it twice must not take a call from its owner.

test.each(['unanswered', 'ringing', 'answered'])(
  'a second INVITE with the ids of a call that is %s gets 482',
  (state) => {
    const bench = new Bench();
    bench.request('INVITE');
    const transactionId = bench.frames.at(-1)!.tokens[7]!;
    if (state === 'ringing') bench.frame({ transactionId }, ['SIP/2.0 180 Ringing']);
    if (state === 'answered') bench.frame({ transactionId }, ['SIP/2.0 200 OK'], 'v=0\r\n');
    bench.sent();
    bench.delivered();
    bench.request('INVITE', { seq: 2 });
    expect(bench.sent()).toEqual(['482 INVITE']);
    expect(bench.delivered()).toEqual([]);
  },
);

test('the call whose ids came again still hears the BYE of its peer', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  bench.request('INVITE', { seq: 2 });
  bench.sent();
  bench.request('BYE', { seq: 3, to: `<sip:us@127.0.0.1>;tag=${tag}` });
  expect(bench.delivered()).toEqual(['BYE']);
});

test('the ids of a refused or ended INVITE may come again', () => {
  const bench = new Bench();
  const { tag } = bench.accepted();
  bench.request('BYE', { seq: 2, to: `<sip:us@127.0.0.1>;tag=${tag}` });
  bench.delivered();
  bench.request('INVITE', { seq: 3 });
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 486 Busy Here']);
  bench.delivered();
  bench.request('INVITE', { seq: 4 });
  expect(bench.delivered()).toEqual(['INVITE']);
});

test("an application cannot make a call with the ids of another one's", () => {
  const bench = new Bench();
  const { request, dialogId } = bench.established();
  const answers: string[] = [];
  const other = { id: 2, alive: true, send: (tokens: string) => void answers.push(tokens) };
  const ids = [`Call-ID: ${request.callId}`, `From: <sip:x@127.0.0.1>;tag=${request.fromTag}`];
  const message = Buffer.from(['INVITE sip:peer@127.0.0.1:5080 SIP/2.0', ...ids, '', ''].join('\r\n'));
  bench.engine.onSip(other, { id: 'f', transactionId: '', dialogId: '', proxy: '', message });
  expect(answers).toEqual(['response|f|NOK|a dialog with this Call-ID and From tag exists']);
  expect(bench.sent()).toEqual([]);
  expect(bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']).tokens[2]).toBe('OK');
});
