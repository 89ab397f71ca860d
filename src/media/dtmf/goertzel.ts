/** One frequency's share of a run of samples: the DFT at any frequency, as a complex number (Goertzel, 1958). */
export class Goertzel {
  re = 0;
  im = 0;
  #coefficient = 0;
  #cos = 1;
  #sin = 0;

  /** @param hz frequency @param rate Hz */
  tune(hz: number, rate: number): void {
    const omega = (2 * Math.PI * hz) / rate;
    this.#cos = Math.cos(omega);
    this.#sin = Math.sin(omega);
    this.#coefficient = 2 * this.#cos;
  }

  /** Sets `re` and `im`; the phase is that of the sample behind the last one. */
  measure(samples: Float64Array, from: number, count: number): void {
    const coefficient = this.#coefficient;
    let s1 = 0;
    let s2 = 0;
    for (let i = from; i < from + count; i++) {
      const s0 = (samples[i] as number) + coefficient * s1 - s2;
      s2 = s1;
      s1 = s0;
    }
    this.re = s1 * this.#cos - s2;
    this.im = s1 * this.#sin;
  }

  get power(): number {
    return this.re * this.re + this.im * this.im;
  }
}
