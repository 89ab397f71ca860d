import type { PcmSource } from '../bridge/inserts.ts';

/** A consumer who is muted from the first moment sends nothing: an announcement is not kept back for ever, ms. */
const LONGEST_WAIT_MS = 1_500;

/** Silence until somebody can hear, then for `leadInMs`, then the source: no announcement loses its first word. */
export class WhenHeard implements PcmSource {
  readonly #source: PcmSource;
  readonly #isHeard: () => boolean;
  readonly #leadInMs: number;
  #waitedMs = 0;
  #leftMs: number;

  constructor(source: PcmSource, isHeard: () => boolean, leadInMs: number) {
    this.#source = source;
    this.#isHeard = isHeard;
    this.#leadInMs = leadInMs;
    this.#leftMs = leadInMs;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    const ms = (samples * 1_000) / rate;
    if (!this.#isHeard() && this.#waitedMs < LONGEST_WAIT_MS) {
      this.#waitedMs += ms;
      this.#leftMs = this.#leadInMs;
    } else if (this.#leftMs > 0) this.#leftMs -= ms;
    else return this.#source.read(out, samples, rate);
    out.fill(0, 0, samples);
    return samples;
  }
}
