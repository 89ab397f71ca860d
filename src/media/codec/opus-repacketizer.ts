import { MAX_OPUS_FRAMES, OpusFrames } from './opus-packet.ts';

/** RFC 6716 section 3.4, R5: ticks of 48 kHz. */
const MAX_SAMPLES_48K = 5_760;
const ROOM = 8_192;

/**
 * Cuts packets into their frames and makes packets of another length from them, without decoding (RFC 6716 section
 * 3.2: all frames of a packet share its configuration). A frame is never cut: one of 60 ms stays 60 ms.
 * Owns all its memory.
 */
export class OpusRepacketizer {
  readonly #parsed = new OpusFrames();
  readonly #bytes = new Uint8Array(ROOM);
  /** Frames held, oldest first, from `#first` to `#last`. */
  readonly #starts = new Int32Array(MAX_OPUS_FRAMES * 2);
  readonly #lengths = new Int32Array(MAX_OPUS_FRAMES * 2);
  #first = 0;
  #last = 0;
  #filled = 0;
  #toc = 0;
  #frameSamples = 0;
  /** Ticks of 48 kHz in the packet that `shift` made last. */
  shifted = 0;

  /** Ticks of 48 kHz held. */
  get samples(): number {
    return (this.#last - this.#first) * this.#frameSamples;
  }

  /**
   * Takes the frames of bytes `from` to `to` of `packet`. False: it is malformed, or has another configuration than
   * what is held, or there is no room; after `shift` until nothing is held only a malformed one is refused.
   */
  push(packet: Uint8Array, from = 0, to = packet.length): boolean {
    const parsed = this.#parsed;
    if (!parsed.parse(packet, from, to)) return false;
    const held = this.#last - this.#first;
    if (held === 0) this.clear();
    else if ((parsed.toc & 0xfc) !== this.#toc) return false;
    if ((held + parsed.count) * parsed.frameSamples > MAX_SAMPLES_48K) return false;
    if (this.#filled + (to - from) > ROOM || this.#last + parsed.count > this.#starts.length) this.#compact();
    if (this.#filled + (to - from) > ROOM) return false;
    this.#toc = parsed.toc & 0xfc;
    this.#frameSamples = parsed.frameSamples;
    for (let i = 0; i < parsed.count; i++)
      this.#keep(packet, parsed.starts[i] as number, parsed.lengths[i] as number);
    return true;
  }

  /**
   * Writes the oldest frames as one packet to `out` at `at`: as many as fit into `samples` ticks of 48 kHz and
   * `maxBytes`, at least one. Returns its bytes, 0 when nothing is held or the first frame does not fit.
   */
  shift(out: Uint8Array, at: number, samples: number, maxBytes: number): number {
    const wanted = Math.max(1, Math.min(Math.floor(samples / this.#frameSamples), this.#last - this.#first));
    if (this.#first === this.#last) return 0;
    let count = 0;
    let bytes = 0;
    let equal = true;
    while (count < wanted) {
      const length = this.#lengths[this.#first + count] as number;
      // At most two bytes of length a frame, and two of header.
      if (bytes + length + 2 * (count + 1) + 2 > maxBytes) break;
      equal &&= length === (this.#lengths[this.#first] as number);
      bytes += length;
      count += 1;
    }
    this.shifted = count * this.#frameSamples;
    return count === 0 ? 0 : this.#write(out, at, count, equal) - at;
  }

  /** Forgets what is held. */
  clear(): void {
    this.#first = 0;
    this.#last = 0;
    this.#filled = 0;
  }

  #keep(packet: Uint8Array, start: number, length: number): void {
    this.#starts[this.#last] = this.#filled;
    this.#lengths[this.#last] = length;
    this.#last += 1;
    for (let i = 0; i < length; i++) this.#bytes[this.#filled + i] = packet[start + i] as number;
    this.#filled += length;
  }

  /** Codes 0 to 2 for one and two frames, else 3 (section 3.2.2 to 3.2.5). */
  #write(out: Uint8Array, from: number, count: number, equal: boolean): number {
    let at = from;
    if (count === 1) out[at++] = this.#toc;
    else if (count === 2) out[at++] = this.#toc | (equal ? 1 : 2);
    else {
      out[at++] = this.#toc | 3;
      out[at++] = equal ? count : count | 0x80;
    }
    if (!equal) {
      for (let i = 0; i < count - 1; i++) at = writeLength(out, at, this.#lengths[this.#first + i] as number);
    }
    for (let i = 0; i < count; i++, this.#first++) {
      const start = this.#starts[this.#first] as number;
      const length = this.#lengths[this.#first] as number;
      for (let k = 0; k < length; k++) out[at++] = this.#bytes[start + k] as number;
    }
    return at;
  }

  #compact(): void {
    const count = this.#last - this.#first;
    const offset = count === 0 ? this.#filled : (this.#starts[this.#first] as number);
    this.#bytes.copyWithin(0, offset, this.#filled);
    for (let i = 0; i < count; i++) {
      this.#starts[i] = (this.#starts[this.#first + i] as number) - offset;
      this.#lengths[i] = this.#lengths[this.#first + i] as number;
    }
    this.#filled -= offset;
    this.#first = 0;
    this.#last = count;
  }
}

function writeLength(out: Uint8Array, at: number, length: number): number {
  if (length < 252) {
    out[at] = length;
    return at + 1;
  }
  out[at] = 252 + (length & 3);
  out[at + 1] = (length - (252 + (length & 3))) >> 2;
  return at + 2;
}
