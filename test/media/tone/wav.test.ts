import { expect, it } from 'vitest';
import { readWav, wavBytes } from '../../../src/media/tone/index.ts';

const pcm = Int16Array.of(0, 1, -1, 32_767, -32_768, 256);
const file = (): Buffer => Buffer.from(wavBytes({ sampleRate: 8_000, channels: 1, pcm }));

const with16 =
  (at: number, value: number) =>
  (bytes: Buffer): Buffer => {
    bytes.writeUInt16LE(value, at);
    return bytes;
  };

it.each([
  [8_000, 1],
  [48_000, 2],
])('writes and reads %i Hz, %i channels', (sampleRate, channels) => {
  expect(readWav(wavBytes({ sampleRate, channels, pcm }))).toEqual({ sampleRate, channels, pcm });
});

it('is little-endian PCM with the lengths that players look at', () => {
  const bytes = file();
  expect(bytes.length).toBe(44 + 12);
  expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
  expect([4, 24, 28, 40].map((at) => bytes.readUInt32LE(at))).toEqual([36 + 12, 8_000, 16_000, 12]);
  expect([20, 22, 32, 34].map((at) => bytes.readUInt16LE(at))).toEqual([1, 1, 2, 16]);
  expect(bytes.readInt16LE(44 + 6)).toBe(32_767);
});

it.each([0, 0xffff_ffff])('reads to the end when the writer died and the length says %i', (length) => {
  const bytes = file();
  bytes.writeUInt32LE(length, 40);
  expect(readWav(bytes).pcm).toEqual(pcm);
});

it('steps over chunks that it does not know', () => {
  const bytes = file();
  const odd = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
  expect(readWav(Buffer.concat([bytes.subarray(0, 36), odd, bytes.subarray(36)])).pcm).toEqual(pcm);
});

it.each<[string, (bytes: Buffer) => Buffer]>([
  ['nothing', () => Buffer.of()],
  ['other data', () => Buffer.alloc(44)],
  ['a header that is cut short', (bytes) => bytes.subarray(0, 30)],
  ['8 bits', with16(34, 8)],
  ['floating point', with16(20, 3)],
])('refuses %s', (_name, change) => {
  expect(() => readWav(change(file()))).toThrow(expect.objectContaining({ code: 'MEDIA_WAV' }));
});
