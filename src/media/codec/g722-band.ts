import { ILB } from './g722-tables.ts';

/** Pole section: coefficients, the last partly reconstructed signals, the last reconstructed signal doubled. */
const A1 = 12;
const A2 = 13;
const P1 = 14;
const P2 = 15;
const R1 = 16;

/**
 * ITU-T G.722: the adaptive predictor and quantiser scale of one sub-band (blocks 3 and 4), in 16-bit arithmetic.
 * Written out flat over one array, because this runs 16,000 times a second for each direction of a call.
 */
export class G722Band {
  /** Predicted signal: zero section plus pole section. */
  s = 0;
  /** Quantiser scale factor. */
  det: number;
  #sz = 0;
  #nb = 0;
  /** Zero section: the last six differences, doubled (0 to 5), and their coefficients (6 to 11). Then the pole section. */
  readonly #m = new Int32Array(17);

  /** @param det initial scale: 32 for the lower band, 8 for the higher */
  constructor(det: number) {
    this.det = det;
  }

  /** Adapts the scale (LOGSCL and SCALEL, or LOGSCH and SCALEH). */
  scale(weight: number, limit: number, shift: number): void {
    let nb = ((this.#nb * 127) >> 7) + weight;
    if (nb < 0) nb = 0;
    else if (nb > limit) nb = limit;
    this.#nb = nb;
    const mantissa = ILB[(nb >> 6) & 31] as number;
    const exponent = shift - (nb >> 11);
    this.det = (exponent < 0 ? mantissa << -exponent : mantissa >> exponent) << 2;
  }

  /** Block 4: takes the quantised difference `d` and predicts the next sample into `s`. */
  adapt(d: number): void {
    const m = this.#m;
    const s = this.s;
    const p0 = saturate(this.#sz + d);

    // UPPOL2 and UPPOL1: the signs of the partly reconstructed signal move the pole section.
    const a1 = m[A1] as number;
    const p1 = m[P1] as number;
    const same1 = (p0 ^ p1) >= 0;
    const same2 = (p0 ^ (m[P2] as number)) >= 0;
    const quad = saturate(a1 << 2);
    const turn = same1 ? (quad === -32_768 ? 32_767 : -quad) : quad;
    let pole2 = (same2 ? 128 : -128) + (turn >> 7) + (Math.imul(m[A2] as number, 32_512) >> 15);
    if (pole2 > 12_288) pole2 = 12_288;
    else if (pole2 < -12_288) pole2 = -12_288;
    const bound = saturate(15_360 - pole2);
    let pole1 = saturate((same1 ? 192 : -192) + (Math.imul(a1, 32_640) >> 15));
    if (pole1 > bound) pole1 = bound;
    else if (pole1 < -bound) pole1 = -bound;
    m[A1] = pole1;
    m[A2] = pole2;
    m[P2] = p1;
    m[P1] = p0;

    // FILTEP
    const r1 = m[R1] as number;
    const r0 = saturate(2 * saturate(s + d));
    m[R1] = r0;
    const sp = saturate((Math.imul(pole1, r0) >> 15) + (Math.imul(pole2, r1) >> 15));

    // UPZERO, DELAYA and FILTEZ: an old difference moves its coefficient by its sign only.
    const by = d === 0 ? 0 : 128;
    const d0 = saturate(d + d);
    const d1 = m[0] as number;
    const d2 = m[1] as number;
    const d3 = m[2] as number;
    const d4 = m[3] as number;
    const d5 = m[4] as number;
    const d6 = m[5] as number;
    const b1 = saturate(((d ^ d1) >= 0 ? by : -by) + (Math.imul(m[6] as number, 32_640) >> 15));
    const b2 = saturate(((d ^ d2) >= 0 ? by : -by) + (Math.imul(m[7] as number, 32_640) >> 15));
    const b3 = saturate(((d ^ d3) >= 0 ? by : -by) + (Math.imul(m[8] as number, 32_640) >> 15));
    const b4 = saturate(((d ^ d4) >= 0 ? by : -by) + (Math.imul(m[9] as number, 32_640) >> 15));
    const b5 = saturate(((d ^ d5) >= 0 ? by : -by) + (Math.imul(m[10] as number, 32_640) >> 15));
    const b6 = saturate(((d ^ d6) >= 0 ? by : -by) + (Math.imul(m[11] as number, 32_640) >> 15));
    m[6] = b1;
    m[7] = b2;
    m[8] = b3;
    m[9] = b4;
    m[10] = b5;
    m[11] = b6;
    m[0] = d0;
    m[1] = d1;
    m[2] = d2;
    m[3] = d3;
    m[4] = d4;
    m[5] = d5;
    const sz = saturate(
      (Math.imul(b1, d0) >> 15) +
        (Math.imul(b2, d1) >> 15) +
        (Math.imul(b3, d2) >> 15) +
        (Math.imul(b4, d3) >> 15) +
        (Math.imul(b5, d4) >> 15) +
        (Math.imul(b6, d5) >> 15),
    );
    this.#sz = sz;

    // PREDIC
    this.s = saturate(sp + sz);
  }
}

export function saturate(value: number): number {
  return value > 32_767 ? 32_767 : Math.max(value, -32_768);
}
