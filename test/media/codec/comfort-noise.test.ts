import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ComfortNoise } from '../../../src/media/codec/index.ts';
import { levelDbfs } from '../../../src/media/tone/index.ts';

const RATE = 8_000;
const FRAME = 160;
const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));

/** Index of a reflection coefficient (RFC 3389 section 3.2). */
const index = (k: number): number => Math.round(127 * k) + 127;

function noise(payload: Uint8Array, frames: number, seed = 1): Int16Array {
  const comfort = new ComfortNoise(seed);
  comfort.update(payload);
  const pcm = new Int16Array(FRAME);
  const all = new Int16Array(FRAME * frames);
  for (let i = 0; i < frames; i++) {
    comfort.fill(pcm, FRAME);
    all.set(pcm, i * FRAME);
  }
  return all;
}

/** dB full scale between two frequencies, by the Fourier sums of Hann-windowed blocks of 32 ms. */
function bandDb(pcm: Int16Array, fromHz: number, toHz: number): number {
  const size = 256;
  let power = 0;
  let blocks = 0;
  for (let at = 0; at + size <= pcm.length; at += size, blocks++) {
    for (let bin = Math.round((fromHz * size) / RATE); bin < (toHz * size) / RATE; bin++) {
      let re = 0;
      let im = 0;
      for (let i = 0; i < size; i++) {
        const sample = (pcm[at + i] as number) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
        re += sample * Math.cos((2 * Math.PI * bin * i) / size);
        im += sample * Math.sin((2 * Math.PI * bin * i) / size);
      }
      power += re * re + im * im;
    }
  }
  return 10 * Math.log10(power / blocks / size ** 2 / 32_768 ** 2);
}

it.each([20, 40, 60, 75])('makes white noise of -%i dBov from a payload of a level alone', (level) => {
  const pcm = noise(Uint8Array.of(level), 100);
  expect(Math.abs(levelDbfs(pcm) + level)).toBeLessThan(0.7);
  const bands = [500, 1_500, 2_500, 3_500].map((hz) => bandDb(pcm, hz - 400, hz + 400));
  // At -75 dB a sample is a step of the converter or two: rounding adds to it.
  expect(Math.max(...bands) - Math.min(...bands)).toBeLessThan(1.5);
});

it.each([
  ['low', -0.8, (low: number, high: number): number => low - high],
  ['high', 0.8, (low: number, high: number): number => high - low],
])('colours it by the reflection coefficients: mostly %s', (_name, k, difference) => {
  const pcm = noise(Uint8Array.of(40, index(k)), 100);
  expect(Math.abs(levelDbfs(pcm) + 40)).toBeLessThan(1);
  expect(difference(bandDb(pcm, 100, 1_000), bandDb(pcm, 3_000, 3_900))).toBeGreaterThan(12);
});

it('sounds like the noise that another encoder described', () => {
  const told = fixture('noise.cn');
  const clean = fixture('noise.s16');
  const original = Int16Array.from({ length: clean.length / 2 }, (_, i) => clean.readInt16LE(i * 2));
  const comfort = new ComfortNoise(9);
  const frame = new Int16Array(FRAME);
  const made: number[] = [];
  for (let at = 0; at + 11 <= told.length; at += 11) {
    comfort.update(told, at, at + 11);
    for (let i = 0; i < 4; i++) {
      comfort.fill(frame, FRAME);
      made.push(...frame);
    }
  }
  const heard = Int16Array.from(made);
  for (const [from, to] of [
    [100, 600],
    [600, 1_200],
    [1_200, 2_000],
    [2_000, 3_800],
  ] as const) {
    expect(Math.abs(bandDb(heard, from, to) - bandDb(original, from, to))).toBeLessThan(3);
  }
});

it('glides to a new level, and begins a new pause at its own', () => {
  const comfort = new ComfortNoise(1);
  const pcm = new Int16Array(FRAME);
  comfort.update(Uint8Array.of(60));
  comfort.fill(pcm, FRAME);
  comfort.update(Uint8Array.of(30));
  const levels = Array.from({ length: 12 }, () => {
    comfort.fill(pcm, FRAME);
    return levelDbfs(pcm);
  });
  expect(levels[0]).toBeLessThan(-33);
  expect(Math.abs((levels[11] ?? 0) + 30)).toBeLessThan(1);
  comfort.active = false;
  comfort.update(Uint8Array.of(70));
  comfort.fill(pcm, FRAME);
  expect(Math.abs(levelDbfs(pcm) + 70)).toBeLessThan(1.5);
});

it('stays bounded whatever the payload says, and knows an empty one', () => {
  expect(new ComfortNoise(1).update(new Uint8Array(0))).toBe(false);
  let seed = 3;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 24;
  };
  for (let i = 0; i < 300; i++) {
    const payload = Uint8Array.from({ length: 1 + (random() % 40) }, random);
    payload[0] = 40;
    const comfort = new ComfortNoise(i);
    comfort.update(payload);
    const pcm = new Int16Array(1_600);
    for (let k = 0; k < 5; k++) comfort.fill(pcm, pcm.length);
    expect(levelDbfs(pcm)).toBeLessThan(-25);
  }
});

it('uses bounds within a packet', () => {
  const within = noise(Uint8Array.of(30), 5);
  const comfort = new ComfortNoise(1);
  comfort.update(Uint8Array.of(99, 99, 30, 99), 2, 3);
  const pcm = new Int16Array(FRAME);
  comfort.fill(pcm, FRAME);
  expect(pcm).toEqual(within.subarray(0, FRAME));
});
