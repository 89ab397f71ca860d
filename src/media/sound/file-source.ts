import type { PcmSource } from '../bridge/inserts.ts';
import type { Sound } from './sound-bank.ts';

/** Music does not begin or break off in the middle of a wave, ms. */
const FADE_MS = 30;

export interface FileSourceOptions {
  readonly gainDb: number;
  readonly loop: boolean;
}

/** A file of the bank, played from its beginning; the samples are shared by all who play it. */
export class FileSource implements PcmSource {
  readonly #sound: Sound;
  readonly #gain: number;
  readonly #loop: boolean;
  /** Samples played of this round, at `rate`. */
  #at = 0;
  /** Samples played in all. */
  #played = 0;
  #rate = 0;
  /** Samples left until it falls silent; negative: nobody asked it to. */
  #leaving = -1;

  constructor(sound: Sound, { gainDb, loop }: FileSourceOptions) {
    this.#sound = sound;
    this.#gain = 10 ** (gainDb / 20);
    this.#loop = loop;
  }

  /** Fades out, and is over then. */
  end(): void {
    if (this.#leaving < 0) this.#leaving = this.#fade;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    if (this.#rate !== rate) {
      if (this.#rate > 0) this.#at = Math.round((this.#at * rate) / this.#rate);
      this.#rate = rate;
    }
    const pcm = this.#sound.at(rate);
    const fade = this.#fade;
    for (let i = 0; i < samples; i++) {
      if (this.#at >= pcm.length) {
        if (!this.#loop || pcm.length === 0) return i;
        this.#at = 0;
      }
      if (this.#leaving === 0) return i;
      let gain = this.#gain * Math.min(1, (this.#played + 1) / fade);
      // A loop meets its own beginning as the file has it; an end that was not asked for is softened.
      if (!this.#loop) gain *= Math.min(1, (pcm.length - this.#at) / fade);
      if (this.#leaving > 0) {
        gain *= this.#leaving / fade;
        this.#leaving -= 1;
      }
      const sample = Math.round((pcm[this.#at] as number) * gain);
      out[i] = Math.max(-32_768, Math.min(32_767, sample));
      this.#at += 1;
      this.#played += 1;
    }
    return samples;
  }

  get #fade(): number {
    return Math.max(1, Math.round(((this.#rate || 8_000) * FADE_MS) / 1_000));
  }
}
