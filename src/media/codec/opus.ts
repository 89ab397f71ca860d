import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GatewayError } from '../../shared/error.ts';
import { type AudioDecoder, type AudioEncoder, MAX_PACKET_SAMPLES } from './codec.ts';
import { opusHasFec } from './opus-packet.ts';

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
}

/** One libopus for all calls of a thread. */
export interface OpusLibrary {
  /** For the log: which build runs. */
  readonly name: string;
  /** Throws MEDIA_OPUS when libopus does not take the rate or no memory is left. */
  encoder(options: OpusEncoderOptions): AudioEncoder;
  /**
   * @param sampleRate Hz of the PCM wanted; libopus resamples, and mixes stereo down.
   * Throws MEDIA_OPUS as `encoder` does.
   */
  decoder(sampleRate: number): AudioDecoder;
  /** Encoders and decoders that are open. */
  readonly open: number;
  /** Bytes of the library's linear memory. It grows when many codecs are open at once, and never shrinks. */
  readonly memoryBytes: number;
}

/** The compiler's library without the DOM does not know it. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: object } }>;
};

interface OpusExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(state: number, rate: number, channels: number, application: number): number;
  opus_encode(state: number, pcm: number, samples: number, out: number, maxBytes: number): number;
  opus_encoder_ctl_set(state: number, request: number, value: number): number;
  opus_decoder_get_size(channels: number): number;
  opus_decoder_init(state: number, rate: number, channels: number): number;
  opus_decode(state: number, data: number, bytes: number, pcm: number, samples: number, fec: number): number;
}

const APPLICATION_VOIP = 2_048;
const SET_BITRATE = 4_002;
const SET_MAX_BANDWIDTH = 4_004;
const SET_VBR = 4_006;
const SET_COMPLEXITY = 4_010;
const SET_INBAND_FEC = 4_012;
const SET_PACKET_LOSS_PERC = 4_014;
const SET_DTX = 4_016;
const SET_SIGNAL = 4_024;
const SIGNAL_VOICE = 3_001;

/** A packet that libopus may be given or may make (RFC 6716 section 3.2: 1275 bytes a frame). */
const MAX_PACKET_BYTES = 4_000;

/**
 * libopus as the WebAssembly of `@evan/opus`, instantiated directly: its own classes copy twice and can neither
 * conceal nor read FEC. All states live in the one linear memory; the two scratch areas are shared, because a
 * thread does one thing at a time. Rejects with MEDIA_OPUS.
 */
export async function createOpusLibrary(): Promise<OpusLibrary> {
  try {
    const file = createRequire(import.meta.url).resolve('@evan/opus/wasm/simd.wasm');
    let library: WasmOpus | undefined;
    const nothing = (): number => 0;
    const { instance } = await WebAssembly.instantiate(readFileSync(file), {
      wasi_snapshot_preview1: { fd_seek: nothing, fd_write: nothing, fd_close: nothing, proc_exit: nothing },
      env: { emscripten_notify_memory_growth: () => library?.refresh() },
    });
    library = new WasmOpus(instance.exports as unknown as OpusExports);
    return library;
  } catch (error) {
    throw new GatewayError(
      'MEDIA_OPUS',
      `The Opus library did not load: ${String(error)}`,
      {},
      { cause: error },
    );
  }
}

class WasmOpus implements OpusLibrary {
  readonly name = 'libopus 1.3 (WebAssembly, @evan/opus)';
  readonly wasm: OpusExports;
  readonly packetAt: number;
  readonly pcmAt: number;
  packet: Uint8Array = new Uint8Array();
  pcm: Int16Array = new Int16Array();
  open = 0;

  constructor(wasm: OpusExports) {
    this.wasm = wasm;
    wasm._initialize();
    this.packetAt = wasm.malloc(MAX_PACKET_BYTES);
    this.pcmAt = wasm.malloc(MAX_PACKET_SAMPLES * 2);
    if (this.packetAt === 0 || this.pcmAt === 0) throw new Error('no memory for its buffers');
    this.refresh();
  }

  /** Growing memory detaches every view of it. */
  refresh(): void {
    const { buffer } = this.wasm.memory;
    this.packet = new Uint8Array(buffer, this.packetAt, MAX_PACKET_BYTES);
    this.pcm = new Int16Array(buffer, this.pcmAt, MAX_PACKET_SAMPLES);
  }

  get memoryBytes(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  encoder(options: OpusEncoderOptions): AudioEncoder {
    return new WasmEncoder(this, options);
  }

  decoder(sampleRate: number): AudioDecoder {
    return new WasmDecoder(this, sampleRate);
  }

  state(bytes: number): number {
    const pointer = this.wasm.malloc(bytes);
    if (pointer === 0) throw new GatewayError('MEDIA_OPUS', 'No memory is left for another Opus codec.');
    // The growth callback does not run when malloc grows within the call on every build: look for ourselves.
    if (this.packet.buffer !== this.wasm.memory.buffer) this.refresh();
    this.open += 1;
    return pointer;
  }

  release(pointer: number): void {
    this.wasm.free(pointer);
    this.open -= 1;
  }
}

class WasmEncoder implements AudioEncoder {
  readonly sampleRate: number;
  readonly #library: WasmOpus;
  #state: number;

