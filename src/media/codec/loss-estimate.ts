/** Before the first report: as much as a mobile network may lose. */
const START_PERCENT = 10;
/**
 * Never less, because a bad stretch is reported seconds after it began: with 5 % libopus keeps FEC at 8 kHz, where
 * Meta's 20 kbit/s are enough for both. At 16 kHz it then prefers the bandwidth; from 6 % on it gives some up for FEC.
 */
const MIN_PERCENT = 5;
/** Never more: beyond this libopus spends bits on FEC that the speech itself needs. */
const MAX_PERCENT = 30;
/** Shares of the way to a new report: a bad one is believed soon, a good one late. */
const RISE = 0.5;
const FALL = 0.1;

/** Loss to expect of the way to the receiver of our audio, from its RTCP reports: for OPUS_SET_PACKET_LOSS_PERC. */
export class LossEstimate {
  #percent = START_PERCENT;

  /** Whole percent, 5 to 30. */
  get percent(): number {
    return Math.max(MIN_PERCENT, Math.min(MAX_PERCENT, Math.round(this.#percent)));
  }

  /** @param fractionLost of one report, in 256ths (RFC 3550 section 6.4.1) */
  report(fractionLost: number): void {
    const told = (fractionLost * 100) / 256;
    this.#percent += (told - this.#percent) * (told > this.#percent ? RISE : FALL);
  }
}
