import { expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/sip-server/wire/frame.ts';

const texts = ['id|ping', 'id|sip||\r\nINVITE sip:a@b SIP/2.0\r\nSubject: ☎ é\r\n\r\n', 'x'];
const stream = Buffer.concat(texts.map((text) => encodeFrame(text)));

/** What one chunk completes; a broken stream fails the test. */
function push(decoder: FrameDecoder, chunk: Buffer): string[] {
  const frames = decoder.push(chunk);
  if (frames === 'broken') throw new Error('broken');
  return frames.map(String);
}

test('length counts bytes', () => {
  expect(encodeFrame('☎').toString()).toBe('3#☎');
  expect(encodeFrame('id|sip', Buffer.from('é\r\n')).toString()).toBe('12#id|sip\r\né\r\n');
});

test('frames come out whole wherever the stream is cut', () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const decoder = new FrameDecoder({ bytes: 1000 });
    const frames = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) => push(decoder, part));
    expect(frames).toEqual(texts);
  }
  const decoder = new FrameDecoder({ bytes: 1000 });
  expect([...stream].flatMap((byte) => push(decoder, Buffer.from([byte])))).toEqual(texts);
});

test.each(['x#', '#a', '-1#a', '0#', '1001#', '12345678', ' 5#abcde', '5.0#abcde'])(
  'a length of %j breaks the stream',
  (text) => {
    expect(new FrameDecoder({ bytes: 1000 }).push(Buffer.from(text))).toBe('broken');
  },
);
