import type { AudioDecoder, AudioEncoder } from './codec.ts';
import { WaveformConcealer } from './concealer.ts';

/** ITU-T G.711: one byte a sample, 8 kHz. Tables made at start: 256 entries to decode, 65536 to encode. */
export const MULAW_DECODE = new Int16Array(256);
export const ALAW_DECODE = new Int16Array(256);
const MULAW_ENCODE = new Uint8Array(65_536);
const ALAW_ENCODE = new Uint8Array(65_536);

for (let code = 0; code < 256; code++) {
  MULAW_DECODE[code] = mulawToLinear(code);
  ALAW_DECODE[code] = alawToLinear(code);
}
for (let sample = -32_768; sample < 32_768; sample++) {
  MULAW_ENCODE[sample & 0xffff] = linearToMulaw(sample);
  ALAW_ENCODE[sample & 0xffff] = linearToAlaw(sample);
}

/** G.711 table 2: sign, 3 bits of segment, 4 bits of step, all inverted; 14-bit values scaled to 16. */
function mulawToLinear(code: number): number {
  const inverted = ~code & 0xff;
  const segment = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << segment) - 0x84;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function linearToMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(sample < 0 ? -sample : sample, 32_635) + 0x84;
  const segment = 24 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

/** G.711 table 1: every other bit inverted; 13-bit values scaled to 16. */
function alawToLinear(code: number): number {
  const toggled = code ^ 0x55;
  const segment = (toggled >> 4) & 7;
  const step = (toggled & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function linearToAlaw(sample: number): number {
  const negative = sample < 0;
  // One's complement, so that the decision values are the same on both sides of zero.
  const magnitude = negative ? ~sample : sample;
  const segment = magnitude < 256 ? 0 : 24 - Math.clz32(magnitude);
  const step = segment === 0 ? magnitude >> 4 : (magnitude >> (segment + 3)) & 0x0f;
  return ((segment << 4) | step | (negative ? 0 : 0x80)) ^ 0x55;
}

export class G711Decoder implements AudioDecoder {
  readonly sampleRate = 8_000;
  readonly #table: Int16Array;
  readonly #concealer = new WaveformConcealer(8_000);

  constructor(law: 'PCMU' | 'PCMA') {
    this.#table = law === 'PCMU' ? MULAW_DECODE : ALAW_DECODE;
  }

  decode(payload: Uint8Array, pcm: Int16Array, from = 0, to = payload.length): number {
    const samples = Math.min(to - from, pcm.length);
    const table = this.#table;
    for (let i = 0; i < samples; i++) pcm[i] = table[payload[from + i] as number] as number;
    this.#concealer.good(pcm, samples);
    return samples;
  }

  conceal(pcm: Int16Array, samples: number): number {
    return this.#concealer.conceal(pcm, samples);
  }

  close(): void {}
}

export class G711Encoder implements AudioEncoder {
  readonly sampleRate = 8_000;
  readonly #table: Uint8Array;

  constructor(law: 'PCMU' | 'PCMA') {
    this.#table = law === 'PCMU' ? MULAW_ENCODE : ALAW_ENCODE;
  }

  encode(pcm: Int16Array, samples: number, out: Uint8Array, at = 0): number {
    const table = this.#table;
    for (let i = 0; i < samples; i++) out[at + i] = table[(pcm[i] as number) & 0xffff] as number;
    return samples;
  }

  close(): void {}
}
