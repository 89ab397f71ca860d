import { dominantFrequency } from '../../src/media/index.ts';

/** Whether the last half second of what somebody heard was that tone. */
export function hears(
  { sampleRate, pcm }: { readonly sampleRate: number; readonly pcm: Int16Array },
  hz: number,
): boolean {
  return Math.abs(dominantFrequency(pcm.subarray(-sampleRate / 2), sampleRate) / hz - 1) < 0.02;
}
