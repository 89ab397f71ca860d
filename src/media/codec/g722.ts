import type { AudioDecoder, AudioEncoder } from './codec.ts';
import { WaveformConcealer } from './concealer.ts';
import { G722Band, saturate } from './g722-band.ts';
import { Qmf } from './g722-qmf.ts';
import { IHN, IHP, ILN, ILP, Q6, QM2, QM4, QM6, RH2, RL42, WH, WL } from './g722-tables.ts';

/** ITU-T G.722 decoder, mode 1 (64 kbit/s): each byte is two samples at 16 kHz; the RTP clock is 8000 all the same. */
export class G722Decoder implements AudioDecoder {
  readonly sampleRate = 16_000;
  readonly #low = new G722Band(32);
  readonly #high = new G722Band(8);
  readonly #qmf = new Qmf();
  readonly #concealer = new WaveformConcealer(16_000);

  decode(payload: Uint8Array, pcm: Int16Array, from = 0, to = payload.length): number {
    const bytes = Math.min(to - from, pcm.length >> 1);
    const low = this.#low;
    const high = this.#high;
    const qmf = this.#qmf;
    let out = 0;
    for (let i = 0; i < bytes; i++) {
      const code = payload[from + i] as number;
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
      qmf.push(rlow + rhigh, rlow - rhigh);
      pcm[out++] = saturate(qmf.even >> 11);
      pcm[out++] = saturate(qmf.odd >> 11);
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
  readonly #qmf = new Qmf();

  encode(pcm: Int16Array, samples: number, out: Uint8Array, at = 0): number {
    const low = this.#low;
    const high = this.#high;
    const qmf = this.#qmf;
    const bytes = samples >> 1;
    for (let j = 0; j < bytes; j++) {
      // Transmit QMF
      qmf.push(pcm[2 * j] as number, pcm[2 * j + 1] as number);
      const xlow = (qmf.even + qmf.odd) >> 14;
      const xhigh = (qmf.even - qmf.odd) >> 14;

      // Lower band: SUBTRA, QUANTL, INVQAL
      const elow = saturate(xlow - low.s);
      const wanted = elow >= 0 ? elow : ~elow;
      const step = levelOf(wanted, low.det);
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

      out[at + j] = (ihigh << 6) | ilow;
    }
    return bytes;
  }

  close(): void {}
}

/** Which of the 30 levels of QUANTL holds `wanted`: the decision levels rise, so halving finds it. */
function levelOf(wanted: number, det: number): number {
  let low = 1;
  let high = 30;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wanted >= ((Q6[middle] as number) * det) >> 12) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Block 6: the reconstructed sub-band signal has 15 bits. */
function limit(value: number): number {
  return value > 16_383 ? 16_383 : Math.max(value, -16_384);
}
