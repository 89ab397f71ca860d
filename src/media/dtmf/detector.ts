import { Band, WINDOW_BLOCKS } from './band.ts';
import { Decimator } from './decimator.ts';
import { Goertzel } from './goertzel.ts';
import { CODE_AT, HIGH_HZ, LOW_HZ } from './keys.ts';

/** One step of the window, ms. */
const BLOCK_MS = 4;
/** Peak of a sine that is loud enough: -30 dBm0 (Q.24: -25 must be heard, -29 (NTT) and below need not). */
const MIN_PEAK = 32_768 * 10 ** ((-30 - 3.17) / 20);
/** Within a group, the key's tone above each other one: 6 dB. */
const PEAK = 4;
/** High over low group, as power: Q.24 and ES 201 235-3 ask for -8 dB to +6 dB; a decibel more is let in. */
const TWIST_MIN = 10 ** -0.9;
const TWIST_MAX = 10 ** 0.7;
/** Share of a window's energy that is the key's: less is speech, or the edge of the tone. */
const WINDOW_SHARE = 0.6;
/** Share of the whole tone's energy; white noise 15 dB below leaves 0.97. */
const KEY_SHARE = 0.92;
/** Off its frequency, as part of it: Q.24 asks that 1.5 % is heard and 3.5 % is not. */
const MAX_DRIFT = 0.026;
/** Power of a tone's second harmonic against it: voices have them, keys have not. */
const MAX_HARMONIC = 0.1;
/** Windows in a row that make a key: about 36 ms of tone (Q.24: 40 must be heard, 23 must not). */
const KEY_WINDOWS = 7;
/** Windows in a row that make it likely: what is let through of a key that is muted is 20 ms. */
const LIKELY_WINDOWS = 3;
/** Windows without the key that end it: a pause of 40 ms ends it, one of 10 does not (Q.24). */
const GONE_WINDOWS = 7;
/** Without any audio for so long, ms, a key is up: some PBXs send nothing between one tone and the next. */
const NO_AUDIO_MS = 120;
/** Blocks looked at once more, all at a time, before a key is told. */
const LOOK_BLOCKS = KEY_WINDOWS + WINDOW_BLOCKS - 1;
/** Width of a bin of what is looked at: two of them is where a Hann window has its zero. */
const HARMONIC_RESOLUTION_HZ = 1_000 / ((LOOK_BLOCKS - 2) * BLOCK_MS);

/** What a detector tells: `durationMs` of a key that is down is 0. */
export type OnKey = (step: 'start' | 'end', code: number, durationMs: number, nowMs: number) => void;

/**
 * Hears the keys of ITU-T Q.23 in decoded audio, within the limits of Q.24 and ETSI ES 201 235-3. Windows of 12 ms
 * every 4 ms; a run of windows with the same pair is a key when its twist, frequencies, harmonics and share of the
 * energy are those of a key and not of a voice. Takes 8, 16 and 48 kHz; allocates only when the rate changes.
 */
export class DtmfDetector {
  /** Keys told since the beginning. */
  keys = 0;
  readonly #onKey: OnKey;
  #rate = 0;
  #block = 0;
  #decimator: Decimator | undefined;
  #low: Band[] = [];
  #high: Band[] = [];
  readonly #probe = new Goertzel();
  #hann = new Float64Array(0);
  #faded = new Float64Array(0);
  #samples = new Float64Array(0);
  #filled = 0;
  readonly #energy = new Float64Array(WINDOW_BLOCKS);
  #nowMs = 0;
  /** The pair of the run: its index on the keypad; -1 in none. */
  #pair = -1;
  #run = 0;
  #share = 0;
  /** The key that is down, as its index on the keypad; -1: none. */
  #down = -1;
  #downWindows = 0;
  #missed = 0;

  constructor(onKey: OnKey) {
    this.#onKey = onKey;
  }

