import type { PcmSource, PcmTap } from '../bridge/inserts.ts';
import { isLoud } from './loudness.ts';

/** A phone that plays something itself begins within this. */
const PATIENCE_MS = 400;
/** Its music may pause for so long before ours begins. */
const HANG_MS = 3_000;
const FADE_MS = 200;

/**
 * What a consumer hears while the phone holds: the music of the phone or PBX where it sends some, ours where it is
 * silent. It taps the phone's leg, and is mixed into what that sends.
 */
export class HoldMusic implements PcmSource, PcmTap {
  readonly #music: PcmSource;
  /** Until ours is heard, ms. */
  #waitMs = PATIENCE_MS;
  #gain = 0;

  constructor(music: PcmSource) {
    this.#music = music;
  }

  write(pcm: Int16Array, samples: number): void {
    if (isLoud(pcm, samples)) this.#waitMs = HANG_MS;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    this.#waitMs = Math.max(0, this.#waitMs - (samples * 1_000) / rate);
    const wanted = this.#waitMs > 0 ? 0 : 1;
    if (wanted === 0 && this.#gain === 0) {
      out.fill(0, 0, samples);
      return samples;
    }
    const made = this.#music.read(out, samples, rate);
    const step = 1_000 / (FADE_MS * rate);
    for (let i = 0; i < made; i++) {
      this.#gain += Math.max(-step, Math.min(step, wanted - this.#gain));
      out[i] = Math.round((out[i] as number) * this.#gain);
    }
    return made;
  }
}
