import type { AudioDecoder, AudioEncoder } from './codec.ts';

/** What libopus is asked for; see `opus_encoder_ctl`. */
export interface OpusEncoderOptions {
  /** Hz of the PCM: 8000, 12000, 16000, 24000 or 48000. */
  readonly sampleRate: number;
  /** bit/s */
  readonly bitrate: number;
  /** 0 to 10 */
  readonly complexity: number;
  readonly inbandFec: boolean;
  /** Percent of loss that the FEC is made for. */
  readonly expectedLossPercent: number;
  readonly dtx: boolean;
  /** Hz of the highest useful sampling rate: what the receiver's maxplaybackrate says (RFC 7587 section 6.1). */
  readonly maxPlaybackRate: number;
  /** Every packet of one size (RFC 7587 section 6.1, cbr=1). Default false. */
  readonly cbr?: boolean;
}

/** An encoder whose settings follow the call; a new one counts from the next frame. */
export interface OpusEncoder extends AudioEncoder {
  /** @param complexity 0 to 10 */
  setComplexity(complexity: number): void;
  /** @param percent loss that the FEC is made for, 0 to 100 */
  setExpectedLoss(percent: number): void;
}

/** One libopus for all calls of a thread. */
export interface OpusLibrary {
  /** For the log: which build runs. */
  readonly name: string;
  readonly kind: 'wasm' | 'system';
  /** Throws MEDIA_OPUS when libopus does not take the rate or no memory is left. */
  encoder(options: OpusEncoderOptions): OpusEncoder;
  /**
   * @param sampleRate Hz of the PCM wanted; libopus resamples, and mixes stereo down.
   * Throws MEDIA_OPUS as `encoder` does.
   */
  decoder(sampleRate: number): AudioDecoder;
  /** Encoders and decoders that are open. */
  readonly open: number;
  /** Bytes of memory taken for states and buffers. The linear memory of WebAssembly never shrinks. */
  readonly memoryBytes: number;
  /** How often libopus failed within itself (a trap of WebAssembly); each time one codec began anew. */
  readonly failures: number;
}