  constructor(library: WasmOpus, options: OpusEncoderOptions) {
    const { wasm } = library;
    this.#library = library;
    this.sampleRate = options.sampleRate;
    this.#state = library.state(wasm.opus_encoder_get_size(1));
    const result = wasm.opus_encoder_init(this.#state, options.sampleRate, 1, APPLICATION_VOIP);
    if (result !== 0) {
      this.close();
      throw new GatewayError('MEDIA_OPUS', `libopus takes no ${options.sampleRate} Hz (error ${result}).`);
    }
    this.#set(SET_BITRATE, options.bitrate);
    this.#set(SET_MAX_BANDWIDTH, bandwidthOf(options.maxPlaybackRate));
    this.#set(SET_VBR, 1);
    this.#set(SET_COMPLEXITY, options.complexity);
    this.#set(SET_INBAND_FEC, options.inbandFec ? 1 : 0);
    this.#set(SET_PACKET_LOSS_PERC, options.expectedLossPercent);
    this.#set(SET_DTX, options.dtx ? 1 : 0);
    this.#set(SET_SIGNAL, SIGNAL_VOICE);
  }

  encode(pcm: Int16Array, samples: number, out: Uint8Array): number {
    if (this.#state === 0) return 0;
    const library = this.#library;
    const view = library.pcm;
    for (let i = 0; i < samples; i++) view[i] = pcm[i] as number;
    const max = Math.min(out.length, MAX_PACKET_BYTES);
    const bytes = library.wasm.opus_encode(this.#state, library.pcmAt, samples, library.packetAt, max);
    if (bytes <= 0) return 0;
    const packet = library.packet;
    for (let i = 0; i < bytes; i++) out[i] = packet[i] as number;
    return bytes;
  }

  close(): void {
    if (this.#state === 0) return;
    this.#library.release(this.#state);
    this.#state = 0;
  }

  /** Values come from a negotiated description: libopus refusing one leaves its default, which is always safe. */
  #set(request: number, value: number): void {
    this.#library.wasm.opus_encoder_ctl_set(this.#state, request, value);
  }
}

class WasmDecoder implements AudioDecoder {
  readonly sampleRate: number;
  readonly #library: WasmOpus;
  #state: number;

  constructor(library: WasmOpus, sampleRate: number) {
    this.#library = library;
    this.sampleRate = sampleRate;
    this.#state = library.state(library.wasm.opus_decoder_get_size(1));
    const result = library.wasm.opus_decoder_init(this.#state, sampleRate, 1);
    if (result !== 0) {
      this.close();
      throw new GatewayError('MEDIA_OPUS', `libopus gives no ${sampleRate} Hz (error ${result}).`);
    }
  }

  decode(payload: Uint8Array, pcm: Int16Array): number {
    if (payload.length === 0) return 0;
    const made = this.#run(payload, Math.min(pcm.length, MAX_PACKET_SAMPLES), 0);
    return this.#copy(pcm, 0, made);
  }

  decodeFec(payload: Uint8Array, pcm: Int16Array, samples: number): number {
    // Without LBRR libopus would conceal, and its caller would count a recovery that was none.
    if (!opusHasFec(payload)) return 0;
    const made = this.#run(payload, this.#whole(samples), 1);
    // The end of what was made borders on `payload`.
    const wanted = Math.min(samples, made, pcm.length);
    return this.#copy(pcm, made - wanted, wanted);
  }

  conceal(pcm: Int16Array, samples: number): number {
    if (samples <= 0) return 0;
    const made = this.#run(NO_PACKET, this.#whole(samples), 0);
    return this.#copy(pcm, 0, Math.min(samples, made, pcm.length));
  }

  close(): void {
    if (this.#state === 0) return;
    this.#library.release(this.#state);
    this.#state = 0;
  }

  /** libopus conceals in steps of 2.5 ms only (opus_decode): the next whole number of them. */
  #whole(samples: number): number {
    const step = this.sampleRate / 400;
    return Math.min(Math.ceil(samples / step) * step, (MAX_PACKET_SAMPLES * this.sampleRate) / 48_000);
  }

  /** No data conceals (`opus_decode` with a null pointer); `fec` reads the frame before. Returns samples made. */
  #run(payload: Uint8Array, samples: number, fec: 0 | 1): number {
    if (this.#state === 0 || payload.length > MAX_PACKET_BYTES) return 0;
    const library = this.#library;
    const packet = library.packet;
    for (let i = 0; i < payload.length; i++) packet[i] = payload[i] as number;
    const at = payload.length === 0 ? 0 : library.packetAt;
    const made = library.wasm.opus_decode(this.#state, at, payload.length, library.pcmAt, samples, fec);
    return Math.max(made, 0);
  }

  #copy(pcm: Int16Array, from: number, samples: number): number {
    const view = this.#library.pcm;
    for (let i = 0; i < samples; i++) pcm[i] = view[from + i] as number;
    return samples;
  }
}

const NO_PACKET = new Uint8Array(0);

/** OPUS_BANDWIDTH_* for a sampling rate. */
function bandwidthOf(rate: number): number {
  if (rate <= 8_000) return 1_101;
  if (rate <= 12_000) return 1_102;
  if (rate <= 16_000) return 1_103;
  return rate <= 24_000 ? 1_104 : 1_105;
}
