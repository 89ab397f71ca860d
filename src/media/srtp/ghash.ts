/**
 * GHASH (NIST SP 800-38D section 6.4) in constant time: no table is indexed by a secret, nothing branches on one.
 * A product without carries is made of whole multiplications of masked operands: with three bits free between two,
 * the carries fall into the holes. The high halves come from the same product of the reversed operands; Karatsuba
 * makes nine products of sixteen. The method is that of BearSSL's ghash_ctmul32.
 */
export class Ghash {
  /** The masked parts of the 18 operands that come of the key. */
  readonly #key = new Int32Array(18 * 4);

  /** @param h the cipher's output for a block of zeros */
  constructor(h: Uint8Array) {
    operands(word(h, 12), word(h, 8), word(h, 4), word(h, 0));
    for (let i = 0; i < 18; i++) {
      for (let j = 0; j < 4; j++) this.#key[i * 4 + j] = (left[i] as number) & (0x1111_1111 << j);
    }
  }

  /** The hash of `aad[0, aadEnd)` and `data[start, end)`, both padded, and their lengths; 16 bytes to `out`. */
  digest(
    aad: Uint8Array,
    aadEnd: number,
    data: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
  ): void {
    sum[0] = 0;
    sum[1] = 0;
    sum[2] = 0;
    sum[3] = 0;
    this.#absorb(aad, 0, aadEnd);
    this.#absorb(data, start, end);
    sum[2] = (sum[2] as number) ^ (aadEnd * 8);
    sum[0] = (sum[0] as number) ^ ((end - start) * 8);
    this.#multiply();
    for (let i = 0; i < 16; i++) out[i] = (sum[3 - (i >> 2)] as number) >>> (24 - (i & 3) * 8);
  }

  #absorb(data: Uint8Array, start: number, end: number): void {
    let at = start;
    for (; end - at >= 16; at += 16) {
      for (let i = 0; i < 4; i++) sum[i] = (sum[i] as number) ^ word(data, at + 12 - i * 4);
      this.#multiply();
    }
    if (at === end) return;
    for (let i = 0; at < end; at++, i++) {
      const place = 3 - (i >> 2);
      sum[place] = (sum[place] as number) ^ ((data[at] as number) << (24 - (i & 3) * 8));
    }
    this.#multiply();
  }

  /** `sum` times the key, modulo x^128 + x^7 + x^2 + x + 1. */
  #multiply(): void {
    const key = this.#key;
    operands(sum[0] as number, sum[1] as number, sum[2] as number, sum[3] as number);
    for (let i = 0; i < 18; i++) {
      const x = left[i] as number;
      const x0 = x & 0x1111_1111;
      const x1 = x & 0x2222_2222;
      const x2 = x & 0x4444_4444;
      const x3 = x & 0x8888_8888;
      const y0 = key[i * 4] as number;
      const y1 = key[i * 4 + 1] as number;
      const y2 = key[i * 4 + 2] as number;
      const y3 = key[i * 4 + 3] as number;
      const z0 = Math.imul(x0, y0) ^ Math.imul(x1, y3) ^ Math.imul(x2, y2) ^ Math.imul(x3, y1);
      const z1 = Math.imul(x0, y1) ^ Math.imul(x1, y0) ^ Math.imul(x2, y3) ^ Math.imul(x3, y2);
      const z2 = Math.imul(x0, y2) ^ Math.imul(x1, y1) ^ Math.imul(x2, y0) ^ Math.imul(x3, y3);
      const z3 = Math.imul(x0, y3) ^ Math.imul(x1, y2) ^ Math.imul(x2, y1) ^ Math.imul(x3, y0);
      product[i] = (z0 & 0x1111_1111) | (z1 & 0x2222_2222) | (z2 & 0x4444_4444) | (z3 & 0x8888_8888);
    }
    reduce();
  }
}

/** Shared by all: nothing lives in them between two calls. Word 0 is the least. */
const sum = new Int32Array(4);
const left = new Int32Array(18);
const product = new Int32Array(18);

