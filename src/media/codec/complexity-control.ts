/**
 * The steps taken: between neighbours a transcoded call's cost grows by 1.6 at most (bench `transcode` and libopus
 * itself), so that a step up from below RAISE_BELOW never ends above LOWER_ABOVE.
 */
const STEPS: readonly number[] = [0, 1, 2, 4, 6, 8, 10];
const RAISE_BELOW = 0.35;
const LOWER_ABOVE = 0.65;
/** There is no time left for steps. */
const OVERLOAD = 0.85;
/** A whole frame late while busy: others are heard waiting. Late alone may be one handshake of DTLS. */
const LATE_MS = 20;
const LATE_SHARE = 0.5;
/** Quiet observations in a row before a step up. */
const PATIENCE = 5;

/**
 * libopus complexity for a worker's calls by its load: high while it idles, low when it is busy. Pure: told of the load
 * once a second.
 */
export class ComplexityControl {
  readonly #steps: readonly number[];
  #at: number;
  #quiet = 0;

  /** @param max 0 to 10; where it begins, and above which it never goes */
  constructor(max: number) {
    this.#steps = [...STEPS.filter((step) => step < max), max];
    this.#at = this.#steps.length - 1;
  }

  get complexity(): number {
    return this.#steps[this.#at] as number;
  }

  /**
   * @param cpuShare of one core that the thread used since the last call, 0 to 1
   * @param lateMs of its worst tick meanwhile
   * @returns what is to be used from now on
   */
  observe(cpuShare: number, lateMs: number): number {
    this.#quiet = cpuShare < RAISE_BELOW ? this.#quiet + 1 : 0;
    if (cpuShare > OVERLOAD || (lateMs > LATE_MS && cpuShare > LATE_SHARE)) this.#at = 0;
    else if (cpuShare > LOWER_ABOVE) this.#at = Math.max(0, this.#at - 1);
    else if (this.#quiet >= PATIENCE) {
      this.#quiet = 0;
      this.#at = Math.min(this.#steps.length - 1, this.#at + 1);
    }
    return this.complexity;
  }
}
