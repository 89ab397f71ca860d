import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const OWN = '127.0.0.1:5060';
const SDP = 'v=0\r\n';

test('in a first request: From, To, Contact and each P-Asserted-Identity, nothing else', () => {
  const bench = new Bench();
  bench.frame({}, [
    'INVITE sip:bob@127.0.0.1:5080 SIP/2.0',
    'From: "A, B" <sip:alice@localhost>',
    'To: sip:bob@LOCALHOST',
    'Contact: <sip:alice@localhost;ob>',
    'P-Asserted-Identity: "A, B" <sip:alice@localhost>, <tel:+4312345>',
    'Referred-By: <sip:carol@localhost>',
    'X-Where: localhost',
  ]);
  const { headers } = bench.one();
  expect(headers.get('from')).toMatch(new RegExp(`^"A, B" <sip:alice@${OWN}>;tag=`));
  expect(headers.get('to')).toBe(`<sip:bob@${OWN}>`);
  expect(headers.get('contact')).toBe(`<sip:alice@${OWN};ob>`);
  expect(headers.get('p-asserted-identity')).toBe(`"A, B" <sip:alice@${OWN}>, <tel:+4312345>`);
  expect(headers.get('referred-by')).toBe('<sip:carol@localhost>');
  expect(headers.get('x-where')).toBe('localhost');
});

test('a host that only begins like it, or a display name, is left alone', () => {
  const bench = new Bench();
  bench.frame({}, ['OPTIONS sip:bob@127.0.0.1:5080 SIP/2.0', 'From: "localhost" <sip:a@localhost.example>']);
  expect(bench.one().headers.get('from')).toMatch(/^"localhost" <sip:a@localhost\.example>;tag=/);
});

test('in a dialog and in answers: Contact and P-Asserted-Identity', () => {
  const bench = new Bench();
  bench.request('INVITE');
  const transactionId = bench.frames.at(-1)!.tokens[7]!;
  bench.sent();
  const lines = ['Contact: <sip:us@localhost>', 'P-Asserted-Identity: <sip:us@localhost>'];
  bench.frame({ transactionId }, ['SIP/2.0 180 Ringing', ...lines]);
  bench.frame({ transactionId }, ['SIP/2.0 200 OK', ...lines], SDP);
  const to = `<sip:us@127.0.0.1>;tag=${bench.wire[0]!.message.toTag}`;
  bench.request('ACK', { branch: 'z9hG4bK-ack', to });
  bench.frame({ dialogId: 'call-1;from-tag=peer' }, ['UPDATE sip:placeholder SIP/2.0', ...lines]);
  for (const { message } of bench.wire.splice(0)) {
    expect(message.headers.get('contact')).toBe(`<sip:us@${OWN}>`);
    expect(message.headers.get('p-asserted-identity')).toBe(`<sip:us@${OWN}>`);
  }
  // Without a Contact of its own the dialog keeps the one it has.
  bench.frame({ dialogId: 'call-1;from-tag=peer' }, ['INVITE sip:placeholder SIP/2.0'], SDP);
  expect(bench.one().headers.get('contact')).toBe(`<sip:us@${OWN}>`);
});

test('Timestamp comes back in the 100', () => {
  const bench = new Bench();
  bench.request('INVITE', { headers: ['Timestamp: 54.21'] });
  expect(bench.one().headers.get('timestamp')).toBe('54.21');
});
