import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { GatewayError } from '../../shared/error.ts';
import { readWav, type Wav } from '../tone/wav.ts';
import { resample } from './resampler.ts';

/** Longest file, seconds; and all files together, at all rates, bytes of samples. */
export const MAX_SOUND_SECONDS = 600;
export const MAX_SOUND_BYTES = 128 * 1024 * 1024;
/** Twelve minutes of CD audio: no file is read that cannot be one of the permitted length. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;
const MIN_RATE = 8_000;
const MAX_RATE = 48_000;

/** One file as samples, at every rate that calls use. Goes through `workerData`: the samples are shared, not copied. */
export interface SoundData {
  readonly name: string;
  readonly pcm: Readonly<Record<number, Int16Array>>;
}

/** Samples of one file. */
export class Sound {
  readonly #pcm = new Map<number, Int16Array>();

  constructor({ pcm }: SoundData) {
    for (const [rate, samples] of Object.entries(pcm)) this.#pcm.set(Number(rate), samples);
  }

  /** Mono, at `rate` Hz; empty for a rate that it was not loaded for. */
  at(rate: number): Int16Array {
    return this.#pcm.get(rate) ?? NOTHING;
  }
}

const NOTHING = new Int16Array(0);

/** The sounds that files hold, by name; one for a thread. */
export class SoundBank {
  readonly #sounds = new Map<string, Sound>();

  constructor(data: readonly SoundData[]) {
    for (const each of data) this.#sounds.set(each.name, new Sound(each));
  }

  get(name: string): Sound | undefined {
    return this.#sounds.get(name);
  }
}

/**
 * Reads WAV files, mixes them down to mono and brings them to each of `rates`, in memory that all threads share; once
 * for a process, so that a file that changes meanwhile changes nothing. Blocks: 1 to 3 s for each five minutes of music
 * and rate.
 * Throws MEDIA_SOUND, naming the file.
 * @param files path by name @param rates Hz
 */
export function loadSounds(
  files: Readonly<Record<string, string>>,
  rates: readonly number[],
): readonly SoundData[] {
  const distinct = [...new Set(rates)];
  const ratesTogether = distinct.reduce((sum, rate) => sum + rate, 0);
  let bytes = 0;
  // All files are judged before the long work begins.
  const read = Object.entries(files).map(([name, path]) => {
    const wav = readSound(name, path);
    bytes += (wav.pcm.length / wav.channels / wav.sampleRate) * ratesTogether * 2;
    if (bytes > MAX_SOUND_BYTES)
      throw problem(name, path, `with it all sounds take more than ${MAX_SOUND_BYTES >> 20} MB of memory`);
    return { name, mono: monoOf(wav), sampleRate: wav.sampleRate };
  });
  return read.map(({ name, mono, sampleRate }) => ({
    name,
    pcm: Object.fromEntries(distinct.map((rate) => [rate, shared(resample(mono, sampleRate, rate))])),
  }));
}

function shared(samples: Int16Array): Int16Array {
  const copy = new Int16Array(new SharedArrayBuffer(samples.length * 2));
  copy.set(samples);
  return copy;
}

/** The file of one sound, as it is. Throws MEDIA_SOUND when it cannot be played; also what `msgw check` asks. */
export function readSound(name: string, path: string): Wav {
  let wav: Wav;
  try {
    wav = readWav(readBounded(path));
  } catch (error) {
    throw problem(name, path, error instanceof Error ? error.message : String(error));
  }
  const { sampleRate, channels, pcm } = wav;
  if (sampleRate < MIN_RATE || sampleRate > MAX_RATE)
    throw problem(name, path, `its rate is ${sampleRate} Hz, not between ${MIN_RATE} and ${MAX_RATE}`);
  if (channels > 2) throw problem(name, path, `it has ${channels} channels, not one or two`);
  if (pcm.length < channels) throw problem(name, path, 'there is no sound in it');
  if (pcm.length / channels / sampleRate > MAX_SOUND_SECONDS)
    throw problem(name, path, `it is longer than ${MAX_SOUND_SECONDS} s`);
  return wav;
}

function readBounded(path: string): Uint8Array {
  // To open a pipe is to wait for who writes into it, and a device may never end.
  if (!statSync(path).isFile()) throw new Error('it is no file');
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function monoOf({ pcm, channels }: Wav): Int16Array {
  if (channels === 1) return pcm;
  const mono = new Int16Array(pcm.length >> 1);
  for (let i = 0; i < mono.length; i++)
    mono[i] = Math.round(((pcm[2 * i] as number) + (pcm[2 * i + 1] as number)) / 2);
  return mono;
}

function problem(name: string, path: string, what: string): GatewayError {
  return new GatewayError('MEDIA_SOUND', `sounds.files.${name}: ${path}: ${what.replace(/\.$/, '')}.`, {
    name,
    path,
  });
}
