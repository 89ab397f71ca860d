/**
 * HMAC-SHA1 (RFC 2104, FIPS 180-4) with the key's inner and outer block absorbed once. Plain code: SHA-1 has no
 * secret-dependent look-up, and a crypto object for each packet costs twenty times as much.
 */
export class HmacSha1 {
  readonly #inner = new Int32Array(5);
  readonly #outer = new Int32Array(5);
  readonly #state = new Int32Array(5);
  readonly #block = new Uint8Array(64);
  readonly #words = new Int32Array(80);

  constructor(key: Uint8Array) {
    const block = this.#block;
    for (const [state, pad] of [
      [this.#inner, 0x36],
      [this.#outer, 0x5c],
    ] as const) {
      block.fill(pad);
      for (let i = 0; i < key.length && i < 64; i++) block[i] = (block[i] as number) ^ (key[i] as number);
      reset(state);
      compress(state, block, 0, this.#words);
    }
  }

  /**
   * Authenticates `data[start, start + length)` followed by the four bytes of `suffix`, when that is not -1;
   * writes the first `tagBytes` of the code to `out` at `outAt`.
   */
  digest(
    data: Uint8Array,
    start: number,
    length: number,
    suffix: number,
    out: Uint8Array,
    outAt: number,
    tagBytes: number,
  ): void {
    const state = this.#state;
    const block = this.#block;
    const words = this.#words;
    state.set(this.#inner);
    let at = start;
    const end = start + length;
    for (; end - at >= 64; at += 64) compress(state, data, at, words);
    let filled = 0;
    for (; at < end; at++) block[filled++] = data[at] as number;
    if (suffix !== -1) {
      for (let shift = 24; shift >= 0; shift -= 8) {
        if (filled === 64) {
          compress(state, block, 0, words);
          filled = 0;
        }
        block[filled++] = suffix >>> shift;
      }
    }
    finish(state, block, filled, 64 + length + (suffix === -1 ? 0 : 4), words);

    for (let i = 0; i < 5; i++) put32(block, i * 4, state[i] as number);
    state.set(this.#outer);
    finish(state, block, 20, 84, words);
    for (let i = 0; i < tagBytes; i++) out[outAt + i] = (state[i >> 2] as number) >>> (24 - (i & 3) * 8);
  }
}

function reset(state: Int32Array): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
}

/** Padding and length; `block` holds `filled` bytes of the last block. */
function finish(
  state: Int32Array,
  block: Uint8Array,
  filled: number,
  totalBytes: number,
  words: Int32Array,
): void {
  let at = filled;
  if (at === 64) {
    compress(state, block, 0, words);
    at = 0;
  }
  block[at++] = 0x80;
  if (at > 56) {
    block.fill(0, at, 64);
    compress(state, block, 0, words);
    at = 0;
  }
  block.fill(0, at, 60);
  put32(block, 60, totalBytes * 8);
  compress(state, block, 0, words);
}

function compress(state: Int32Array, data: Uint8Array, at: number, w: Int32Array): void {
  for (let i = 0; i < 16; i++) {
    const p = at + i * 4;
    w[i] =
      ((data[p] as number) << 24) |
      ((data[p + 1] as number) << 16) |
      ((data[p + 2] as number) << 8) |
      (data[p + 3] as number);
  }
  for (let i = 16; i < 80; i++) {
    const x = (w[i - 3] as number) ^ (w[i - 8] as number) ^ (w[i - 14] as number) ^ (w[i - 16] as number);
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let i = 0; i < 80; i++) {
    let f: number;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const t = (((a << 5) | (a >>> 27)) + f + e + (w[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
  state[4] = ((state[4] as number) + e) | 0;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
