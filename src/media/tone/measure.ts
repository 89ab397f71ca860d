/** Level of `pcm` in dB below full scale; -Infinity for digital silence. */
export function levelDbfs(pcm: Int16Array): number {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return pcm.length === 0 || sum === 0 ? -Infinity : 10 * Math.log10(sum / pcm.length / 32_768 ** 2);
}

/**
 * The strongest frequency in Hz: peak of a Hann-windowed FFT with parabolic interpolation, within 0.5 % for a
 * tone of a second. 0 for silence (below -60 dBFS) and for less than 64 ms of sound.
 */
export function dominantFrequency(pcm: Int16Array, sampleRate: number): number {
  if (pcm.length < sampleRate * 0.064 || levelDbfs(pcm) < -60) return 0;
  const size = 2 ** Math.min(16, Math.floor(Math.log2(pcm.length)));
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  const offset = (pcm.length - size) >> 1;
  for (let i = 0; i < size; i++) {
    re[i] = (pcm[offset + i] as number) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  }
  fft(re, im);
  const power = (bin: number): number => (re[bin] as number) ** 2 + (im[bin] as number) ** 2;
  // Below 60 Hz there is hum and offset, no tone of telephony.
  let peak = Math.max(2, Math.ceil((60 * size) / sampleRate));
  for (let bin = peak; bin < size / 2 - 1; bin++) if (power(bin) > power(peak)) peak = bin;
  const [left, middle, right] = [peak - 1, peak, peak + 1].map((bin) => Math.log(power(bin) + 1e-9)) as [
    number,
    number,
    number,
  ];
  const curve = left - 2 * middle + right;
  const shift = curve === 0 ? 0 : (left - right) / (2 * curve);
  return ((peak + shift) * sampleRate) / size;
}

/** In-place radix-2 FFT; the length is a power of two. */
function fft(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < length / 2; k++) {
        const cos = Math.cos(angle * k);
        const sin = Math.sin(angle * k);
        const a = start + k;
        const b = a + length / 2;
        const tre = (re[b] as number) * cos - (im[b] as number) * sin;
        const tim = (re[b] as number) * sin + (im[b] as number) * cos;
        re[b] = (re[a] as number) - tre;
        im[b] = (im[a] as number) - tim;
        re[a] = (re[a] as number) + tre;
        im[a] = (im[a] as number) + tim;
      }
    }
  }
}
