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

/** A file of `bits` and format `code` whose data are `data`. */
function fileOf(code: number, bits: number, data: Uint8Array, extended = false): Uint8Array {
  const head = Buffer.from(wavBytes({ sampleRate: 8_000, channels: 1, pcm: new Int16Array(0) }));
  const extra = Buffer.alloc(extended ? 24 : 0);
  head.writeUInt16LE(extended ? 0xfffe : code, 20);
  head.writeUInt16LE(bits, 34);
  head.writeUInt32LE(16 + extra.length, 16);
  if (extended) extra.writeUInt16LE(code, 8);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head.subarray(0, 36), extra, head.subarray(36), data]);
}

it.each<[string, number, number, readonly number[], readonly number[]]>([
  ['8 bits, unsigned', 1, 8, [0, 128, 255], [-32_768, 0, 32_512]],
  ['24 bits', 1, 24, [0xff, 0x34, 0x12, 0, 0, 0x80], [0x1234, -32_768]],
  ['32 bits', 1, 32, [1, 2, 0x34, 0x12], [0x1234]],
  // ITU-T G.711 tables 1a and 2a: the largest values, and the smallest.
  ['A-law', 6, 8, [0xaa, 0x2a, 0xd5], [32_256, -32_256, 8]],
  ['mu-law', 7, 8, [0x80, 0x00, 0xff], [32_124, -32_124, 0]],
])('reads %s, plain and extensible', (_name, code, bits, data, samples) => {
  for (const extended of [false, true])
    expect([...readWav(fileOf(code, bits, Uint8Array.from(data), extended)).pcm]).toEqual(samples);
});

it.each<[string, (bytes: Buffer) => Buffer]>([
  ['nothing', () => Buffer.of()],
  ['other data', () => Buffer.alloc(44)],
  ['a header that is cut short', (bytes) => bytes.subarray(0, 30)],
  ['12 bits', with16(34, 12)],
  ['no channel', with16(22, 0)],
  ['G.711 of 16 bits', with16(20, 7)],
  ['floating point', with16(20, 3)],
])('refuses %s', (_name, change) => {
  expect(() => readWav(change(file()))).toThrow(expect.objectContaining({ code: 'MEDIA_WAV' }));
});
