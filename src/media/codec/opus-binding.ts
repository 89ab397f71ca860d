/** A packet that libopus may be given or may make (RFC 6716 section 3.2: 1275 bytes a frame). */
export const MAX_PACKET_BYTES = 4_000;

/** OPUS_INTERNAL_ERROR; also what a trap is told as. */
export const INTERNAL_ERROR = -3;

/**
 * The functions of libopus over one way to call them. PCM and packets go through two buffers of the library's
 * memory that all codecs of a thread share, because a thread does one thing at a time. Sizes are samples and bytes;
 * results below 0 are libopus's errors.
 *
 * @typeParam State the address of an encoder's or decoder's memory
 */
export interface OpusBinding<State> {
  /** What is encoded, and what was decoded. May become another array when states are taken. */
  readonly pcm: Int16Array;
  /** What is decoded, and what was encoded. As `pcm`. */
  readonly packet: Uint8Array;
  /** Memory for a state of one channel; throws MEDIA_OPUS when there is none. */
  takeEncoder(): State;
  takeDecoder(): State;
  /** Not twice. */
  release(state: State): void;
  initEncoder(state: State, sampleRate: number, application: number): number;
  setEncoder(state: State, request: number, value: number): number;
  encode(state: State, samples: number, maxBytes: number): number;
  initDecoder(state: State, sampleRate: number): number;
  /** `bytes` 0 conceals; `fec` reads the frame before. */
  decode(state: State, bytes: number, samples: number, fec: 0 | 1): number;
  /** A codec failed within itself and begins anew. */
  failed(): void;
}
