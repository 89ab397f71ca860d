/**
 * Turns RTP payloads into PCM: signed 16-bit mono at `sampleRate`. Buffers belong to the caller; nothing is allocated
 * a frame, and a payload within a packet is told by its bounds (bytes `from` to `to`, default all) in place of a view.
 */
export interface AudioDecoder {
  /** Hz */
  readonly sampleRate: number;
  /** Decodes one payload; returns samples written, 0 when the payload is unusable. */
  decode(payload: Uint8Array, pcm: Int16Array, from?: number, to?: number): number;
  /** Fills `samples` samples in place of a lost packet, at most 120 ms a call; returns samples written. */
  conceal(pcm: Int16Array, samples: number): number;
  /** Reads the frame *before* `payload` from its in-band FEC; 0 when there is none. Codecs without FEC leave it out. */
  decodeFec?(payload: Uint8Array, pcm: Int16Array, samples: number, from?: number, to?: number): number;
  /** Idempotent. */
  close(): void;
}

/** Turns PCM into RTP payloads. */
export interface AudioEncoder {
  /** Hz */
  readonly sampleRate: number;
  /** Encodes `samples` samples as one payload; returns bytes written to `out`, from `at` (default 0) on. */
  encode(pcm: Int16Array, samples: number, out: Uint8Array, at?: number): number;
  /** Idempotent. */
  close(): void;
}

/** The longest packet of any codec here: 120 ms at 48 kHz (RFC 6716 section 3.2.5). */
export const MAX_PACKET_SAMPLES = 5_760;
