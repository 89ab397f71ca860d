import { describe, expect, it } from 'vitest';
import { G711Decoder, G711Encoder } from '../../../src/media/codec/index.ts';

/** Closed forms of the standard's tables 1a and 2a, scaled to 16 bits. */
function mulaw(code: number): number {
  const c = 255 - code;
  const sign = c > 127 ? -1 : 1;
  const segment = Math.floor((c % 128) / 16);
  return sign * ((33 + 2 * (c % 16)) * 2 ** segment - 33) * 4;
}

function alaw(code: number): number {
  const c = code ^ 0x55;
  const sign = c > 127 ? 1 : -1;
  const segment = Math.floor((c % 128) / 16);
  const step = c % 16;
  return sign * (segment === 0 ? 2 * step + 1 : (2 * step + 33) * 2 ** (segment - 1)) * 8;
}

describe.each([
  ['PCMU', mulaw],
  ['PCMA', alaw],
] as const)('%s', (law, formula) => {
  const decode = (code: number): number => {
    const pcm = new Int16Array(1);
    new G711Decoder(law).decode(Uint8Array.of(code), pcm);
    return pcm[0] as number;
  };

  it('decodes all 256 codes as the standard says', () => {
    for (let code = 0; code < 256; code++) expect(decode(code) - formula(code)).toBe(0);
  });

  it('is never off by more than half a step of the segment, up to the clipping level', () => {
    const encoder = new G711Encoder(law);
    const out = new Uint8Array(1);
    for (let sample = -32_000; sample <= 32_000; sample++) {
      encoder.encode(Int16Array.of(sample), 1, out);
      const code = out[0] as number;
      // Codes of one segment differ in the low four bits only; neighbours are one step apart.
      const step = Math.abs(formula(code) - formula(code ^ 1));
      if (Math.abs(formula(code) - sample) > step / 2)
        expect([sample, formula(code), step]).toBe('within half a step');
    }
  });

  it('gives back every code that it decodes', () => {
    const encoder = new G711Encoder(law);
    const out = new Uint8Array(1);
    for (let code = 0; code < 256; code++) {
      encoder.encode(Int16Array.of(decode(code)), 1, out);
      expect(decode(out[0] as number)).toBe(decode(code));
    }
  });
});
