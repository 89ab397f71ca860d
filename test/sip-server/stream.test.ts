import { expect, test } from 'vitest';
import { StreamCutter } from '../../src/sip-server/transport/stream.ts';

const messages = [
  'OPTIONS sip:a SIP/2.0\r\nTo: x\r\nContent-Length: 5\r\n\r\né\r\n!',
  'BYE sip:b SIP/2.0\r\nL : 0\r\nTo: y\r\n\r\n',
  'SIP/2.0 200 OK\r\nX: content-length: 9\r\ncontent-length:2\r\n\r\nhi',
];

test('messages come out whole wherever the stream is cut, line breaks between them are skipped', () => {
  const stream = Buffer.from(`\r\n${messages.join('\r\n')}\r\n`);
  for (let cut = 0; cut <= stream.length; cut++) {
    const cutter = new StreamCutter();
    const out: string[] = [];
    for (const part of [stream.subarray(0, cut), stream.subarray(cut)]) {
      const result = cutter.push(part);
      expect(result.isBroken).toBe(false);
      out.push(...result.messages.map(String));
      expect(result.pings).toBe(0);
    }
    expect(out).toEqual(messages);
  }
});

test('two line breaks are a ping', () => {
  const cutter = new StreamCutter();
  expect(cutter.push(Buffer.from('\r\n'))).toMatchObject({ pings: 0 });
  expect(cutter.push(Buffer.from('\r\n'))).toMatchObject({ pings: 1 });
  expect(cutter.push(Buffer.from(`\r\n\r\n${messages[1]}`))).toMatchObject({
    pings: 1,
    messages: [Buffer.from(messages[1]!)],
  });
});

test.each<[string, number]>([
  ['OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n', 0],
  ['OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n', 1],
  ['OPTIONS sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n', 1],
  ['OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\nl: 30\r\n\r\nOPTIONS sip:b SIP/2.0\r\nl: 0\r\n\r\n', 1],
  ['x'.repeat(70_000), 0],
  [`OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(70_000)}\r\nl: 0\r\n\r\n`, 0],
])('%.60j breaks the stream; %i of it can be answered', (text, answerable) => {
  const cutter = new StreamCutter();
  const cut = cutter.push(Buffer.from(text));
  expect([cut.isBroken, cut.messages.length]).toEqual([true, answerable]);
  expect(cutter.push(Buffer.from(messages[0]!))).toMatchObject({ isBroken: true, messages: [] });
});

test('a folded length counts', () => {
  const text = 'OPTIONS sip:a SIP/2.0\r\nContent-Length:\r\n  5\r\n \r\n\r\n12345';
  expect(new StreamCutter().push(Buffer.from(text)).messages.map(String)).toEqual([text]);
});
