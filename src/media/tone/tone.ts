/** A phase-continuous sine. */
export class Tone {
  readonly #step: number;
  readonly #amplitude: number;
  #phase = 0;

  /** @param hz frequency @param sampleRate Hz @param level peak, 0 to 1 of full scale */
  constructor(hz: number, sampleRate: number, level = 0.3) {
    this.#step = (2 * Math.PI * hz) / sampleRate;
    this.#amplitude = 32_767 * level;
  }

  /** Fills the first `samples` samples. */
  fill(pcm: Int16Array, samples: number): void {
    for (let i = 0; i < samples; i++) {
      pcm[i] = Math.round(Math.sin(this.#phase) * this.#amplitude);
      this.#phase += this.#step;
    }
    this.#phase %= 2 * Math.PI;
  }
}
