import type { PcmSource } from '../bridge/inserts.ts';

/** The first `ms` milliseconds of a source, cut at a packet. */
export class ForAWhile implements PcmSource {
  readonly #source: PcmSource;
  #leftMs: number;

  constructor(source: PcmSource, ms: number) {
    this.#source = source;
    this.#leftMs = ms;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    if (this.#leftMs <= 0) return 0;
    this.#leftMs -= (samples * 1_000) / rate;
    return this.#source.read(out, samples, rate);
  }
}
