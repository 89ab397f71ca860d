import { compress } from './sha1-block.ts';

/** Shared by all: nothing lives in them between two calls. */
const words = new Int32Array(16);
const state = new Int32Array(5);

/**
 * HMAC-SHA1 (RFC 2104, FIPS 180-4) with the key's inner and outer block absorbed once. Plain code: SHA-1 has no
 * secret-dependent look-up, and a crypto object for each packet costs fifty times as much.
 */
export class HmacSha1 {
  readonly #inner = new Int32Array(5);
  readonly #outer = new Int32Array(5);

  /** @param key at most 64 bytes */
  constructor(key: Uint8Array) {
    const block = new Uint8Array(64);
    for (const [absorbed, pad] of [
      [this.#inner, 0x36],
      [this.#outer, 0x5c],
    ] as const) {
      block.fill(pad);
      for (let i = 0; i < key.length; i++) block[i] = (block[i] as number) ^ (key[i] as number);
      absorbed[0] = 0x67452301;
      absorbed[1] = 0xefcdab89;
      absorbed[2] = 0x98badcfe;
      absorbed[3] = 0x10325476;
      absorbed[4] = 0xc3d2e1f0;
      load(block, 0);
      compress(absorbed, words);
    }
  }

  /**
   * Authenticates `data[0, length)` followed by the four bytes of `suffix`, when that is not -1; writes the first
   * `tagBytes` (at most 20) of the code to `out` at `outAt`.
   */
  sign(
    data: Uint8Array,
    length: number,
    suffix: number,
    out: Uint8Array,
    outAt: number,
    tagBytes: number,
  ): void {
    this.#digest(data, length, suffix);
    for (let i = 0; i < tagBytes; i++) out[outAt + i] = (state[i >> 2] as number) >>> (24 - (i & 3) * 8);
  }

  /** Whether `tagBytes` at `tagAt` are the code of the rest. Constant time: no early end. */
  verify(data: Uint8Array, length: number, suffix: number, tagAt: number, tagBytes: number): boolean {
    this.#digest(data, length, suffix);
    let difference = 0;
    for (let i = 0; i < tagBytes; i++) {
      const byte = ((state[i >> 2] as number) >>> (24 - (i & 3) * 8)) & 255;
      difference |= byte ^ (data[tagAt + i] as number);
    }
    return difference === 0;
  }

  #digest(data: Uint8Array, length: number, suffix: number): void {
    copy(this.#inner);
    let at = 0;
    for (; length - at >= 64; at += 64) {
      load(data, at);
      compress(state, words);
    }
    let bits = (64 + length) * 8;
    let filled = tail(data, at, length);
    if (suffix !== -1) {
      bits += 32;
      filled = append(filled, suffix);
    }
    words[filled >> 2] = (words[filled >> 2] as number) | (0x80 << (24 - (filled & 3) * 8));
    if (filled >= 56) {
      compress(state, words);
      words.fill(0);
    }
    words[15] = bits;
    compress(state, words);

    for (let i = 0; i < 5; i++) words[i] = state[i] as number;
    words[5] = 0x8000_0000;
    for (let i = 6; i < 15; i++) words[i] = 0;
    words[15] = (64 + 20) * 8;
    copy(this.#outer);
    compress(state, words);
  }
}

function copy(absorbed: Int32Array): void {
  for (let i = 0; i < 5; i++) state[i] = absorbed[i] as number;
}

function load(data: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const p = at + i * 4;
    words[i] =
      ((data[p] as number) << 24) |
      ((data[p + 1] as number) << 16) |
      ((data[p + 2] as number) << 8) |
      (data[p + 3] as number);
  }
}

/** Loads what is left, less than a block, with zeros behind; returns its bytes. */
function tail(data: Uint8Array, start: number, end: number): number {
  let at = start;
  let i = 0;
  for (; end - at >= 4; at += 4) {
    words[i++] =
      ((data[at] as number) << 24) |
      ((data[at + 1] as number) << 16) |
      ((data[at + 2] as number) << 8) |
      (data[at + 3] as number);
  }
  let last = 0;
  for (let shift = 24; at < end; shift -= 8) last |= (data[at++] as number) << shift;
  if (i < 16) words[i++] = last;
  for (; i < 16; i++) words[i] = 0;
  return end - start;
}

/** Four bytes behind the `filled` of the block, perhaps into the next; returns the bytes of the block then. */
function append(filled: number, suffix: number): number {
  const i = filled >> 2;
  const shift = (filled & 3) * 8;
  words[i] = (words[i] as number) | (suffix >>> shift);
  const rest = shift === 0 ? 0 : suffix << (32 - shift);
  if (i < 15) {
    words[i + 1] = rest;
    return filled + 4;
  }
  compress(state, words);
  words.fill(0);
  words[0] = rest;
  return filled - 60;
}
