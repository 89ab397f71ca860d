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
      if (result === 'broken') throw new Error('broken');
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

test.each([
  'OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n',
  'OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n',
  'OPTIONS sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n',
  'x'.repeat(70_000),
])('%.60j breaks the stream', (text) => {
  expect(new StreamCutter().push(Buffer.from(text))).toBe('broken');
});
