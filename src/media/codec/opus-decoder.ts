import { GatewayError } from '../../shared/error.ts';
import { type AudioDecoder, MAX_PACKET_SAMPLES } from './codec.ts';
import { INTERNAL_ERROR, MAX_PACKET_BYTES, type OpusBinding } from './opus-binding.ts';
import { frameSamples48k, opusHasFec } from './opus-packet.ts';

/** Mono; libopus mixes stereo down. */
export class BoundOpusDecoder<State> implements AudioDecoder {
  readonly sampleRate: number;
  readonly #binding: OpusBinding<State>;
  #state: State | undefined;

  /** Throws MEDIA_OPUS. */
  constructor(binding: OpusBinding<State>, sampleRate: number) {
    this.#binding = binding;
    this.sampleRate = sampleRate;
    this.#state = binding.takeDecoder();
    const result = binding.initDecoder(this.#state, sampleRate);
    if (result !== 0) {
      this.close();
      throw new GatewayError('MEDIA_OPUS', `libopus gives no ${sampleRate} Hz (error ${result}).`);
    }
  }

  decode(payload: Uint8Array, pcm: Int16Array, from = 0, to = payload.length): number {
    if (to <= from) return 0;
    const made = this.#run(payload, from, to, Math.min(pcm.length, MAX_PACKET_SAMPLES), 0);
    return this.#copy(pcm, 0, made);
  }

  decodeFec(payload: Uint8Array, pcm: Int16Array, samples: number, from = 0, to = payload.length): number {
    // Without LBRR libopus would conceal, and its caller would count a recovery that was none.
    if (!opusHasFec(payload, from, to)) return 0;
    // So it would where less than a frame is wanted.
    if (samples * 48_000 < frameSamples48k(payload[from] as number) * this.sampleRate) return 0;
    const made = this.#run(payload, from, to, this.#whole(samples), 1);
    // The end of what was made borders on `payload`.
    const wanted = Math.min(samples, made, pcm.length);
    return this.#copy(pcm, made - wanted, wanted);
  }

  conceal(pcm: Int16Array, samples: number): number {
    if (samples <= 0) return 0;
    const made = this.#run(NO_PACKET, 0, 0, this.#whole(samples), 0);
    return this.#copy(pcm, 0, Math.min(samples, made, pcm.length));
  }

  close(): void {
    const state = this.#state;
    this.#state = undefined;
    if (state !== undefined) this.#binding.release(state);
  }

  /** libopus conceals in steps of 2.5 ms only (opus_decode): the next whole number of them. */
  #whole(samples: number): number {
    const step = this.sampleRate / 400;
    return Math.min(Math.ceil(samples / step) * step, (MAX_PACKET_SAMPLES * this.sampleRate) / 48_000);
  }

  /** No data conceals (`opus_decode` with a null pointer); `fec` reads the frame before. Returns samples made. */
  #run(payload: Uint8Array, from: number, to: number, samples: number, fec: 0 | 1): number {
    const state = this.#state;
    const bytes = to - from;
    if (state === undefined || bytes > MAX_PACKET_BYTES) return 0;
    const binding = this.#binding;
    const packet = binding.packet;
    for (let i = 0; i < bytes; i++) packet[i] = payload[from + i] as number;
    const made = binding.decode(state, bytes, samples, fec);
    if (made === INTERNAL_ERROR) {
      binding.failed();
      if (binding.initDecoder(state, this.sampleRate) !== 0) this.close();
    }
    return Math.max(made, 0);
  }

  #copy(pcm: Int16Array, from: number, samples: number): number {
    const view = this.#binding.pcm;
    for (let i = 0; i < samples; i++) pcm[i] = view[from + i] as number;
    return samples;
  }
}

const NO_PACKET = new Uint8Array(0);
