import { dominantFrequency, levelDbfs } from '../media/index.ts';
import type { Heard } from './events.ts';

/** So much is kept for a WAV file. */
const MAX_SECONDS = 120;

/** Listens: counts packets, keeps PCM, measures the strongest frequency. */
export class Ear {
  readonly sampleRate: number;
  rxPackets = 0;
  lost = 0;
  #pcm: Int16Array;
  #filled = 0;
  #sequence = -1;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
    this.#pcm = new Int16Array(sampleRate);
  }

  /** One RTP packet by its sequence number; late ones give back what they had counted as lost. */
  packet(sequence: number): void {
    this.rxPackets += 1;
    if (this.#sequence >= 0) {
      const delta = ((sequence - this.#sequence) << 16) >> 16;
      if (delta > 1) this.lost += delta - 1;
      if (delta < 0 && this.lost > 0) this.lost -= 1;
      if (delta <= 0) return;
    }
    this.#sequence = sequence;
  }

  hear(pcm: Int16Array, samples: number): void {
    const count = Math.min(samples, this.sampleRate * MAX_SECONDS - this.#filled);
    if (this.#filled + count > this.#pcm.length) {
      const longer = new Int16Array(Math.min(this.sampleRate * MAX_SECONDS, this.#pcm.length * 2));
      longer.set(this.#pcm);
      this.#pcm = longer;
    }
    this.#pcm.set(pcm.subarray(0, count), this.#filled);
    this.#filled += count;
  }

  /** Everything heard. */
  recording(): Int16Array {
    return this.#pcm.slice(0, this.#filled);
  }

  /** Of the last second that is loud enough, so that the hang-up's silence does not count. */
  heard(): Heard {
    const second = this.sampleRate;
    let end = this.#filled;
    let window = this.#pcm.subarray(Math.max(0, end - second), end);
    while (end > second / 2 && levelDbfs(window) < -50) {
      end -= second / 10;
      window = this.#pcm.subarray(Math.max(0, end - second), end);
    }
    return {
      heardHz: Math.round(dominantFrequency(window, second) * 10) / 10,
      levelDb: Math.round(levelDbfs(window) * 10) / 10,
      rxPackets: this.rxPackets,
      lost: this.lost,
    };
  }
}
