import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GatewayError } from '../../shared/error.ts';
import { type AudioDecoder, MAX_PACKET_SAMPLES } from './codec.ts';
import { INTERNAL_ERROR, MAX_PACKET_BYTES, type OpusBinding } from './opus-binding.ts';
import { BoundOpusDecoder } from './opus-decoder.ts';
import { BoundOpusEncoder } from './opus-encoder.ts';
import type { OpusEncoder, OpusEncoderOptions, OpusLibrary } from './opus-library.ts';

/** The compiler's library without the DOM does not know it. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: object } }>;
};

/** What `simd.wasm` of `@evan/opus` exports. */
export interface OpusExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
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

/** Instantiates libopus; `grown` is told when its memory became another buffer. */
export async function loadOpusWasm(grown: () => void): Promise<OpusExports> {
  const file = createRequire(import.meta.url).resolve('@evan/opus/wasm/simd.wasm');
  const nothing = (): number => 0;
  const { instance } = await WebAssembly.instantiate(readFileSync(file), {
    wasi_snapshot_preview1: { fd_seek: nothing, fd_write: nothing, fd_close: nothing, proc_exit: nothing },
    env: { emscripten_notify_memory_growth: grown },
  });
  return instance.exports as unknown as OpusExports;
}

/**
 * libopus as the WebAssembly of `@evan/opus`, instantiated directly: its own classes copy twice and can neither
 * conceal nor read FEC. All states live in the one linear memory.
 */
export class WasmOpus implements OpusLibrary, OpusBinding<number> {
  readonly name = 'libopus 1.3 (WebAssembly, @evan/opus)';
  readonly kind = 'wasm';
  packet: Uint8Array = new Uint8Array();
  pcm: Int16Array = new Int16Array();
  open = 0;
  failures = 0;
  readonly #wasm: OpusExports;
  readonly #packetAt: number;
  readonly #pcmAt: number;
  readonly #stack: number;

  /** Throws when there is no memory for its buffers. */
  constructor(wasm: OpusExports) {
    this.#wasm = wasm;
    wasm._initialize();
    this.#stack = wasm.stackSave();
    this.#packetAt = wasm.malloc(MAX_PACKET_BYTES);
    this.#pcmAt = wasm.malloc(MAX_PACKET_SAMPLES * 2);
    if (this.#packetAt === 0 || this.#pcmAt === 0) throw new Error('no memory for its buffers');
    this.refresh();
  }

  static async load(): Promise<WasmOpus> {
    let library: WasmOpus | undefined;
    library = new WasmOpus(await loadOpusWasm(() => library?.refresh()));
    return library;
  }

  /** Growing memory detaches every view of it. */
  refresh(): void {
    const { buffer } = this.#wasm.memory;
    this.packet = new Uint8Array(buffer, this.#packetAt, MAX_PACKET_BYTES);
    this.pcm = new Int16Array(buffer, this.#pcmAt, MAX_PACKET_SAMPLES);
  }

  get memoryBytes(): number {
    return this.#wasm.memory.buffer.byteLength;
  }

  encoder(options: OpusEncoderOptions): OpusEncoder {
    return new BoundOpusEncoder(this, options);
  }

  decoder(sampleRate: number): AudioDecoder {
    return new BoundOpusDecoder(this, sampleRate);
  }

  takeEncoder(): number {
    return this.#take(this.#wasm.opus_encoder_get_size(1));
  }

  takeDecoder(): number {
    return this.#take(this.#wasm.opus_decoder_get_size(1));
  }

  release(state: number): void {
    this.#wasm.free(state);
    this.open -= 1;
  }

  initEncoder(state: number, sampleRate: number, application: number): number {
    return this.#wasm.opus_encoder_init(state, sampleRate, 1, application);
  }

  setEncoder(state: number, request: number, value: number): number {
    return this.#wasm.opus_encoder_ctl_set(state, request, value);
  }

  encode(state: number, samples: number, maxBytes: number): number {
    try {
      return this.#wasm.opus_encode(state, this.#pcmAt, samples, this.#packetAt, maxBytes);
    } catch {
      return this.#trapped();
    }
  }

  initDecoder(state: number, sampleRate: number): number {
    return this.#wasm.opus_decoder_init(state, sampleRate, 1);
  }

  decode(state: number, bytes: number, samples: number, fec: 0 | 1): number {
    const data = bytes === 0 ? 0 : this.#packetAt;
    try {
      return this.#wasm.opus_decode(state, data, bytes, this.#pcmAt, samples, fec);
    } catch {
      return this.#trapped();
    }
  }

  failed(): void {
    this.failures += 1;
  }

  /** A trap leaves the stack where it was: without this a few would use it up for every codec. */
  #trapped(): number {
    this.#wasm.stackRestore(this.#stack);
    return INTERNAL_ERROR;
  }

  #take(bytes: number): number {
    const pointer = this.#wasm.malloc(bytes);
    if (pointer === 0) throw new GatewayError('MEDIA_OPUS', 'No memory is left for another Opus codec.');
    // The growth callback does not run when malloc grows within the call on every build: look for ourselves.
    if (this.packet.buffer !== this.#wasm.memory.buffer) this.refresh();
    this.open += 1;
    return pointer;
  }
}
