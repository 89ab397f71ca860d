import { GatewayError } from '../../shared/error.ts';
import { type AudioDecoder, MAX_PACKET_SAMPLES } from './codec.ts';
import { MAX_PACKET_BYTES, type OpusBinding } from './opus-binding.ts';
import { BoundOpusDecoder } from './opus-decoder.ts';
import { BoundOpusEncoder } from './opus-encoder.ts';
import type { OpusEncoder, OpusEncoderOptions, OpusLibrary } from './opus-library.ts';

/** By its soname, so that a development package is not needed: Debian's libopus0, Alpine's opus. */
const LIBRARY = 'libopus.so.0';
const NO_DATA = 0n;

type Koffi = typeof import('koffi');
type Encode = (state: bigint, pcm: bigint, samples: number, out: bigint, maxBytes: number) => number;
type Decode = (
  state: bigint,
  data: bigint,
  bytes: number,
  pcm: bigint,
  samples: number,
  fec: number,
) => number;

/**
 * The system's libopus by FFI. States and the two buffers are memory outside of V8's heap, which never moves; their
 * addresses are BigInts made once, so that a call allocates nothing (0.1 us a call; copying a frame costs less).
 */
export class SystemOpus implements OpusLibrary, OpusBinding<bigint> {
  readonly name: string;
  readonly kind = 'system';
  readonly pcm: Int16Array;
  readonly packet: Uint8Array;
  open = 0;
  failures = 0;
  readonly encoderBytes: number;
  readonly decoderBytes: number;
  readonly #koffi: Koffi;
  readonly #pcmAt: bigint;
  readonly #packetAt: bigint;
  readonly #sizes = new Map<bigint, number>();
  readonly #initEncoder: (state: bigint, rate: number, channels: number, application: number) => number;
  readonly #setEncoder: (state: bigint, request: number, type: string, value: number) => number;
  readonly #encode: Encode;
  readonly #initDecoder: (state: bigint, rate: number, channels: number) => number;
  readonly #decode: Decode;
  #stateBytes = 0;

  /** Throws what the loader says when there is no such library, or it lacks a function. */
  constructor(koffi: Koffi) {
    const library = koffi.load(LIBRARY);
    const version = library.func('const char *opus_get_version_string(void)') as () => string;
    const sizeOf = (name: string): number => (library.func(`int ${name}(int)`) as (n: number) => number)(1);
    this.#koffi = koffi;
    this.name = `${version()} (system, ${LIBRARY})`;
    this.encoderBytes = sizeOf('opus_encoder_get_size');
    this.decoderBytes = sizeOf('opus_decoder_get_size');
    // Addresses as integers: a pointer type would look at what it is given with every call.
    this.#initEncoder = library.func('int opus_encoder_init(uint64_t, int32_t, int, int)');
    this.#setEncoder = library.func('int opus_encoder_ctl(uint64_t, int, ...)');
    this.#encode = library.func('int32_t opus_encode(uint64_t, uint64_t, int, uint64_t, int32_t)');
    this.#initDecoder = library.func('int opus_decoder_init(uint64_t, int32_t, int)');
    this.#decode = library.func('int opus_decode(uint64_t, uint64_t, int32_t, uint64_t, int, int)');
    this.#pcmAt = this.#allocate(MAX_PACKET_SAMPLES * 2);
    this.#packetAt = this.#allocate(MAX_PACKET_BYTES);
    this.pcm = new Int16Array(koffi.view(this.#pcmAt, MAX_PACKET_SAMPLES * 2));
    this.packet = new Uint8Array(koffi.view(this.#packetAt, MAX_PACKET_BYTES));
  }

  /** Rejects when there is no libopus on this system, or no FFI for it. */
  static async load(): Promise<SystemOpus> {
    if (process.platform !== 'linux') throw new Error('only Linux has been tried');
    return new SystemOpus(await import('koffi'));
  }

  get memoryBytes(): number {
    return this.#stateBytes;
  }

  encoder(options: OpusEncoderOptions): OpusEncoder {
    return new BoundOpusEncoder(this, options);
  }

  decoder(sampleRate: number): AudioDecoder {
    return new BoundOpusDecoder(this, sampleRate);
  }

  takeEncoder(): bigint {
    return this.#take(this.encoderBytes);
  }

  takeDecoder(): bigint {
    return this.#take(this.decoderBytes);
  }

  release(state: bigint): void {
    this.#stateBytes -= this.#sizes.get(state) ?? 0;
    this.#sizes.delete(state);
    this.#koffi.free(state);
    this.open -= 1;
  }

  initEncoder(state: bigint, sampleRate: number, application: number): number {
    return this.#initEncoder(state, sampleRate, 1, application);
  }

  setEncoder(state: bigint, request: number, value: number): number {
    return this.#setEncoder(state, request, 'int', value);
  }

  encode(state: bigint, samples: number, maxBytes: number): number {
    return this.#encode(state, this.#pcmAt, samples, this.#packetAt, maxBytes);
  }

  initDecoder(state: bigint, sampleRate: number): number {
    return this.#initDecoder(state, sampleRate, 1);
  }

  decode(state: bigint, bytes: number, samples: number, fec: 0 | 1): number {
    return this.#decode(state, bytes === 0 ? NO_DATA : this.#packetAt, bytes, this.#pcmAt, samples, fec);
  }

  failed(): void {
    this.failures += 1;
  }

  #take(bytes: number): bigint {
    const state = this.#allocate(bytes);
    this.#sizes.set(state, bytes);
    this.open += 1;
    return state;
  }

  #allocate(bytes: number): bigint {
    const pointer = this.#koffi.alloc('uint8_t', bytes) as bigint | null;
    if (!pointer) throw new GatewayError('MEDIA_OPUS', 'No memory is left for another Opus codec.');
    this.#stateBytes += bytes;
    return this.#koffi.address(pointer);
  }
}
