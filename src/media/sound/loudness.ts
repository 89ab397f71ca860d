/** -48 dB below full scale: above comfort noise and hum, below a voice. Mean square of samples. */
const LOUD = 32_768 ** 2 * 10 ** -4.8;

/** Whether there is a voice or music in it, rather than silence or comfort noise. */
export function isLoud(pcm: Int16Array, samples: number): boolean {
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += (pcm[i] as number) * (pcm[i] as number);
  return sum > LOUD * samples;
}
