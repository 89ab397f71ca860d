/** -50 dBFS: what nobody hears over a telephone. */
const SILENT_RMS = 104;

/** Root mean square of the first `samples` samples, 0 to 32768. */
export function rms(pcm: Int16Array, samples: number): number {
  let sum = 0;
  for (let i = 0; i < samples; i++) {
    const sample = pcm[i] as number;
    sum += sample * sample;
  }
  return samples > 0 ? Math.sqrt(sum / samples) : 0;
}

/** Silence or comfort noise. */
export function isSilent(pcm: Int16Array, samples: number): boolean {
  return rms(pcm, samples) < SILENT_RMS;
}
