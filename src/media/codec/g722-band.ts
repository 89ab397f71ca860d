/** ITU-T G.722: the adaptive predictor and quantiser scale of one sub-band (blocks 3 and 4), in 16-bit arithmetic. */
export class G722Band {
  /** Predicted signal: zero section plus pole section. */
  s = 0;
  /** Quantiser scale factor. */
  det: number;
  #sp = 0;
  #sz = 0;
  #nb = 0;
  readonly #r = new Int32Array(3);
  readonly #a = new Int32Array(3);
  readonly #ap = new Int32Array(3);
  readonly #p = new Int32Array(3);
  readonly #d = new Int32Array(7);
  readonly #b = new Int32Array(7);
  readonly #bp = new Int32Array(7);
  readonly #sg = new Int32Array(7);

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
    const r = this.#r;
    const a = this.#a;
    const ap = this.#ap;
    const p = this.#p;
    const dl = this.#d;
    const b = this.#b;
    const bp = this.#bp;
    const sg = this.#sg;

    // RECONS, PARREC
    dl[0] = d;
    r[0] = saturate(this.s + d);
    p[0] = saturate(this.#sz + d);

    // UPPOL2
    for (let i = 0; i < 3; i++) sg[i] = (p[i] as number) >> 15;
    let w1 = saturate((a[1] as number) << 2);
    let w2 = sg[0] === sg[1] ? -w1 : w1;
    if (w2 > 32_767) w2 = 32_767;
    let w3 = (sg[0] === sg[2] ? 128 : -128) + (w2 >> 7) + (((a[2] as number) * 32_512) >> 15);
    if (w3 > 12_288) w3 = 12_288;
    else if (w3 < -12_288) w3 = -12_288;
    ap[2] = w3;

    // UPPOL1
    sg[0] = (p[0] as number) >> 15;
    sg[1] = (p[1] as number) >> 15;
    w1 = sg[0] === sg[1] ? 192 : -192;
    w2 = ((a[1] as number) * 32_640) >> 15;
    ap[1] = saturate(w1 + w2);
    w3 = saturate(15_360 - (ap[2] as number));
    if ((ap[1] as number) > w3) ap[1] = w3;
    else if ((ap[1] as number) < -w3) ap[1] = -w3;

    // UPZERO
    w1 = d === 0 ? 0 : 128;
    sg[0] = d >> 15;
    for (let i = 1; i < 7; i++) {
      sg[i] = (dl[i] as number) >> 15;
      w2 = sg[i] === sg[0] ? w1 : -w1;
      bp[i] = saturate(w2 + (((b[i] as number) * 32_640) >> 15));
    }

    // DELAYA
    for (let i = 6; i > 0; i--) {
      dl[i] = dl[i - 1] as number;
      b[i] = bp[i] as number;
    }
    for (let i = 2; i > 0; i--) {
      r[i] = r[i - 1] as number;
      p[i] = p[i - 1] as number;
      a[i] = ap[i] as number;
    }

    // FILTEP
    w1 = ((a[1] as number) * saturate((r[1] as number) + (r[1] as number))) >> 15;
    w2 = ((a[2] as number) * saturate((r[2] as number) + (r[2] as number))) >> 15;
    this.#sp = saturate(w1 + w2);

    // FILTEZ
    let sz = 0;
    for (let i = 6; i > 0; i--) {
      const doubled = saturate((dl[i] as number) + (dl[i] as number));
      sz += ((b[i] as number) * doubled) >> 15;
    }
    this.#sz = saturate(sz);

    // PREDIC
    this.s = saturate(this.#sp + this.#sz);
  }
}

export function saturate(value: number): number {
  return value > 32_767 ? 32_767 : Math.max(value, -32_768);
}

// Tables of ITU-T G.722 (1988).
const ILB = Int32Array.of(
  2048,
  2093,
  2139,
  2186,
  2233,
  2282,
  2332,
  2383,
  2435,
  2489,
  2543,
  2599,
  2656,
  2714,
  2774,
  2834,
  2896,
  2960,
  3025,
  3091,
  3158,
  3228,
  3298,
  3371,
  3444,
  3520,
  3597,
  3676,
  3756,
  3838,
  3922,
  4008,
);
export const WL = Int32Array.of(-60, -30, 58, 172, 334, 538, 1198, 3042);
export const RL42 = Int32Array.of(0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0);
export const QM4 = Int32Array.of(
  0,
  -20456,
  -12896,
  -8968,
  -6288,
  -4240,
  -2584,
  -1200,
  20456,
  12896,
  8968,
  6288,
  4240,
  2584,
  1200,
  0,
);
export const QM6 = Int32Array.of(
  -136,
  -136,
  -136,
  -136,
  -24808,
  -21904,
  -19008,
  -16704,
  -14984,
  -13512,
  -12280,
  -11192,
  -10232,
  -9360,
  -8576,
  -7856,
  -7192,
  -6576,
  -6000,
  -5456,
  -4944,
  -4464,
  -4008,
  -3576,
  -3168,
  -2776,
  -2400,
  -2032,
  -1688,
  -1360,
  -1040,
  -728,
  24808,
  21904,
  19008,
  16704,
  14984,
  13512,
  12280,
  11192,
  10232,
  9360,
  8576,
  7856,
  7192,
  6576,
  6000,
  5456,
  4944,
  4464,
  4008,
  3576,
  3168,
  2776,
  2400,
  2032,
  1688,
  1360,
  1040,
  728,
  432,
  136,
  -432,
  -136,
);
export const QM2 = Int32Array.of(-7408, -1616, 7408, 1616);
export const WH = Int32Array.of(0, -214, 798);
export const RH2 = Int32Array.of(2, 1, 2, 1);
export const Q6 = Int32Array.of(
  0,
  35,
  72,
  110,
  150,
  190,
  233,
  276,
  323,
  370,
  422,
  473,
  530,
  587,
  650,
  714,
  786,
  858,
  940,
  1023,
  1121,
  1219,
  1339,
  1458,
  1612,
  1765,
  1980,
  2195,
  2557,
  2919,
  0,
  0,
);
export const ILN = Int32Array.of(
  0,
  63,
  62,
  31,
  30,
  29,
  28,
  27,
  26,
  25,
  24,
  23,
  22,
  21,
  20,
  19,
  18,
  17,
  16,
  15,
  14,
  13,
  12,
  11,
  10,
  9,
  8,
  7,
  6,
  5,
  4,
  0,
);
export const ILP = Int32Array.of(
  0,
  61,
  60,
  59,
  58,
  57,
  56,
  55,
  54,
  53,
  52,
  51,
  50,
  49,
  48,
  47,
  46,
  45,
  44,
  43,
  42,
  41,
  40,
  39,
  38,
  37,
  36,
  35,
  34,
  33,
  32,
  0,
);
export const IHN = Int32Array.of(0, 1, 0);
export const IHP = Int32Array.of(0, 3, 2);
/** Half of the 24-tap quadrature mirror filter; the other half is its mirror. */
export const QMF = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
