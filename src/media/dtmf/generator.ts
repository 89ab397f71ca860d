import { tonesOf } from './keys.ts';

/**
 * Levels of the two tones: -11 and -9 dBV across 600 ohm (ETSI ES 201 235-2 section 4.2.2), which are -8.8 and
 * -6.8 dBm0; a full-scale sine is +3.17 dBm0 (G.711).
 */
const LOW_PEAK = 32_768 * 10 ** ((-8.8 - 3.17) / 20);
const HIGH_PEAK = 32_768 * 10 ** ((-6.8 - 3.17) / 20);
/** Rise and fall, ms: shorter clicks, and 7 is the most that ES 201 235-2 allows. */
const RAMP_MS = 5;
/** Shortest tone and shortest pause behind it, ms (ES 201 235-2: 65 each). */
export const MIN_TONE_MS = 70;
export const MIN_PAUSE_MS = 70;
/** Keys that wait for their turn; more than anybody presses in a sensible time. */
const MAX_WAITING = 32;

interface Press {
  readonly code: number;
  /** ms; undefined: until it is let go. */
  readonly ms: number | undefined;
}

/**
 * Key tones as a source of audio (ITU-T Q.23): a key sounds for as long as it is down, at least 70 ms, and the next
 * one waits for 70 ms of silence. What `read` gives behind the last one is nothing.
 */
export class DtmfGenerator {
  readonly #waiting: Press[] = [];
  #press: Press | undefined;
  /** The key that is down was let go. */
  #released = false;
  #rate = 0;
  #lowStep = 0;
  #highStep = 0;
  #phaseLow = 0;
  #phaseHigh = 0;
  /** Samples since the tone began. */
  #at = 0;
  /** Sample at which it begins to fade; -1: not yet known. */
  #fadeAt = -1;
  #pauseLeft = 0;

  /** A key sounds or waits, or the pause behind the last one is not over. */
  get active(): boolean {
    return this.#press !== undefined || this.#waiting.length > 0 || this.#pauseLeft > 0;
  }

  /** @param code 0 to 15 @param ms how long; without it until `release`. False: too many are waiting. */
  press(code: number, ms?: number): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push({ code, ms });
    return true;
  }

  /** The key that was pressed without a time is let go after `ms` in all, or as soon as it may. */
  release(ms = 0): void {
    for (let i = 0; i < this.#waiting.length; i++) {
      const press = this.#waiting[i] as Press;
      if (press.ms === undefined) this.#waiting[i] = { code: press.code, ms: Math.max(ms, MIN_TONE_MS) };
    }
    if (this.#press?.ms === undefined) this.#released = true;
  }

  /** Fills `out[0, samples)` at `rate` Hz; returns samples written, fewer than asked for when all keys are done. */
  read(out: Int16Array, samples: number, rate: number): number {
    if (rate !== this.#rate) this.#tune(rate);
    for (let i = 0; i < samples; i++) {
      if (this.#pauseLeft > 0) {
        this.#pauseLeft -= 1;
        out[i] = 0;
        continue;
      }
      if (!this.#press && !this.#next()) return i;
      out[i] = this.#sample();
    }
    return samples;
  }

  #next(): boolean {
    const press = this.#waiting.shift();
    if (!press) return false;
    this.#press = press;
    this.#released = false;
    this.#at = 0;
    this.#phaseLow = 0;
    this.#phaseHigh = 0;
    this.#fadeAt = press.ms === undefined ? -1 : this.#samplesOf(Math.max(press.ms, MIN_TONE_MS) - RAMP_MS);
    this.#steps(press.code);
    return true;
  }

  #sample(): number {
    const ramp = this.#samplesOf(RAMP_MS);
    if (this.#fadeAt < 0 && this.#released) {
      this.#fadeAt = Math.max(this.#at, this.#samplesOf(MIN_TONE_MS - RAMP_MS));
    }
    let gain = 1;
    if (this.#at < ramp) gain = raised(this.#at / ramp);
    else if (this.#fadeAt >= 0 && this.#at >= this.#fadeAt)
      gain = raised(1 - (this.#at - this.#fadeAt) / ramp);
    const sum = LOW_PEAK * Math.sin(this.#phaseLow) + HIGH_PEAK * Math.sin(this.#phaseHigh);
    this.#phaseLow += this.#lowStep;
    this.#phaseHigh += this.#highStep;
    this.#at += 1;
    if (this.#fadeAt >= 0 && this.#at >= this.#fadeAt + ramp) {
      this.#press = undefined;
      this.#pauseLeft = this.#samplesOf(MIN_PAUSE_MS);
    }
    return Math.round(gain * sum);
  }

  /** Another codec in mid-call: the tone goes on at the new rate. */
  #tune(rate: number): void {
    const scale = this.#rate === 0 ? 1 : rate / this.#rate;
    this.#rate = rate;
    this.#at = Math.round(this.#at * scale);
    if (this.#fadeAt >= 0) this.#fadeAt = Math.round(this.#fadeAt * scale);
    this.#pauseLeft = Math.round(this.#pauseLeft * scale);
    if (this.#press) this.#steps(this.#press.code);
  }

  #steps(code: number): void {
    const { lowHz, highHz } = tonesOf(code);
    this.#lowStep = (2 * Math.PI * lowHz) / this.#rate;
    this.#highStep = (2 * Math.PI * highHz) / this.#rate;
  }

  #samplesOf(ms: number): number {
    return Math.round((this.#rate * ms) / 1_000);
  }
}

/** Raised cosine from 0 to 1. */
function raised(x: number): number {
  return 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, Math.min(1, x)));
}
