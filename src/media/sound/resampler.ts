/** Zero crossings of the sinc on each side: the stop band begins just below half of the lower rate. */
const ZEROS = 32;
/** Half-amplitude point as a part of the lower rate; the transition band lies between 0.43 and 0.5. */
const CUTOFF = 0.465;
/** Kaiser window for 70 dB in the stop band. */
const BETA = 0.1102 * (70 - 8.7);
/** Samples of input that are worked on at once. */
const BLOCK = 4_096;

/**
 * Changes the sampling rate of a mono stream by any rational factor: polyphase FIR, Kaiser-windowed sinc. Level and
 * time are kept; the output lags by `ZEROS` samples of the lower rate, which `flush` brings.
 */
export class Resampler {
  /** Output and input rate, without common factors. */
  readonly #up: number;
  readonly #down: number;
  /** Input samples on each side of an output sample. */
  readonly #half: number;
  /** One row of `2 * half` taps for each phase. */
  readonly #taps: Float32Array;
  readonly #buffer: Float32Array;
  #filled: number;
  /** The input sample at or before the next output sample, in `buffer`. */
  #at: number;
  #phase = 0;

  /** @param from Hz @param to Hz; both whole numbers */
  constructor(from: number, to: number) {
    const factor = gcd(from, to);
    this.#up = to / factor;
    this.#down = from / factor;
    this.#half = Math.ceil(ZEROS * Math.max(1, from / to));
    this.#taps = tapsOf(this.#up, this.#half, CUTOFF * Math.min(1, to / from));
    this.#buffer = new Float32Array(2 * this.#half + BLOCK);
    this.#filled = this.#half - 1;
    this.#at = this.#half - 1;
  }

  /** The most samples that `samples` more can bring. */
  room(samples: number): number {
    return Math.ceil(((samples + 1) * this.#up) / this.#down) + 1;
  }

  /** @param out has `room(samples)` samples from `outAt` on. Returns samples written. */
  process(input: Int16Array, samples: number, out: Int16Array, outAt = 0): number {
    let made = 0;
    for (let from = 0; from < samples; from += BLOCK) {
      const count = Math.min(BLOCK, samples - from);
      for (let i = 0; i < count; i++) this.#buffer[this.#filled + i] = input[from + i] as number;
      this.#filled += count;
      made += this.#drain(out, outAt + made);
    }
    return made;
  }

  /** The end of the stream: what still lags. */
  flush(out: Int16Array, outAt = 0): number {
    return this.process(new Int16Array(this.#half), this.#half, out, outAt);
  }

  #drain(out: Int16Array, outAt: number): number {
    const buffer = this.#buffer;
    const taps = this.#taps;
    const half = this.#half;
    const length = 2 * half;
    let made = 0;
    while (this.#at + half < this.#filled) {
      const first = this.#at - half + 1;
      const row = this.#phase * length;
      let sum = 0;
      for (let i = 0; i < length; i++) sum += (buffer[first + i] as number) * (taps[row + i] as number);
      out[outAt + made++] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
      this.#phase += this.#down;
      this.#at += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    // A large step down may lead beyond what is here.
    const done = Math.min(this.#at - half + 1, this.#filled);
    buffer.copyWithin(0, done, this.#filled);
    this.#filled -= done;
    this.#at -= done;
    return made;
  }
}

/** All of `pcm` at another rate: as long as before, within a sample. */
export function resample(pcm: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return pcm;
  const resampler = new Resampler(from, to);
  const out = new Int16Array(resampler.room(pcm.length) + resampler.room(ZEROS * Math.ceil(from / to + 1)));
  const made = resampler.process(pcm, pcm.length, out);
  const all = made + resampler.flush(out, made);
  return out.slice(0, Math.min(all, Math.ceil((pcm.length * to) / from)));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** @param cutoff cycles an input sample; each row adds up to 1 */
function tapsOf(phases: number, half: number, cutoff: number): Float32Array {
  const length = 2 * half;
  const taps = new Float32Array(phases * length);
  const row = new Float64Array(length);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const x = i - half + 1 - phase / phases;
      const arc = 2 * Math.PI * cutoff * x;
      row[i] = (x === 0 ? 1 : Math.sin(arc) / arc) * kaiser(x / half);
      sum += row[i] as number;
    }
    for (let i = 0; i < length; i++) taps[phase * length + i] = (row[i] as number) / sum;
  }
  return taps;
}

/** @param x -1 to 1 */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