/** The 9 operands of Karatsuba's method for four words, then the same of the words reversed. */
function operands(w0: number, w1: number, w2: number, w3: number): void {
  spread(0, w0, w1, w2, w3);
  spread(9, reverse(w0), reverse(w1), reverse(w2), reverse(w3));
}

function spread(at: number, w0: number, w1: number, w2: number, w3: number): void {
  left[at] = w0;
  left[at + 1] = w1;
  left[at + 2] = w2;
  left[at + 3] = w3;
  left[at + 4] = w0 ^ w1;
  left[at + 5] = w2 ^ w3;
  left[at + 6] = w0 ^ w2;
  left[at + 7] = w1 ^ w3;
  left[at + 8] = w0 ^ w1 ^ w2 ^ w3;
}

function reduce(): void {
  const p0 = product[0] as number;
  const p1 = product[1] as number;
  const p2 = product[2] as number;
  const p3 = product[3] as number;
  const p4 = (product[4] as number) ^ p0 ^ p1;
  const p5 = (product[5] as number) ^ p2 ^ p3;
  const p6 = product[6] as number;
  const p7 = product[7] as number;
  const p8 = (product[8] as number) ^ p6 ^ p7;
  const r0 = product[9] as number;
  const r1 = product[10] as number;
  const r2 = product[11] as number;
  const r3 = product[12] as number;
  const r4 = (product[13] as number) ^ r0 ^ r1;
  const r5 = (product[14] as number) ^ r2 ^ r3;
  const r6 = product[15] as number;
  const r7 = product[16] as number;
  const r8 = (product[17] as number) ^ r6 ^ r7;

  const d0 = p0;
  const d1 = p4 ^ (reverse(r0) >>> 1);
  const d2 = p1 ^ p0 ^ p2 ^ p6 ^ (reverse(r4) >>> 1);
  const d3 = p4 ^ p5 ^ p8 ^ (reverse(r1 ^ r0 ^ r2 ^ r6) >>> 1);
  const d4 = p2 ^ p1 ^ p3 ^ p7 ^ (reverse(r4 ^ r5 ^ r8) >>> 1);
  const d5 = p5 ^ (reverse(r2 ^ r1 ^ r3 ^ r7) >>> 1);
  const d6 = p3 ^ (reverse(r5) >>> 1);
  const d7 = reverse(r3) >>> 1;

  // GCM's bits stand the other way round: the product of 255 bits is shifted by one, and reduced from the low end.
  const z0 = d0 << 1;
  const z1 = (d1 << 1) | (d0 >>> 31);
  const z2 = (d2 << 1) | (d1 >>> 31);
  const z3 = ((d3 << 1) | (d2 >>> 31)) ^ low(z0);
  sum[0] = ((d4 << 1) | (d3 >>> 31)) ^ high(z0) ^ low(z1);
  sum[1] = ((d5 << 1) | (d4 >>> 31)) ^ high(z1) ^ low(z2);
  sum[2] = ((d6 << 1) | (d5 >>> 31)) ^ high(z2) ^ low(z3);
  sum[3] = ((d7 << 1) | (d6 >>> 31)) ^ high(z3);
}

function low(z: number): number {
  return (z << 31) ^ (z << 30) ^ (z << 25);
}

function high(z: number): number {
  return z ^ (z >>> 1) ^ (z >>> 2) ^ (z >>> 7);
}

function reverse(value: number): number {
  let x = value;
  x = ((x & 0x5555_5555) << 1) | ((x >>> 1) & 0x5555_5555);
  x = ((x & 0x3333_3333) << 2) | ((x >>> 2) & 0x3333_3333);
  x = ((x & 0x0f0f_0f0f) << 4) | ((x >>> 4) & 0x0f0f_0f0f);
  x = ((x & 0x00ff_00ff) << 8) | ((x >>> 8) & 0x00ff_00ff);
  return (x << 16) | (x >>> 16);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
