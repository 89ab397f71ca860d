import { GatewayError } from '../../shared/error.ts';
import { INTERNAL_ERROR, MAX_PACKET_BYTES, type OpusBinding } from './opus-binding.ts';
import type { OpusEncoder, OpusEncoderOptions } from './opus-library.ts';

/** OPUS_APPLICATION_VOIP: speech, and what the other applications leave out: the high-pass filter against hum. */
const APPLICATION_VOIP = 2_048;
const SET_BITRATE = 4_002;
const SET_MAX_BANDWIDTH = 4_004;
const SET_VBR = 4_006;
const SET_COMPLEXITY = 4_010;
const SET_INBAND_FEC = 4_012;
const SET_PACKET_LOSS_PERC = 4_014;
const SET_DTX = 4_016;
const SET_SIGNAL = 4_024;
/**
 * Left to itself libopus may take a tone or music for CELT's, which has no FEC. At a phone's rates SILK carries both
 * well enough, and a lost packet of a call is always worth more than its timbre.
 */
const SIGNAL_VOICE = 3_001;

/** Mono. */
export class BoundOpusEncoder<State> implements OpusEncoder {
  readonly sampleRate: number;
  readonly #binding: OpusBinding<State>;
  readonly #options: OpusEncoderOptions;
  #state: State | undefined;
  #complexity: number;
  #expectedLoss: number;

  /** Throws MEDIA_OPUS. */
  constructor(binding: OpusBinding<State>, options: OpusEncoderOptions) {
    this.#binding = binding;
    this.#options = options;
    this.sampleRate = options.sampleRate;
    this.#complexity = options.complexity;
    this.#expectedLoss = options.expectedLossPercent;
    this.#state = binding.takeEncoder();
    const result = this.#begin(this.#state);
    if (result !== 0) {
      this.close();
      throw new GatewayError('MEDIA_OPUS', `libopus takes no ${options.sampleRate} Hz (error ${result}).`);
    }
  }

  encode(pcm: Int16Array, samples: number, out: Uint8Array, at = 0): number {
    const state = this.#state;
    const binding = this.#binding;
    const view = binding.pcm;
    if (state === undefined || samples > view.length) return 0;
    if (samples === pcm.length) view.set(pcm);
    else for (let i = 0; i < samples; i++) view[i] = pcm[i] as number;
    const bytes = binding.encode(state, samples, Math.min(out.length - at, MAX_PACKET_BYTES));
    if (bytes <= 0) {
      if (bytes === INTERNAL_ERROR) this.#restart(state);
      return 0;
    }
    const packet = binding.packet;
    for (let i = 0; i < bytes; i++) out[at + i] = packet[i] as number;
    return bytes;
  }

  setComplexity(complexity: number): void {
    if (complexity === this.#complexity) return;
    this.#complexity = complexity;
    this.#set(SET_COMPLEXITY, complexity);
  }

  setExpectedLoss(percent: number): void {
    if (percent === this.#expectedLoss) return;
    this.#expectedLoss = percent;
    this.#set(SET_PACKET_LOSS_PERC, percent);
  }

  close(): void {
    const state = this.#state;
    this.#state = undefined;
    if (state !== undefined) this.#binding.release(state);
  }

  #begin(state: State): number {
    const options = this.#options;
    const result = this.#binding.initEncoder(state, options.sampleRate, APPLICATION_VOIP);
    if (result !== 0) return result;
    this.#set(SET_BITRATE, options.bitrate);
    this.#set(SET_MAX_BANDWIDTH, bandwidthOf(options.maxPlaybackRate));
    this.#set(SET_VBR, options.cbr ? 0 : 1);
    this.#set(SET_COMPLEXITY, this.#complexity);
    this.#set(SET_INBAND_FEC, options.inbandFec ? 1 : 0);
    this.#set(SET_PACKET_LOSS_PERC, this.#expectedLoss);
    this.#set(SET_DTX, options.dtx ? 1 : 0);
    this.#set(SET_SIGNAL, SIGNAL_VOICE);
    return 0;
  }

  #restart(state: State): void {
    this.#binding.failed();
    if (this.#begin(state) !== 0) this.close();
  }

  /** Values come from a negotiated description: libopus refusing one leaves its default, which is always safe. */
  #set(request: number, value: number): void {
    if (this.#state !== undefined) this.#binding.setEncoder(this.#state, request, value);
  }
}

/** OPUS_BANDWIDTH_* for a sampling rate. */
function bandwidthOf(rate: number): number {
  if (rate <= 8_000) return 1_101;
  if (rate <= 12_000) return 1_102;
  if (rate <= 16_000) return 1_103;
  return rate <= 24_000 ? 1_104 : 1_105;
}
