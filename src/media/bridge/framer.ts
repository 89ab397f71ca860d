/** Cuts a stream of samples into frames of one length; owns the one buffer for it. */
export class Framer {
  readonly frame: number;
  readonly #buffer: Int16Array;
  #filled = 0;

  /** @param frame samples a frame @param longest most samples that `push` takes at once */
  constructor(frame: number, longest: number) {
    this.frame = frame;
    this.#buffer = new Int16Array(frame + longest);
  }

  /** Samples that wait. */
  get filled(): number {
    return this.#filled;
  }

  push(pcm: Int16Array, samples: number): void {
    const buffer = this.#buffer;
    const count = Math.min(samples, buffer.length - this.#filled);
    for (let i = 0; i < count; i++) buffer[this.#filled + i] = pcm[i] as number;
    this.#filled += count;
  }

  /** True when a whole frame was copied to `out`. */
  shift(out: Int16Array): boolean {
    if (this.#filled < this.frame) return false;
    const buffer = this.#buffer;
    for (let i = 0; i < this.frame; i++) out[i] = buffer[i] as number;
    buffer.copyWithin(0, this.frame, this.#filled);
    this.#filled -= this.frame;
    return true;
  }

  clear(): void {
    this.#filled = 0;
  }
}
