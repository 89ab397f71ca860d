import { type Cipheriv, createCipheriv } from 'node:crypto';

/** Enough for the longest datagram. */
const BLOCKS = 96;

/**
 * AES in counter mode (RFC 3711 section 4.1.1) as one long-lived ECB cipher that encrypts counters: making a cipher
 * object is what costs, and AES itself stays in OpenSSL (AES-NI, constant time).
 */
export class AesCm {
  readonly #cipher: Cipheriv;
  readonly #counters = Buffer.alloc(BLOCKS * 16);

  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ecb', key, null);
    this.#cipher.setAutoPadding(false);
  }

  /** The key stream for `iv` (16 bytes, the last two the block counter from 0), at least `bytes` long. */
  stream(iv: Uint8Array, bytes: number): Uint8Array {
    const counters = this.#counters;
    const blocks = (bytes + 15) >> 4;
    for (let i = 0; i < blocks; i++) {
      const at = i * 16;
      for (let j = 0; j < 14; j++) counters[at + j] = iv[j] as number;
      counters[at + 14] = i >> 8;
      counters[at + 15] = i;
    }
    return this.#cipher.update(counters.subarray(0, blocks * 16));
  }

  /** XORs the key stream over `data[start, end)`. */
  apply(iv: Uint8Array, data: Uint8Array, start: number, end: number): void {
    const stream = this.stream(iv, end - start);
    for (let i = start; i < end; i++) data[i] = (data[i] as number) ^ (stream[i - start] as number);
  }
}

/** RFC 3711 section 4.3.1 with a key derivation rate of 0: label 0 to 5, master salt of 14 bytes (or 12, padded). */
export function deriveKey(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  label: number,
  bytes: number,
): Uint8Array {
  const iv = new Uint8Array(16);
  iv.set(masterSalt);
  iv[7] = (iv[7] as number) ^ label;
  return new AesCm(masterKey).stream(iv, bytes).slice(0, bytes);
}
