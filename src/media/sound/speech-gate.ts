import type { PcmSource, PcmTap } from '../bridge/inserts.ts';
import { isLoud } from './loudness.ts';

/** A pause between words. */
const PAUSE_MS = 60;

/**
 * What is heard of a voice that was talking before anybody could hear it: silence until it pauses, so that nobody hears
 * the second half of a word. A voice that is silent when the path opens is let through at once, one that does not pause
 * within `longestMs` as well: nothing is kept and nothing comes late. Played `instead` of the voice that it taps.
 */
export class SpeechGate implements PcmSource, PcmTap {
  readonly #longestMs: number;
  #shutMs = 0;
  #quietMs = 0;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  write(pcm: Int16Array, samples: number, rate: number): void {
    if (isLoud(pcm, samples)) this.#quietMs = 0;
    else this.#quietMs += (samples * 1_000) / rate;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    if (this.#shutMs >= this.#longestMs || this.#quietMs >= PAUSE_MS) return 0;
    out.fill(0, 0, samples);
    this.#shutMs += (samples * 1_000) / rate;
    return samples;
  }
}
