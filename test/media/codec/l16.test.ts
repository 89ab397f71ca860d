import { expect, it } from 'vitest';
import { L16Decoder, L16Encoder } from '../../../src/media/codec/index.ts';
import { dominantFrequency, Tone } from '../../../src/media/tone/index.ts';

it('writes samples in network byte order and reads the same ones', () => {
  const pcm = Int16Array.of(0, 1, -1, 258, 32_767, -32_768);
  const out = new Uint8Array(20);
  expect(new L16Encoder(16_000).encode(pcm, 6, out, 3)).toBe(12);
  expect([...out.subarray(3, 15)]).toEqual([0, 0, 0, 1, 255, 255, 1, 2, 127, 255, 128, 0]);
  const heard = new Int16Array(10);
  expect(new L16Decoder(16_000).decode(out, heard, 3, 15)).toBe(6);
  expect(heard.subarray(0, 6)).toEqual(pcm);
});

it('leaves half a sample and what has no room', () => {
  const pcm = new Int16Array(2);
  expect(new L16Decoder(8_000).decode(Uint8Array.of(1, 2, 3), pcm)).toBe(1);
  expect(new L16Decoder(8_000).decode(new Uint8Array(9), pcm)).toBe(2);
  expect(new L16Encoder(8_000).encode(new Int16Array(9), 9, new Uint8Array(5))).toBe(4);
});

it.each([8_000, 16_000])('conceals a lost frame with the pitch before it, at %i Hz', (rate) => {
  const decoder = new L16Decoder(rate);
  const encoder = new L16Encoder(rate);
  const tone = new Tone(400, rate);
  const pcm = new Int16Array(rate / 50);
  const out = new Uint8Array(rate / 25);
  const heard: number[] = [];
  for (let i = 0; i < 40; i++) {
    tone.fill(pcm, pcm.length);
    const samples =
      i % 10 === 9
        ? decoder.conceal(pcm, pcm.length)
        : decoder.decode(out, pcm, 0, encoder.encode(pcm, pcm.length, out));
    heard.push(...pcm.subarray(0, samples));
  }
  expect(heard.length).toBe((rate * 40) / 50);
  expect(Math.abs(dominantFrequency(Int16Array.from(heard), rate) - 400)).toBeLessThan(5);
});
