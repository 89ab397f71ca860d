import type { AudioDecoder, AudioEncoder } from './codec.ts';
import { WaveformConcealer } from './concealer.ts';

/** L16 (RFC 3551 section 4.5.11): PCM as it is, 16 bits in network byte order. */
export class L16Decoder implements AudioDecoder {
  readonly sampleRate: number;
  readonly #concealer: WaveformConcealer;

  /** @param sampleRate Hz; also the RTP clock */
  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
    this.#concealer = new WaveformConcealer(sampleRate);
  }

  decode(payload: Uint8Array, pcm: Int16Array, from = 0, to = payload.length): number {
    const samples = Math.min((to - from) >> 1, pcm.length);
    for (let i = 0; i < samples; i++) {
      const at = from + 2 * i;
      pcm[i] = ((payload[at] as number) << 8) | (payload[at + 1] as number);
    }
    this.#concealer.good(pcm, samples);
    return samples;
  }

  conceal(pcm: Int16Array, samples: number): number {
    return this.#concealer.conceal(pcm, samples);
  }

  close(): void {}
}

export class L16Encoder implements AudioEncoder {
  readonly sampleRate: number;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
  }

  encode(pcm: Int16Array, samples: number, out: Uint8Array, at = 0): number {
    const count = Math.min(samples, (out.length - at) >> 1);
    for (let i = 0; i < count; i++) {
      const sample = pcm[i] as number;
      out[at + 2 * i] = (sample >> 8) & 0xff;
      out[at + 2 * i + 1] = sample & 0xff;
    }
    return 2 * count;
  }

  close(): void {}
}
