/**
 * The framing of the drachtio application protocol: decimal byte length, `#`, that many bytes; the bytes begin with
 * an id and `|`, then tokens, then for SIP frames CRLF and the message.
 */

export interface FrameLimits {
  /** Largest frame in bytes. */
  bytes: number;
}

const HASH = 0x23;

export function encodeFrame(tokens: string, message?: Buffer): Buffer {
  const head = Buffer.from(message ? `${tokens}\r\n` : tokens);
  const length = head.length + (message?.length ?? 0);
  const prefix = Buffer.from(`${length}#`);
  return message ? Buffer.concat([prefix, head, message]) : Buffer.concat([prefix, head]);
}

/** Puts frames together from a stream cut anywhere; a length that is no number or too large is a failure for good. */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes of the frame under way, once its length is known. */
  #wanted = -1;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** The frames completed by this chunk, or 'broken'. */
  push(chunk: Buffer): Buffer[] | 'broken' {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.#wanted < 0) {
        const joined = this.#join();
        const hash = joined.indexOf(HASH);
        const digits = joined.subarray(0, hash < 0 ? joined.length : hash).toString('latin1');
        if (digits.length > 7 || !/^\d*$/.test(digits) || hash === 0) return 'broken';
        if (hash < 0) return frames;
        const wanted = Number(digits);
        if (wanted === 0 || wanted > this.#limits.bytes) return 'broken';
        this.#wanted = wanted;
        this.#replace(joined.subarray(hash + 1));
      }
      if (this.#size < this.#wanted) return frames;
      const joined = this.#join();
      frames.push(joined.subarray(0, this.#wanted));
      this.#replace(joined.subarray(this.#wanted));
      this.#wanted = -1;
      if (this.#size === 0) return frames;
    }
  }

  #join(): Buffer {
    if (this.#chunks.length === 1) return this.#chunks[0]!;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #replace(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
  }
}
