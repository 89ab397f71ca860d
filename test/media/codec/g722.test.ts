import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { G722Decoder, G722Encoder } from '../../../src/media/codec/index.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const samples = (bytes: Buffer): Int16Array =>
  Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(i * 2));

it('decodes what a reference encoder made, bit for bit like the reference decoder', () => {
  const encoded = fixture('clean.g722');
  const expected = samples(fixture('decoded.s16'));
  const decoder = new G722Decoder();
  const pcm = new Int16Array(320);
  const decoded: number[] = [];
  for (let at = 0; at < encoded.length; at += 160) {
    const count = decoder.decode(encoded.subarray(at, at + 160), pcm);
    decoded.push(...pcm.subarray(0, count));
  }
  expect(decoded.length).toBe(expected.length);
  const differing = decoded.filter((value, i) => value !== expected[i]).length;
  expect(differing).toBe(0);
});

it('encodes like a reference encoder, bit for bit', () => {
  const pcm = samples(fixture('clean.s16'));
  const expected = fixture('clean.g722');
  const encoder = new G722Encoder();
  const out = new Uint8Array(160);
  const encoded: number[] = [];
  for (let at = 0; at + 320 <= pcm.length; at += 320) {
    const count = encoder.encode(pcm.subarray(at, at + 320), 320, out);
    encoded.push(...out.subarray(0, count));
  }
  const differing = encoded.filter((value, i) => value !== expected[i]).length;
  expect(differing).toBe(0);
});