  /** A key sounds, or most likely does: muting from here leaves 20 ms of it. */
  get likely(): boolean {
    return this.#down >= 0 || this.#run >= LIKELY_WINDOWS;
  }

  /** @param pcm the first `samples` are read @param rate 8000, 16000 or 48000 Hz @param nowMs monotonic */
  write(pcm: Int16Array, samples: number, rate: number, nowMs: number): void {
    if (rate !== this.#rate) this.#tune(rate);
    this.#nowMs = nowMs;
    const decimator = this.#decimator;
    for (let i = 0; i < samples; i++) {
      const sample = pcm[i] as number;
      if (!decimator) this.#push(sample);
      else if (decimator.push(sample)) this.#push(decimator.value);
    }
  }

  /** Ends a key whose tone stopped with the packets that carried it; for a clock's every tick. */
  tick(nowMs: number): void {
    if (this.#down >= 0 && nowMs - this.#nowMs >= NO_AUDIO_MS) this.reset(nowMs);
  }

  /** The audio is another's from now on; a key that is down ends. */
  reset(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#down >= 0) this.#release();
    this.#pair = -1;
    this.#run = 0;
  }

  #tune(rate: number): void {
    this.reset(this.#nowMs);
    this.#rate = rate;
    this.#decimator = rate === 48_000 ? new Decimator() : undefined;
    const heard = rate === 48_000 ? 16_000 : rate;
    this.#block = (heard * BLOCK_MS) / 1_000;
    this.#low = LOW_HZ.map((hz) => new Band(hz, heard, this.#block));
    this.#high = HIGH_HZ.map((hz) => new Band(hz, heard, this.#block));
    const size = this.#block * (LOOK_BLOCKS - 2);
    this.#hann = new Float64Array(size).map((_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
    this.#faded = new Float64Array(size);
    this.#samples = new Float64Array(this.#block * LOOK_BLOCKS);
    this.#filled = this.#samples.length - this.#block;
    this.#energy.fill(0);
  }

  #push(sample: number): void {
    this.#samples[this.#filled++] = sample;
    if (this.#filled < this.#samples.length) return;
    this.#step();
    this.#samples.copyWithin(0, this.#block);
    this.#filled -= this.#block;
  }

  #step(): void {
    const samples = this.#samples;
    const from = samples.length - this.#block;
    for (let i = 0; i < 4; i++) {
      this.#low[i]?.step(samples, from, this.#block);
      this.#high[i]?.step(samples, from, this.#block);
    }
    let energy = 0;
    for (let i = from; i < samples.length; i++) energy += (samples[i] as number) ** 2;
    this.#energy.copyWithin(0, 1);
    this.#energy[WINDOW_BLOCKS - 1] = energy;
    this.#follow(this.#look());
  }

  /** The pair that this window may hold, as its index on the keypad; -1: none. */
  #look(): number {
    const size = this.#block * WINDOW_BLOCKS;
    const low = strongest(this.#low);
    const high = strongest(this.#high);
    if (low < 0 || high < 0) return -1;
    const lowPower = this.#low[low]?.power ?? 0;
    const highPower = this.#high[high]?.power ?? 0;
    const floor = ((MIN_PEAK * size) / 2) ** 2;
    // A tone off its frequency measures up to 1.5 dB less here; what it really has is judged over the whole key.
    if (Math.min(lowPower, highPower) < floor * 0.7) return -1;
    if (highPower < lowPower * TWIST_MIN * 0.7 || highPower * 0.7 > lowPower * TWIST_MAX) return -1;
    let energy = 0;
    for (let i = 0; i < WINDOW_BLOCKS; i++) energy += this.#energy[i] as number;
    this.#share = ((lowPower + highPower) * 2) / size / energy;
    return this.#share < WINDOW_SHARE ? -1 : low * 4 + high;
  }

  #follow(pair: number): void {
    if (this.#down >= 0) this.#hold(pair);
    if (pair !== this.#pair) {
      this.#pair = pair;
      this.#run = 0;
    }
    if (pair < 0) return;
    const low = this.#low[pair >> 2] as Band;
    const high = this.#high[pair & 3] as Band;
    this.#run += 1;
    if (this.#run === 1) {
      low.begin();
      high.begin();
      return;
    }
    if (this.#run > KEY_WINDOWS || pair === this.#down) return;
    low.follow();
    high.follow();
    if (this.#run < KEY_WINDOWS || !this.#isKey(low, high)) return;
    if (this.#down >= 0) this.#release();
    this.#down = pair;
    this.#downWindows = KEY_WINDOWS;
    this.#missed = 0;
    this.keys += 1;
    this.#onKey('start', CODE_AT[pair] as number, 0, this.#nowMs);
  }

  #hold(pair: number): void {
    if (pair === this.#down) {
      this.#downWindows += 1 + this.#missed;
      this.#missed = 0;
      return;
    }
    this.#missed += 1;
    if (this.#missed >= GONE_WINDOWS) this.#release();
  }

  #release(): void {
    const code = CODE_AT[this.#down] as number;
    const windows = this.#downWindows;
    this.#down = -1;
    // A window counts from 0.6 of the tone in it, so a tone has about one window more than whole ones fit in.
    this.#onKey('end', code, windows * BLOCK_MS + 2, this.#nowMs);
  }

  /** The tests that need the whole run: frequencies, twist, level, share of the energy, harmonics. */
  #isKey(low: Band, high: Band): boolean {
    const [lowDrift, highDrift] = [low.driftHz, high.driftHz];
    if (Math.abs(lowDrift) > low.hz * MAX_DRIFT || Math.abs(highDrift) > high.hz * MAX_DRIFT) return false;
    const [lowHz, highHz] = [low.hz + lowDrift, high.hz + highDrift];
    // The first and the last block may lie half outside of the tone.
    const from = this.#block;
    const size = this.#hann.length;
    const lowPower = this.#power(this.#samples, from, lowHz);
    const highPower = this.#power(this.#samples, from, highHz);
    if (highPower < lowPower * TWIST_MIN || highPower > lowPower * TWIST_MAX) return false;
    if (Math.min(lowPower, highPower) < ((MIN_PEAK * size) / 2) ** 2) return false;
    let energy = 0;
    for (let i = 0; i < size; i++) {
      const sample = this.#samples[from + i] as number;
      energy += sample * sample;
      this.#faded[i] = sample * (this.#hann[i] as number);
    }
    if (((lowPower + highPower) * 2) / size < energy * KEY_SHARE) return false;
    return this.#isPure(lowHz, highHz, lowPower) && this.#isPure(highHz, lowHz, highPower);
  }

  /** The tone has no second harmonic; one beside the other tone cannot be told from it. */
  #isPure(hz: number, otherHz: number, power: number): boolean {
    if (Math.abs(2 * hz - otherHz) < 2 * HARMONIC_RESOLUTION_HZ) return true;
    // A Hann window halves the amplitude.
    return this.#power(this.#faded, 0, 2 * hz) * 4 < power * MAX_HARMONIC;
  }

  #power(samples: Float64Array, from: number, hz: number): number {
    this.#probe.tune(hz, (this.#block * 1_000) / BLOCK_MS);
    this.#probe.measure(samples, from, this.#hann.length);
    return this.#probe.power;
  }
}

/** Index of the band that stands out of its group; -1: none does. */
function strongest(group: readonly Band[]): number {
  let best = 0;
  for (let i = 1; i < group.length; i++) {
    if ((group[i] as Band).power > (group[best] as Band).power) best = i;
  }
  const { power } = group[best] as Band;
  for (let i = 0; i < group.length; i++) {
    if (i !== best && (group[i] as Band).power * PEAK > power) return -1;
  }
  return best;
}
