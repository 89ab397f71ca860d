import { wavBytes } from '../tone/wav.ts';
import type { Append, RecordingFormat } from './format.ts';

const HEADER_BYTES = 44;
/** A length that players take as "until the end": the writer may have died. */
const UNKNOWN = 0xffff_ffff;

/** 16-bit PCM, stereo. Its lengths are put right from time to time and at the end; beyond 4 GB they stay unknown. */
export class WavFormat implements RecordingFormat {
  readonly reserve: number;
  readonly #append: Append;
  readonly #header: Buffer;
  readonly #bytes: Buffer;
  readonly #silence: Buffer;

  /** @param rate Hz @param frame samples of one side */
  constructor(rate: number, frame: number, append: Append) {
    this.#append = append;
    this.#header = Buffer.from(wavBytes({ sampleRate: rate, channels: 2, pcm: new Int16Array(0) }));
    this.#bytes = Buffer.alloc(frame * 4);
    this.#silence = Buffer.alloc(frame * 4);
    this.reserve = Math.max(HEADER_BYTES, frame * 4);
  }

  begin(): void {
    this.#append(this.header(UNKNOWN), HEADER_BYTES);
  }

  frame(left: Int16Array, right: Int16Array): void {
    const bytes = this.#bytes;
    for (let i = 0, at = 0; at < bytes.length; i++, at += 4) {
      bytes.writeInt16LE(left[i] as number, at);
      bytes.writeInt16LE(right[i] as number, at + 2);
    }
    this.#append(bytes, bytes.length);
  }

  silence(): void {
    this.#append(this.#silence, this.#silence.length);
  }

  end(): void {}

  header(bytes: number): Uint8Array {
    const isKnown = bytes < UNKNOWN;
    this.#header.writeUInt32LE(isKnown ? bytes - 8 : UNKNOWN, 4);
    this.#header.writeUInt32LE(isKnown ? bytes - HEADER_BYTES : UNKNOWN, 40);
    return this.#header;
  }

  close(): void {}
}
