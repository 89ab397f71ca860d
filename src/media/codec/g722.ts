import type { AudioDecoder, AudioEncoder } from './codec.ts';
import { WaveformConcealer } from './concealer.ts';
import {
  G722Band,
  IHN,
  IHP,
  ILN,
  ILP,
  Q6,
  QM2,
  QM4,
  QM6,
  QMF,
  RH2,
  RL42,
  saturate,
  WH,
  WL,
} from './g722-band.ts';

const TAPS = 24;

/** ITU-T G.722 decoder, mode 1 (64 kbit/s): each byte is two samples at 16 kHz; the RTP clock is 8000 all the same. */
export class G722Decoder implements AudioDecoder {
  readonly sampleRate = 16_000;
  readonly #low = new G722Band(32);
  readonly #high = new G722Band(8);
  readonly #x = new Int32Array(TAPS);
  readonly #concealer = new WaveformConcealer(16_000);

  decode(payload: Uint8Array, pcm: Int16Array): number {
    const bytes = Math.min(payload.length, pcm.length >> 1);
    const low = this.#low;
    const high = this.#high;
    const x = this.#x;
    let out = 0;
    for (let i = 0; i < bytes; i++) {
      const code = payload[i] as number;
      const il = code & 0x3f;
      const ih = code >> 6;

      // Lower band: blocks 5L, 6L, 2L, 3L
      const rlow = limit(low.s + ((low.det * (QM6[il] as number)) >> 15));
      const il4 = il >> 2;
      const dlow = (low.det * (QM4[il4] as number)) >> 15;
      low.scale(WL[RL42[il4] as number] as number, 18_432, 8);
      low.adapt(dlow);

      // Higher band: blocks 2H, 5H, 3H
      const dhigh = (high.det * (QM2[ih] as number)) >> 15;
      const rhigh = limit(high.s + dhigh);
      high.scale(WH[RH2[ih] as number] as number, 22_528, 10);
      high.adapt(dhigh);

      // Receive QMF
      x.copyWithin(0, 2);
      x[TAPS - 2] = rlow + rhigh;
      x[TAPS - 1] = rlow - rhigh;
      let even = 0;
      let odd = 0;
      for (let k = 0; k < 12; k++) {
        odd += (x[2 * k] as number) * (QMF[k] as number);
        even += (x[2 * k + 1] as number) * (QMF[11 - k] as number);
      }
      pcm[out++] = saturate(even >> 11);
      pcm[out++] = saturate(odd >> 11);
    }
    this.#concealer.good(pcm, out);
    return out;
  }

  conceal(pcm: Int16Array, samples: number): number {
    return this.#concealer.conceal(pcm, samples);
  }

  close(): void {}
}

/** ITU-T G.722 encoder, mode 1 (64 kbit/s): two samples at 16 kHz a byte. */
export class G722Encoder implements AudioEncoder {
  readonly sampleRate = 16_000;
  readonly #low = new G722Band(32);
  readonly #high = new G722Band(8);
  readonly #x = new Int32Array(TAPS);

  encode(pcm: Int16Array, samples: number, out: Uint8Array): number {
    const low = this.#low;
    const high = this.#high;
    const x = this.#x;
    const bytes = samples >> 1;
    for (let j = 0; j < bytes; j++) {
      // Transmit QMF
      x.copyWithin(0, 2);
      x[TAPS - 2] = pcm[2 * j] as number;
      x[TAPS - 1] = pcm[2 * j + 1] as number;
      let even = 0;
      let odd = 0;
      for (let k = 0; k < 12; k++) {
        odd += (x[2 * k] as number) * (QMF[k] as number);
        even += (x[2 * k + 1] as number) * (QMF[11 - k] as number);
      }
      const xlow = (even + odd) >> 14;
      const xhigh = (even - odd) >> 14;

      // Lower band: SUBTRA, QUANTL, INVQAL
      const elow = saturate(xlow - low.s);
      const wanted = elow >= 0 ? elow : ~elow;
      let step = 1;
      while (step < 30 && wanted >= ((Q6[step] as number) * low.det) >> 12) step++;
      const ilow = (elow < 0 ? ILN[step] : ILP[step]) as number;
      const ril = ilow >> 2;
      const dlow = (low.det * (QM4[ril] as number)) >> 15;
      low.scale(WL[RL42[ril] as number] as number, 18_432, 8);
      low.adapt(dlow);

      // Higher band: SUBTRA, QUANTH, INVQAH
      const ehigh = saturate(xhigh - high.s);
      const magnitude = ehigh >= 0 ? ehigh : ~ehigh;
      const mih = magnitude >= (564 * high.det) >> 12 ? 2 : 1;
      const ihigh = (ehigh < 0 ? IHN[mih] : IHP[mih]) as number;
      const dhigh = (high.det * (QM2[ihigh] as number)) >> 15;
      high.scale(WH[RH2[ihigh] as number] as number, 22_528, 10);
      high.adapt(dhigh);

      out[j] = (ihigh << 6) | ilow;
    }
    return bytes;
  }

  close(): void {}
}

/** Block 6: the reconstructed sub-band signal has 15 bits. */
function limit(value: number): number {
  return value > 16_383 ? 16_383 : Math.max(value, -16_384);
}
