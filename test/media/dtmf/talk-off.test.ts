import { expect, it } from 'vitest';
import { detected, gaussian, seeded } from './signals.ts';

const SECONDS = 120;

/**
 * Speech-like sound: a glottal pulse train whose pitch glides (80 to 300 Hz), through three formants that move from
 * vowel to vowel, with pauses and unvoiced noise between. Formants are at those of Peterson and Barney (1952).
 */
function speech(rate: number, seed: number): Int16Array {
  const random = seeded(seed);
  const vowels: readonly (readonly [number, number, number])[] = [
    [270, 2290, 3010],
    [390, 1990, 2550],
    [530, 1840, 2480],
    [660, 1720, 2410],
    [730, 1090, 2440],
    [570, 840, 2410],
    [440, 1020, 2240],
    [300, 870, 2240],
    [640, 1190, 2390],
    [490, 1350, 1690],
  ];
  const pcm = new Int16Array(rate * SECONDS);
  const state = [0, 0, 0, 0, 0, 0];
  let [formants, next] = [vowels[0], vowels[1]];
  let left = 0;
  let length = 1;
  let pitch = 120;
  let glide = 0;
  let phase = 0;
  let kind: 'voiced' | 'noise' | 'pause' = 'voiced';
  let gain = 1;
  for (let i = 0; i < pcm.length; i++) {
    if (left === 0) {
      length = Math.round(rate * (0.06 + random() * 0.3));
      left = length;
      formants = next;
      next = vowels[Math.floor(random() * vowels.length)];
      const die = random();
      kind = die < 0.75 ? 'voiced' : die < 0.9 ? 'noise' : 'pause';
      pitch = 80 + random() * 220;
      glide = ((random() - 0.5) * 0.6 * pitch) / length;
      gain = 0.2 + random();
    }
    left -= 1;
    pitch += glide;
    phase += pitch / rate;
    let excitation = kind === 'noise' ? gaussian(random) * 0.2 : 0;
    if (phase >= 1) {
      phase -= 1;
      if (kind === 'voiced') excitation += 6;
    }
    let out = 0;
    const mix = 1 - left / length;
    for (let f = 0; f < 3; f++) {
      const hz = ((formants?.[f] ?? 500) * (1 - mix) + (next?.[f] ?? 500) * mix) as number;
      const radius = Math.exp((-Math.PI * (50 + 30 * f)) / rate);
      const y: number =
        excitation +
        2 * radius * Math.cos((2 * Math.PI * hz) / rate) * (state[2 * f] as number) -
        radius * radius * (state[2 * f + 1] as number);
      state[2 * f + 1] = state[2 * f] as number;
      state[2 * f] = y;
      out += y * (1 - 0.3 * f) * (1 - radius);
    }
    pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(out * gain * 30_000)));
  }
  return pcm;
}

/** Chords of a few instruments with harmonics and decays, equal temperament from A2 to A6: many near key tones. */
function music(rate: number, seed: number): Int16Array {
  const random = seeded(seed);
  const sum = new Float64Array(rate * SECONDS);
  for (let at = 0; at < sum.length; at += Math.round(rate * (0.1 + 0.2 * random()))) {
    for (let note = 0; note < 3; note++) {
      const hz = 110 * 2 ** (Math.floor(random() * 48) / 12);
      const decay = (1 + 6 * random()) / rate;
      const bright = 0.1 + 0.6 * random();
      const count = Math.min(sum.length - at, Math.round(rate * 0.6));
      for (let harmonic = 1; harmonic <= 4 && hz * harmonic < rate / 2; harmonic++) {
        const step = (2 * Math.PI * hz * harmonic) / rate;
        const peak = 2_500 * bright ** (harmonic - 1);
        for (let i = 0; i < count; i++) {
          sum[at + i] = (sum[at + i] as number) + peak * Math.exp(-decay * i) * Math.sin(step * i);
        }
      }
    }
  }
  return Int16Array.from(sum, (value) => Math.max(-32_768, Math.min(32_767, value)));
}

function noise(rate: number, seed: number): Int16Array {
  const random = seeded(seed);
  return Int16Array.from({ length: rate * SECONDS }, () => gaussian(random) * 6_000);
}

it.each([
  ['speech-like sound', speech],
  ['music', music],
  ['white noise', noise],
] as const)('takes no part of %s for a key, two minutes each at 8 and 16 kHz', (_, make) => {
  for (const rate of [8_000, 16_000]) expect(detected(make(rate, 11), rate)).toEqual([]);
});
