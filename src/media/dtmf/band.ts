import { Goertzel } from './goertzel.ts';

/** Blocks that make one window: 12 ms, seen every 4 ms. */
export const WINDOW_BLOCKS = 3;

/** The share of one key frequency in a window that moves by one block. */
export class Band {
  /** Of the window, squared magnitude of the DFT. */
  power = 0;
  readonly hz: number;
  readonly #goertzel = new Goertzel();
  readonly #rotateRe: number;
  readonly #rotateIm: number;
  readonly #hzARadian: number;
  readonly #re = new Float64Array(WINDOW_BLOCKS);
  readonly #im = new Float64Array(WINDOW_BLOCKS);
  #windowRe = 0;
  #windowIm = 0;
  #driftRe = 0;
  #driftIm = 0;
  /** Of this window against the one before it. */
  #turnRe = 0;
  #turnIm = 0;

  /** @param hz frequency @param rate Hz @param block samples */
  constructor(hz: number, rate: number, block: number) {
    this.hz = hz;
    this.#goertzel.tune(hz, rate);
    const angle = (2 * Math.PI * hz * block) / rate;
    this.#rotateRe = Math.cos(angle);
    this.#rotateIm = Math.sin(angle);
    this.#hzARadian = rate / (2 * Math.PI * block);
  }

  /** Moves the window on by the block `samples[from, from + count)`. */
  step(samples: Float64Array, from: number, count: number): void {
    const goertzel = this.#goertzel;
    goertzel.measure(samples, from, count);
    const rotateRe = this.#rotateRe;
    const rotateIm = this.#rotateIm;
    let sumRe = 0;
    let sumIm = 0;
    for (let i = 0; i < WINDOW_BLOCKS; i++) {
      // Horner: each older block is turned once more by the length of a block.
      if (i + 1 < WINDOW_BLOCKS) {
        this.#re[i] = this.#re[i + 1] as number;
        this.#im[i] = this.#im[i + 1] as number;
      } else {
        this.#re[i] = goertzel.re;
        this.#im[i] = goertzel.im;
      }
      const turned = sumRe * rotateRe - sumIm * rotateIm + (this.#re[i] as number);
      sumIm = sumRe * rotateIm + sumIm * rotateRe + (this.#im[i] as number);
      sumRe = turned;
    }
    // How much farther than this frequency the phase went in one block: the drift, once the steady turn is taken off.
    const goneRe = sumRe * this.#windowRe + sumIm * this.#windowIm;
    const goneIm = sumIm * this.#windowRe - sumRe * this.#windowIm;
    this.#turnRe = goneRe * rotateRe + goneIm * rotateIm;
    this.#turnIm = goneIm * rotateRe - goneRe * rotateIm;
    this.#windowRe = sumRe;
    this.#windowIm = sumIm;
    this.power = sumRe * sumRe + sumIm * sumIm;
  }

  /** A tone begins with this window: the drift is measured from here. */
  begin(): void {
    this.#driftRe = 0;
    this.#driftIm = 0;
  }

  /** The tone goes on in this window. */
  follow(): void {
    this.#driftRe += this.#turnRe;
    this.#driftIm += this.#turnIm;
  }

  /** How far the tone is from this band's frequency, Hz, signed. */
  get driftHz(): number {
    return Math.atan2(this.#driftIm, this.#driftRe) * this.#hzARadian;
  }
}
