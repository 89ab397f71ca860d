/** Cuts a stream of samples into frames of one length; owns the one buffer for it, as long as it ever had to be. */
export class Framer {
  readonly frame: number;
  #buffer: Int16Array;
  #filled = 0;

  /** @param frame samples a frame */
  constructor(frame: number) {
    this.frame = frame;
    this.#buffer = new Int16Array(frame * 2);
  }

  /** Samples that wait. */
  get filled(): number {
    return this.#filled;
  }

  push(pcm: Int16Array, samples: number): void {
    const filled = this.#filled;
    if (filled + samples > this.#buffer.length) this.#grow(filled + samples);
    const buffer = this.#buffer;
    for (let i = 0; i < samples; i++) buffer[filled + i] = pcm[i] as number;
    this.#filled = filled + samples;
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

  /** Whole frames are taken out before more is put in, so that this ends with the longest packet of the stream. */
  #grow(samples: number): void {
    const longer = new Int16Array(samples);
    longer.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = longer;
  }
}
