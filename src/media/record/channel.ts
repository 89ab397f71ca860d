import type { PcmTap } from '../bridge/inserts.ts';
import { MAX_PACKET_SAMPLES } from '../codec/index.ts';
import { Resampler } from '../sound/resampler.ts';

/** What one side said, kept until it is written, ms. */
const ROOM_MS = 2_000;
/** Sound that comes so much later than the clock says was preceded by a pause. */
const BEHIND_MS = 120;
/** Sound that comes so much sooner was made up before it came: it would shift all that follows. */
const AHEAD_MS = 200;
/** Below it a difference is jitter; above it, drift. */
const DRIFT_MS = 20;
/** Blocks over which jitter is averaged. */
const SMOOTHING = 32;
/** A block of 120 ms has at most so many samples doubled. */
const MOST_DOUBLED = 12;

/**
 * One side of a recording on the time line of the recording: pauses become silence, a clock that runs fast or slow is
 * followed sample by sample, so that both sides stay together for hours. Samples are counted at `rate` from `startMs`.
 */
export class Channel implements PcmTap {
  readonly #rate: number;
  readonly #startMs: number;
  readonly #ring: Int16Array;
  #resampler: Resampler | undefined;
  #resampledFrom = 0;
  #scratch = new Int16Array(0);
  /** Absolute positions, samples. */
  #written = 0;
  #read = 0;
  #first = true;
  /** Mean of how far ahead of the clock this side is, samples. */
  #ahead = 0;

  /** @param rate Hz of the recording @param startMs monotonic */
  constructor(rate: number, startMs: number) {
    this.#rate = rate;
    this.#startMs = startMs;
    this.#ring = new Int16Array((rate * ROOM_MS) / 1_000);
  }

  write(pcm: Int16Array, samples: number, rate: number, nowMs: number): void {
    if (rate === this.#rate) return this.#place(pcm, samples, nowMs);
    if (!this.#resampler || this.#resampledFrom !== rate) {
      // Only after a change of codec in mid-call.
      this.#resampler = new Resampler(rate, this.#rate);
      this.#resampledFrom = rate;
      this.#scratch = new Int16Array(this.#resampler.room(MAX_PACKET_SAMPLES));
    }
    const made = this.#resampler.process(pcm, samples, this.#scratch);
    this.#place(this.#scratch, made, nowMs);
  }

  /** What comes next stands where the clock says, not behind what came last. */
  pause(): void {
    this.#first = true;
  }

  /** The next `samples` samples; silence where nothing came. */
  read(out: Int16Array, samples: number): void {
    const ring = this.#ring;
    for (let i = 0; i < samples; i++) {
      const at = this.#read + i;
      out[i] = at < this.#written ? (ring[at % ring.length] as number) : 0;
    }
    this.#read += samples;
  }

  #place(pcm: Int16Array, samples: number, nowMs: number): void {
    const perMs = this.#rate / 1_000;
    const clock = Math.round((nowMs - this.#startMs) * perMs);
    const ahead = this.#written + samples - clock;
    const isNew = this.#first || ahead < -BEHIND_MS * perMs;
    const from = isNew ? Math.max(clock - samples, this.#written, this.#read) : this.#written;
    // A thread that stood still for long has not read yet: what finds no room is silence.
    const isFull = from + samples + MOST_DOUBLED - this.#read > this.#ring.length;
    if (isFull) this.#first = true;
    if (isFull || ahead > AHEAD_MS * perMs) return;
    if (isNew) this.#skipTo(from);
    this.#first = false;
    this.#ahead = isNew ? 0 : this.#ahead + (ahead - this.#ahead) / SMOOTHING;
    this.#append(pcm, samples, this.#correction(samples));
  }

  /** Samples to leave out (positive) or to double (negative) in a block, so that drift is followed unheard. */
  #correction(samples: number): number {
    const perMs = this.#rate / 1_000;
    const beyond = Math.abs(this.#ahead) - DRIFT_MS * perMs;
    if (beyond <= 0) return 0;
    const most = Math.ceil(samples / (10 * perMs));
    const count = Math.sign(this.#ahead) * Math.min(most, Math.ceil(beyond));
    this.#ahead -= count;
    return count;
  }

  #append(pcm: Int16Array, samples: number, correction: number): void {
    const ring = this.#ring;
    const every = correction === 0 ? 0 : Math.floor(samples / Math.abs(correction));
    let left = Math.abs(correction);
    let at = this.#written;
    for (let i = 0; i < samples; i++) {
      const isCorrected = left > 0 && i % every === every >> 1;
      if (isCorrected) {
        left -= 1;
        if (correction > 0) continue;
        ring[at++ % ring.length] = pcm[i] as number;
      }
      ring[at++ % ring.length] = pcm[i] as number;
    }
    this.#written = at;
  }

  #skipTo(position: number): void {
    const ring = this.#ring;
    for (let at = Math.max(this.#written, this.#read); at < position; at++) ring[at % ring.length] = 0;
    this.#written = position;
  }
}
