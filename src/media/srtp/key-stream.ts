import { type Cipheriv, createCipheriv, createSecretKey } from 'node:crypto';

/** Blocks of key stream that a stream of packets has ahead at most (5 kB): 32 packets of up to 160 bytes. */
const BLOCKS = 320;
const PACKETS = 32;
/** Enough for the longest datagram, for what was not made ahead. */
const LONGEST = 96;

/** The counters that go into the cipher; shared by all: nothing lives in it between two calls. */
const counters = Buffer.alloc(Math.max(BLOCKS, LONGEST) * 16);
const words = new Int32Array(counters.buffer, counters.byteOffset, counters.length / 4);
const once = new Uint8Array(LONGEST * 16);

/** How a profile makes the 16-byte counter block of a packet: salt, SSRC, 48-bit index, block number. */
export interface CounterLayout {
  /** Offset of the SSRC; the index follows it. */
  readonly ssrcAt: 2 | 4;
  /** Number of the packet's first block. */
  readonly firstBlock: 0 | 1;
}

/** RFC 3711 section 4.1.1: 16 bits of block number from 0. */
export const AES_CM: CounterLayout = { ssrcAt: 4, firstBlock: 0 };
/** RFC 7714 sections 8.1 and 9.1 over GCM's counter mode: 32 bits of block number; the first makes the tag. */
export const AES_GCM: CounterLayout = { ssrcAt: 2, firstBlock: 1 };

/**
 * AES-128 over counter blocks as one long-lived ECB cipher for each key: making a cipher object is what costs, and
 * AES itself stays in OpenSSL (AES-NI, constant time).
 */
export class CounterCipher {
  readonly #cipher: Cipheriv;
  readonly #layout: CounterLayout;
  readonly #salt = new Uint8Array(16);
  readonly #block = new Uint8Array(16);
  readonly #blockWords = new Int32Array(this.#block.buffer);
  #input = counters.subarray(0, 0);

  /** @param salt 14 bytes (AES_CM) or 12 (AES_GCM) */
  constructor(key: Uint8Array, salt: Uint8Array, layout: CounterLayout) {
    // With bytes for a key Node throws and catches errors inside: four times as long, and a session derives twelve keys.
    this.#cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null);
    this.#cipher.setAutoPadding(false);
    this.#layout = layout;
    this.#salt.set(salt);
  }

  /** Writes the key stream of `packets` packets from the index `roc`, `sequence` on, `blocks` each, to `out`. */
  make(out: Uint8Array, ssrc: number, roc: number, sequence: number, packets: number, blocks: number): void {
    let at = 0;
    for (let i = 0; i < packets; i++) {
      const next = sequence + i;
      at = this.#write(at, ssrc, next > 0xffff ? (roc + 1) >>> 0 : roc, next & 0xffff, blocks);
    }
    const bytes = at * 4;
    // A view is an object: it is kept while the length stays, which is nearly always.
    if (this.#input.length !== bytes) this.#input = counters.subarray(0, bytes);
    out.set(this.#cipher.update(this.#input));
  }

  /** XORs one packet's key stream, from its block `skip` on, over `data[start, end)`; nothing is kept. */
  apply(
    data: Uint8Array,
    start: number,
    end: number,
    ssrc: number,
    roc: number,
    sequence: number,
    skip: number,
  ): void {
    this.make(once, ssrc, roc, sequence, 1, skip + ((end - start + 15) >> 4));
    xor(data, start, end, once, skip * 16);
  }

  #write(start: number, ssrc: number, roc: number, sequence: number, blocks: number): number {
    const { ssrcAt, firstBlock } = this.#layout;
    const block = this.#block;
    const blockWords = this.#blockWords;
    block.set(this.#salt);
    xor32(block, ssrcAt, ssrc);
    xor32(block, ssrcAt + 4, roc);
    block[ssrcAt + 8] = (block[ssrcAt + 8] as number) ^ (sequence >>> 8);
    block[ssrcAt + 9] = (block[ssrcAt + 9] as number) ^ sequence;
    let at = start;
    for (let i = 0; i < blocks; i++) {
      block[14] = (i + firstBlock) >> 8;
      block[15] = i + firstBlock;
      words[at] = blockWords[0] as number;
      words[at + 1] = blockWords[1] as number;
      words[at + 2] = blockWords[2] as number;
      words[at + 3] = blockWords[3] as number;
      at += 4;
    }
    return at;
  }
}

/** The key stream of one SSRC, made ahead for the packets that will come next. */
export class KeyStream {
  readonly #cipher: CounterCipher;
  readonly #ssrc: number;
  #bytes = new Uint8Array();
  /** Index of the first packet whose key stream is here. */
  #roc = 0;
  #sequence = 0;
  #packets = 0;
  #blocks = 0;

  constructor(cipher: CounterCipher, ssrc: number) {
    this.#cipher = cipher;
    this.#ssrc = ssrc;
  }

  /**
   * XORs the key stream of the packet `roc`, `sequence`, from its block `skip` on, over `data[start, end)`. Only for
   * packets that are known to be authentic (or ours), since the window follows them.
   */
  apply(data: Uint8Array, start: number, end: number, roc: number, sequence: number, skip: number): void {
    const blocks = skip + ((end - start + 15) >> 4);
    const packet = this.#distance(roc, sequence);
    if (packet < 0 || blocks > BLOCKS / 2) {
      this.#cipher.apply(data, start, end, this.#ssrc, roc, sequence, skip);
      return;
    }
    let at = skip * 16;
    if (packet < this.#packets && blocks <= this.#blocks) at += packet * this.#blocks * 16;
    else this.#ahead(roc, sequence, blocks);
    xor(data, start, end, this.#bytes, at);
  }

  /** Copies the first block of the packet's key stream to `out`; also for packets that may be forged. */
  first(out: Uint8Array, roc: number, sequence: number): void {
    const packet = this.#distance(roc, sequence);
    if (packet >= 0 && packet < this.#packets) {
      const at = packet * this.#blocks * 16;
      for (let i = 0; i < 16; i++) out[i] = this.#bytes[at + i] as number;
    } else {
      this.#cipher.make(out, this.#ssrc, roc, sequence, 1, 1);
    }
  }

  /** Packets from the first one that is here; negative when it is behind. Before anything was made it is 0. */
  #distance(roc: number, sequence: number): number {
    return this.#packets === 0 ? 0 : (roc - this.#roc) * 0x1_0000 + sequence - this.#sequence;
  }

  /** From this packet on; room for a packet never shrinks, since what was that long once will be again. */
  #ahead(roc: number, sequence: number, blocks: number): void {
    if (blocks > this.#blocks) {
      this.#blocks = blocks;
      this.#packets = Math.min(PACKETS, Math.floor(BLOCKS / blocks));
      this.#bytes = new Uint8Array(this.#packets * blocks * 16);
    }
    this.#roc = roc;
    this.#sequence = sequence;
    this.#cipher.make(this.#bytes, this.#ssrc, roc, sequence, this.#packets, this.#blocks);
  }
}

function xor(data: Uint8Array, start: number, end: number, stream: Uint8Array, from: number): void {
  let at = from;
  for (let i = start; i < end; i++) data[i] = (data[i] as number) ^ (stream[at++] as number);
}

function xor32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (bytes[at] as number) ^ (value >>> 24);
  bytes[at + 1] = (bytes[at + 1] as number) ^ (value >>> 16);
  bytes[at + 2] = (bytes[at + 2] as number) ^ (value >>> 8);
  bytes[at + 3] = (bytes[at + 3] as number) ^ value;
}
