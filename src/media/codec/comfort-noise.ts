/** RFC 3389 allows any order; more than this has no use at a phone's rates (G.711 Appendix II uses 10). */
const MAX_ORDER = 12;
/** How much of the way to a new level and spectrum one fill goes. */
const GLIDE = 0.4;
const FULL_SCALE = 32_768;

/**
 * Comfort noise (RFC 3389): noise of the level and spectrum that the far side told, for as long as it says nothing.
 * White noise through the all-pole filter that the reflection coefficients describe.
 */
export class ComfortNoise {
  /** Noise takes the place of speech: set by `update`, ended by its owner when speech is back. */
  active = false;
  readonly #target = new Float64Array(MAX_ORDER);
  readonly #reflection = new Float64Array(MAX_ORDER);
  readonly #filter = new Float64Array(MAX_ORDER);
  readonly #previous = new Float64Array(MAX_ORDER);
  readonly #memory = new Float64Array(MAX_ORDER);
  #targetLevel = 0;
  #level = 0;
  #seed: number;

  /** @param seed of the noise, any integer */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /**
   * Takes bytes `from` to `to` of a CN payload: the level in -dBov, then quantised reflection coefficients (sections
   * 3.1 and 3.2). False when it is empty.
   */
  update(payload: Uint8Array, from = 0, to = payload.length): boolean {
    if (to <= from) return false;
    this.#targetLevel = FULL_SCALE * 10 ** (-((payload[from] as number) & 0x7f) / 20);
    for (let i = 0; i < MAX_ORDER; i++) {
      const at = from + 1 + i;
      // 255 is reserved; a filter at its limit would ring for ever.
      const index = at < to ? Math.min(payload[at] as number, 254) : 127;
      this.#target[i] = Math.max(-0.98, Math.min(0.98, (index - 127) / 127));
    }
    if (!this.active) {
      this.#level = this.#targetLevel;
      this.#reflection.set(this.#target);
      this.#memory.fill(0);
    }
    this.active = true;
    return true;
  }

  /** Writes `samples` samples of noise: call it once a frame, because it is between calls that the noise changes. */
  fill(pcm: Int16Array, samples: number): void {
    this.#level += (this.#targetLevel - this.#level) * GLIDE;
    const gain = this.#design();
    const memory = this.#memory;
    const filter = this.#filter;
    let seed = this.#seed;
    for (let i = 0; i < samples; i++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      // Evenly spread over -1 to 1: its power is a third.
      let sample = (seed / 2 ** 31 - 1) * gain;
      for (let k = 0; k < MAX_ORDER; k++) sample -= (filter[k] as number) * (memory[k] as number);
      memory.copyWithin(1, 0);
      memory[0] = sample;
      pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(sample)));
    }
    this.#seed = seed;
  }

  /** Step-up recursion from reflection to predictor coefficients; returns the gain that makes the level right. */
  #design(): number {
    const filter = this.#filter;
    const previous = this.#previous;
    let power = 1;
    for (let m = 0; m < MAX_ORDER; m++) {
      this.#reflection[m] =
        (this.#reflection[m] as number) +
        ((this.#target[m] as number) - (this.#reflection[m] as number)) * GLIDE;
      const k = this.#reflection[m] as number;
      previous.set(filter);
      for (let i = 0; i < m; i++) filter[i] = (previous[i] as number) + k * (previous[m - 1 - i] as number);
      filter[m] = k;
      power *= 1 - k * k;
    }
    return this.#level * Math.sqrt(3 * power);
  }
}
