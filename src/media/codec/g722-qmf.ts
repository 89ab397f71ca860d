/** Taps of the quadrature mirror filter; its second half is the mirror of the first. */
const TAPS = 24;
const SAMPLES = 480;

/** The 24-tap quadrature mirror filter of ITU-T G.722: its history, two samples a step. */
export class Qmf {
  readonly #x = new Int32Array(TAPS + SAMPLES);
  #end = TAPS;
  /** Sums over the even and odd taps after the last `push`. */
  even = 0;
  odd = 0;

  push(first: number, second: number): void {
    const x = this.#x;
    let end = this.#end;
    if (end === x.length) {
      x.copyWithin(0, end - TAPS + 2);
      end = TAPS - 2;
    }
    x[end] = first;
    x[end + 1] = second;
    this.#end = end + 2;
    const at = end - TAPS + 2;
    this.odd =
      Math.imul(x[at] as number, 3) +
      Math.imul(x[at + 2] as number, -11) +
      Math.imul(x[at + 4] as number, 12) +
      Math.imul(x[at + 6] as number, 32) +
      Math.imul(x[at + 8] as number, -210) +
      Math.imul(x[at + 10] as number, 951) +
      Math.imul(x[at + 12] as number, 3_876) +
      Math.imul(x[at + 14] as number, -805) +
      Math.imul(x[at + 16] as number, 362) +
      Math.imul(x[at + 18] as number, -156) +
      Math.imul(x[at + 20] as number, 53) +
      Math.imul(x[at + 22] as number, -11);
    this.even =
      Math.imul(x[at + 1] as number, -11) +
      Math.imul(x[at + 3] as number, 53) +
      Math.imul(x[at + 5] as number, -156) +
      Math.imul(x[at + 7] as number, 362) +
      Math.imul(x[at + 9] as number, -805) +
      Math.imul(x[at + 11] as number, 3_876) +
      Math.imul(x[at + 13] as number, 951) +
      Math.imul(x[at + 15] as number, -210) +
      Math.imul(x[at + 17] as number, 32) +
      Math.imul(x[at + 19] as number, 12) +
      Math.imul(x[at + 21] as number, -11) +
      Math.imul(x[at + 23] as number, 3);
  }
}
