const SIZE = 512;
/** 1 ms: sounds that are shifted by less differ by nothing that counts. */
const HOP = 16;
/** Frames are compared every 16 ms; delays are tried in such steps first. */
const EVERY = 16;
/** Band edges, Hz: about a third of an octave, 100 Hz to 7 kHz. */
const EDGES = [
  100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320, 2_700, 3_150, 3_700,
  4_400, 5_300, 6_400, 7_000,
];
const RATE = 16_000;
const BANDS = EDGES.length - 1;
/** Quieter than this, dB re full scale of a band, is all the same silence. */
const FLOOR_DB = -70;
/** A stretch is compared at the delay that suits it best, as PESQ aligns utterances: buffers move in time. */
const STRETCH_MS = 400;
const LAG_MS = [-300, 700] as const;

/** Band levels in dB every millisecond. */
function spectra(pcm: Int16Array): Float32Array {
  const frames = Math.max(0, Math.floor((pcm.length - SIZE) / HOP));
  const out = new Float32Array(frames * BANDS);
  const [re, im] = [new Float64Array(SIZE), new Float64Array(SIZE)];
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < SIZE; i++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE);
      re[i] = ((pcm[frame * HOP + i] as number) / 32_768) * window;
      im[i] = 0;
    }
    fft(re, im);
    for (let band = 0; band < BANDS; band++) {
      const from = Math.ceil(((EDGES[band] as number) * SIZE) / RATE);
      const to = Math.max(from + 1, Math.ceil(((EDGES[band + 1] as number) * SIZE) / RATE));
      let power = 0;
      for (let k = from; k < to; k++) power += (re[k] as number) ** 2 + (im[k] as number) ** 2;
      out[frame * BANDS + band] = Math.max(FLOOR_DB, 10 * Math.log10(power / SIZE + 1e-12));
    }
  }
  return out;
}

/**
 * Log-spectral distance in dB between what was heard and the clean signal, both 16 kHz: the root mean square difference
 * of 20 bands' levels, every 16 ms where somebody speaks, mean over all such frames; each stretch of 400 ms at the
 * delay that suits it best. 0 is the same; what is missing altogether counts some 30. No model of hearing: it tells
 * what was concealed well from what was not, for signals out of the same decoder.
 */
export class LogSpectralDistance {
  readonly #clean: Float32Array;

  constructor(clean: Int16Array) {
    this.#clean = spectra(clean);
  }

  /** dB; NaN when nobody speaks. */
  of(heard: Int16Array): number {
    const [a, b] = [this.#clean, spectra(heard)];
    const stretch = Math.round((STRETCH_MS * 16) / HOP);
    const [first, last] = LAG_MS.map((ms) => Math.round((ms * 16) / HOP)) as [number, number];
    let sum = 0;
    let count = 0;
    for (let from = 0; from + stretch <= a.length / BANDS; from += stretch) {
      const spoken = frameCount(a, from, stretch);
      if (spoken === 0) continue;
      // Coarse first: levels change slowly.
      const near = bestLag(a, b, from, stretch, first, last, EVERY);
      sum += near.distance;
      count += spoken;
      const exact = bestLag(a, b, from, stretch, near.lag - EVERY, near.lag + EVERY, 1);
      sum += Math.min(0, exact.distance - near.distance);
    }
    return count > 0 ? sum / count : Number.NaN;
  }
}

function bestLag(
  a: Float32Array,
  b: Float32Array,
  from: number,
  stretch: number,
  first: number,
  last: number,
  step: number,
): { readonly lag: number; readonly distance: number } {
  const available = b.length / BANDS;
  let best = { lag: first, distance: Infinity };
  for (let lag = first; lag <= last; lag += step) {
    let distance = 0;
    for (let frame = from; frame < from + stretch && distance < best.distance; frame += EVERY) {
      if (!speaks(a, frame)) continue;
      const at = frame + lag;
      distance += at >= 0 && at < available ? distanceOf(a, frame, b, at) : -FLOOR_DB / 2;
    }
    if (distance < best.distance) best = { lag, distance };
  }
  return best;
}

function frameCount(a: Float32Array, from: number, stretch: number): number {
  let count = 0;
  for (let frame = from; frame < from + stretch; frame += EVERY) if (speaks(a, frame)) count += 1;
  return count;
}

function speaks(levels: Float32Array, frame: number): boolean {
  let loudest = FLOOR_DB;
  for (let band = 0; band < BANDS; band++)
    loudest = Math.max(loudest, levels[frame * BANDS + band] as number);
  return loudest > -40;
}

function distanceOf(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let sum = 0;
  for (let band = 0; band < BANDS; band++) {
    const difference = (a[i * BANDS + band] as number) - (b[j * BANDS + band] as number);
    sum += difference * difference;
  }
  return Math.sqrt(sum / BANDS);
}

/** In place, radix 2. */
function fft(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1;
    for (let k = 0; k < half; k++) {
      const angle = (-2 * Math.PI * k) / size;
      const [wr, wi] = [Math.cos(angle), Math.sin(angle)];
      for (let i = k; i < n; i += size) {
        const j = i + half;
        const [xr, xi] = [re[j] as number, im[j] as number];
        const [tr, ti] = [xr * wr - xi * wi, xr * wi + xi * wr];
        re[j] = (re[i] as number) - tr;
        im[j] = (im[i] as number) - ti;
        re[i] = (re[i] as number) + tr;
        im[i] = (im[i] as number) + ti;
      }
    }
  }
}
