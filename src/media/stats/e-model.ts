/** What ITU-T G.113 calls equipment impairment: of the codec itself, and how well it bears loss. */
interface Impairment {
  readonly ie: number;
  readonly bpl: number;
}

/**
 * G.711 with concealment: G.113 appendix I. The others have no value on this narrowband scale. Wideband speech is
 * better than G.711, so their Ie is 0 (the scale's end); their robustness is taken to be G.729A's 19, a codec that
 * predicts and conceals like them. These are assumptions: compare calls of one codec, not codecs by them.
 */
const IMPAIRMENTS: Readonly<Record<string, Impairment>> = {
  PCMU: { ie: 0, bpl: 25.1 },
  PCMA: { ie: 0, bpl: 25.1 },
  L16: { ie: 0, bpl: 25.1 },
  G722: { ie: 0, bpl: 19 },
  opus: { ie: 0, bpl: 19 },
};

/** G.107 default values: basic signal-to-noise ratio less simultaneous impairment, echo losses in dB. */
const RO = 94.77;
const IS = 1.41;
const TELR = 65;
const WEPL = 110;

export interface Quality {
  /** G.107 rating, 0 to 93.2. */
  readonly rating: number;
  /** Mean opinion score of a conversation (MOS-CQE), 1 to 4.41. */
  readonly mos: number;
}

/**
 * The E-model of ITU-T G.107 with its default values, for what network and codec do.
 * @param lossShare of the speech that had to be made up, 0 to 1
 * @param burstRatio mean length of a loss over that of random loss (G.107 BurstR), at least 1
 * @param delayMs from mouth to ear, one way
 */
export function eModel(codec: string, lossShare: number, burstRatio: number, delayMs: number): Quality {
  const { ie, bpl } = IMPAIRMENTS[codec] ?? { ie: 0, bpl: 19 };
  const percent = 100 * Math.min(1, Math.max(0, lossShare));
  const ieEff = ie + ((95 - ie) * percent) / (percent / Math.max(1, burstRatio) + bpl);
  const rating = Math.min(93.2, Math.max(0, RO - IS - delayImpairment(Math.max(0, delayMs)) - ieEff));
  return { rating, mos: mosOf(rating) };
}

/** G.107 annex B. */
export function mosOf(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/** Id = talker echo + listener echo + delay itself (G.107 section 7.4). */
function delayImpairment(ms: number): number {
  const terv = TELR - 40 * Math.log10((1 + ms / 10) / (1 + ms / 150)) + 6 * Math.exp(-0.3 * ms * ms);
  const re = 80 + 2.5 * (terv - 14);
  const idte = (half(RO - re, 100) - 1) * (1 - Math.exp(-ms));
  const rle = 10.5 * (WEPL + 7) * (2 * ms + 1) ** -0.25;
  const idle = half(RO - rle, 169);
  if (ms <= 100) return idte + idle;
  const x = Math.log2(ms / 100);
  return idte + idle + 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

function half(difference: number, constant: number): number {
  return difference / 2 + Math.sqrt((difference * difference) / 4 + constant);
}
