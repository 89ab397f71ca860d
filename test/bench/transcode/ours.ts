import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AudioDecoder, AudioEncoder } from '../../../src/media/index.ts';

/** CPU microseconds of a 20 ms frame. */
export interface Cost {
  readonly encode: number;
  readonly decode: number;
}

/** Decoder of what comes, encoder of what goes, as a call has them. */
export interface Way {
  readonly decoder: AudioDecoder;
  readonly encoder: AudioEncoder;
}

const MAX_BYTES = 1_275;
const WARM_ROUNDS = 8;

/** One leg's payloads of 20 ms frames, each with its length, in memory taken once. */
export class Payloads {
  readonly frames: readonly Uint8Array[];
  readonly #rooms: Uint8Array[];

  constructor(count: number) {
    this.#rooms = Array.from({ length: count }, () => new Uint8Array(MAX_BYTES));
    this.frames = this.#rooms;
  }

  /** Encodes `pcm` whole with a fresh encoder. */
  static of(encoder: AudioEncoder, pcm: Int16Array): Payloads {
    const frame = encoder.sampleRate / 50;
    const made = new Payloads(Math.floor(pcm.length / frame));
    made.cut((i, room) => encoder.encode(pcm.slice(i * frame, (i + 1) * frame), frame, room));
    encoder.close();
    return made;
  }

  cut(encode: (i: number, room: Uint8Array) => number): void {
    this.#rooms.forEach((room, i) => {
      this.#rooms[i] = room.slice(0, encode(i, room));
    });
  }
}

/** Transcodes all payloads once; CPU microseconds a frame. */
export function transcode({ decoder, encoder }: Way, payloads: Payloads, room: Transcoder): number {
  const before = process.cpuUsage();
  room.run(decoder, encoder, payloads.frames);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / payloads.frames.length;
}

/** The buffers that a call owns. */
export class Transcoder {
  readonly #pcm = new Int16Array(5_760);
  readonly #out = new Uint8Array(MAX_BYTES);
  #sink = 0;

  run(decoder: AudioDecoder, encoder: AudioEncoder, payloads: readonly Uint8Array[]): void {
    for (const payload of payloads) {
      const samples = decoder.decode(payload, this.#pcm);
      this.#sink += encoder.encode(this.#pcm, samples, this.#out);
    }
    if (this.#sink === 0) throw new Error('nothing was transcoded');
  }
}

let collect: (() => void) | undefined;

/** Bytes of V8's heap that one frame leaves behind. */
export function garbage(way: Way, payloads: Payloads, room: Transcoder): number {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // Code that is not compiled to its end yet leaves number objects behind: what the last round leaves is what stays.
  let left = 0;
  for (let round = 0; round < WARM_ROUNDS; round++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 3; i++) room.run(way.decoder, way.encoder, payloads.frames);
    left = (process.memoryUsage().heapUsed - before) / 3 / payloads.frames.length;
  }
  return left;
}
