/** Pitch between 2.5 ms (400 Hz) and 15 ms (66 Hz), as in G.711 Appendix I. */
const MIN_PITCH_MS = 2.5;
const MAX_PITCH_MS = 15;
/** Full level for so long, then a linear fade to silence. */
const HOLD_MS = 10;
const FADE_MS = 50;

/**
 * Packet loss concealment for codecs that have none: the last pitch period is repeated, then faded out over
 * 50 ms, in the manner of G.711 Appendix I. When sound comes back it is blended in over 2.5 ms.
 */
export class WaveformConcealer {
  readonly #history: Int16Array;
  readonly #minPitch: number;
  readonly #maxPitch: number;
  readonly #hold: number;
  readonly #fade: number;
  readonly #blend: number;
  #lost = 0;
  #pitch = 0;
  /** What the concealment would have gone on with, to blend into the next good frame. */
  #phase = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.#minPitch = Math.round((sampleRate * MIN_PITCH_MS) / 1000);
    this.#maxPitch = Math.round((sampleRate * MAX_PITCH_MS) / 1000);
    this.#hold = Math.round((sampleRate * HOLD_MS) / 1000);
    this.#fade = Math.round((sampleRate * FADE_MS) / 1000);
    this.#blend = this.#minPitch;
    this.#history = new Int16Array(this.#maxPitch * 3);
  }

  /** Remembers good samples; after a loss it also blends their beginning with the concealment. */
  good(pcm: Int16Array, samples: number): void {
    if (this.#lost > 0) {
      const blend = Math.min(this.#blend, samples);
      for (let i = 0; i < blend; i++) {
        const weight = (i + 1) / (blend + 1);
        pcm[i] = Math.round((pcm[i] as number) * weight + this.#next() * (1 - weight));
      }
      this.#lost = 0;
    }
    this.#remember(pcm, samples);
  }

  /** Writes `samples` concealed samples. */
  conceal(pcm: Int16Array, samples: number): number {
    const count = Math.min(samples, pcm.length);
    if (this.#lost === 0) {
      this.#pitch = this.#findPitch();
      this.#phase = 0;
    }
    for (let i = 0; i < count; i++) pcm[i] = this.#next();
    return count;
  }

  #next(): number {
    const history = this.#history;
    const sample = history[history.length - this.#pitch + this.#phase] as number;
    this.#phase = (this.#phase + 1) % this.#pitch;
    const beyond = this.#lost - this.#hold;
    this.#lost += 1;
    if (beyond <= 0) return sample;
    return beyond >= this.#fade ? 0 : Math.round(sample * (1 - beyond / this.#fade));
  }

  #remember(pcm: Int16Array, samples: number): void {
    const history = this.#history;
    if (samples >= history.length) {
      const from = samples - history.length;
      for (let i = 0; i < history.length; i++) history[i] = pcm[from + i] as number;
      return;
    }
    history.copyWithin(0, samples);
    for (let i = 0; i < samples; i++) history[history.length - samples + i] = pcm[i] as number;
  }

  /** The lag with the best normalised correlation over the last period. */
  #findPitch(): number {
    const history = this.#history;
    const end = history.length;
    const window = this.#maxPitch;
    let best = this.#maxPitch;
    let bestScore = -Infinity;
    for (let lag = this.#minPitch; lag <= this.#maxPitch; lag++) {
      let cross = 0;
      let energy = 1;
      for (let i = end - window; i < end; i += 2) {
        const delayed = history[i - lag] as number;
        cross += (history[i] as number) * delayed;
        energy += delayed * delayed;
      }
      const score = cross > 0 ? (cross * cross) / energy : -1;
      if (score > bestScore) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }
}
