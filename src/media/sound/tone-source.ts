import type { PcmSource } from '../bridge/inserts.ts';
import type { ToneStep } from './tone-plan.ts';

/** A tone that begins or ends at once clicks. */
const EDGE_MS = 5;

export interface ToneSourceOptions {
  readonly steps: readonly ToneStep[];
  /** Of each frequency, dB below full scale. */
  readonly levelDb: number;
  /** From the beginning again after the last step. */
  readonly loop: boolean;
}

/** A tone with its cadence, made as it is read, at whatever rate it is asked for. */
export class ToneSource implements PcmSource {
  readonly #steps: readonly ToneStep[];
  readonly #amplitude: number;
  readonly #loop: boolean;
  #step = 0;
  /** Samples of the step that are done, at `rate`. */
  #done = 0;
  #rate = 0;

  constructor({ steps, levelDb, loop }: ToneSourceOptions) {
    this.#steps = steps;
    this.#amplitude = 32_767 * 10 ** (levelDb / 20);
    this.#loop = loop;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    if (this.#rate !== rate) {
      if (this.#rate > 0) this.#done = Math.round((this.#done * rate) / this.#rate);
      this.#rate = rate;
    }
    let made = 0;
    while (made < samples) {
      const step = this.#steps[this.#step];
      if (!step) return made;
      const length = Math.round((step.ms * rate) / 1_000);
      const count = Math.min(samples - made, length - this.#done);
      if (count > 0) this.#fill(out, made, count, step, length);
      made += Math.max(count, 0);
      this.#done += count;
      if (this.#done < length) continue;
      this.#done = 0;
      this.#step += 1;
      if (this.#loop && this.#step === this.#steps.length) this.#step = 0;
    }
    return made;
  }

  #fill(out: Int16Array, at: number, count: number, { hz }: ToneStep, length: number): void {
    const rate = this.#rate;
    const edge = (EDGE_MS * rate) / 1_000;
    for (let i = 0; i < count; i++) {
      const n = this.#done + i;
      let sum = 0;
      for (let k = 0; k < hz.length; k++) sum += Math.sin((2 * Math.PI * (hz[k] as number) * n) / rate);
      const ramp = Math.min(1, n / edge, (length - 1 - n) / edge);
      out[at + i] = Math.max(-32_768, Math.min(32_767, Math.round(sum * this.#amplitude * ramp)));
    }
  }
}
