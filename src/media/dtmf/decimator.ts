const TAPS = 24;

/** Takes every third sample of 48 kHz behind a low-pass at 5 kHz: what is above 11 kHz would fold onto key tones. */
export class Decimator {
  readonly #taps = lowPass(5_000 / 48_000);
  readonly #line = new Float64Array(TAPS * 2);
  #at = 0;
  #phase = 0;

  /** True when `value` is the next sample at a third of the rate. */
  push(sample: number): boolean {
    this.#at = this.#at === 0 ? TAPS - 1 : this.#at - 1;
    // Written twice, so that the newest TAPS samples always lie in one piece.
    this.#line[this.#at] = sample;
    this.#line[this.#at + TAPS] = sample;
    this.#phase = this.#phase === 2 ? 0 : this.#phase + 1;
    return this.#phase === 0;
  }

  get value(): number {
    let sum = 0;
    for (let i = 0; i < TAPS; i++) sum += (this.#taps[i] as number) * (this.#line[this.#at + i] as number);
    return sum;
  }
}

/** Hamming-windowed sinc, unity at 0 Hz; `cutoff` in cycles a sample. */
function lowPass(cutoff: number): Float64Array {
  const taps = new Float64Array(TAPS);
  let sum = 0;
  for (let i = 0; i < TAPS; i++) {
    const t = i - (TAPS - 1) / 2;
    const hamming = 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (TAPS - 1));
    taps[i] = (Math.sin(2 * Math.PI * cutoff * t) / (Math.PI * t)) * hamming;
    sum += taps[i] as number;
  }
  return taps.map((tap) => tap / sum);
}
