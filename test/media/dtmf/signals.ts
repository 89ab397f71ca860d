import { DtmfDetector } from '../../../src/media/dtmf/detector.ts';
import { tonesOf } from '../../../src/media/dtmf/keys.ts';

/** Uniform in [0, 1), the same every time (Numerical Recipes' LCG). */
export function seeded(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

export interface ToneOptions {
  /** Of each tone, dBm0. Default -10. */
  readonly dbm0?: number;
  /** High over low tone, dB: half of it is taken from the low one. */
  readonly twistDb?: number;
  /** Off their frequencies, as a part of them. */
  readonly lowOff?: number;
  readonly highOff?: number;
  /** Of both tones over white noise in the whole band, dB. */
  readonly snrDb?: number;
  /** Silence (or noise) before and behind, ms. Default 60. */
  readonly gapMs?: number;
  readonly random?: () => number;
}

/** One key between two gaps. */
export function key(rate: number, code: number, ms: number, options: ToneOptions = {}): Int16Array {
  const {
    dbm0 = -10,
    twistDb = 0,
    lowOff = 0,
    highOff = 0,
    snrDb,
    gapMs = 60,
    random = seeded(code + 1),
  } = options;
  const { lowHz, highHz } = tonesOf(code);
  const count = Math.round((rate * ms) / 1000);
  // The tone may begin anywhere in the detector's blocks.
  const begins = Math.round((rate * gapMs) / 1000) + Math.floor(random() * rate * 0.004);
  const pcm = new Int16Array(begins + count + Math.round((rate * gapMs) / 1000));
  const peak = 32_768 * 10 ** ((dbm0 - 3.17) / 20);
  const [low, high] = [peak * 10 ** (-twistDb / 40), peak * 10 ** (twistDb / 40)];
  const noise = snrDb === undefined ? 0 : Math.sqrt(((low * low + high * high) / 2) * 10 ** (-snrDb / 10));
  const [phaseLow, phaseHigh] = [random() * 7, random() * 7];
  for (let i = 0; i < pcm.length; i++) {
    let value = noise === 0 ? 0 : gaussian(random) * noise;
    const t = i - begins;
    if (t >= 0 && t < count) {
      value += low * Math.sin((2 * Math.PI * lowHz * (1 + lowOff) * t) / rate + phaseLow);
      value += high * Math.sin((2 * Math.PI * highHz * (1 + highOff) * t) / rate + phaseHigh);
    }
    pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(value)));
  }
  return pcm;
}

export function joined(...pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export interface DetectedKey {
  readonly code: number;
  readonly ms: number;
}

/** What a detector tells of `pcm`, fed in frames of 20 ms. */
export function detected(pcm: Int16Array, rate: number): DetectedKey[] {
  const keys: DetectedKey[] = [];
  const detector = new DtmfDetector((step, code, ms) => {
    if (step === 'end') keys.push({ code, ms });
  });
  const frame = rate / 50;
  for (let at = 0; at < pcm.length; at += frame) {
    const piece = pcm.subarray(at, at + frame);
    detector.write(piece, piece.length, rate, (at * 1000) / rate);
  }
  detector.reset((pcm.length * 1000) / rate);
  return keys;
}
