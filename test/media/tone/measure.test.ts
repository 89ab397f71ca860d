import { expect, it } from 'vitest';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/tone/index.ts';

const tone = (hz: number, sampleRate: number, seconds = 1, level = 0.3): Int16Array => {
  const pcm = new Int16Array(Math.round(sampleRate * seconds));
  new Tone(hz, sampleRate, level).fill(pcm, pcm.length);
  return pcm;
};

it.each([
  [8_000, 61.7],
  [8_000, 440],
  [8_000, 3_400],
  [16_000, 620],
  [16_000, 6_999.9],
  [48_000, 1_004],
])('finds a tone at %i Hz of %d Hz within half a percent', (sampleRate, hz) => {
  expect(Math.abs(dominantFrequency(tone(hz, sampleRate), sampleRate) / hz - 1)).toBeLessThan(0.005);
});

it('finds the stronger of two, and not the hum below 60 Hz', () => {
  const [weak, strong, hum] = [tone(500, 8_000, 1, 0.1), tone(900, 8_000, 1, 0.2), tone(50, 8_000, 1, 0.5)];
  const mixed = strong.map((sample, i) => sample + (weak[i] ?? 0) + (hum[i] ?? 0));
  expect(Math.abs(dominantFrequency(mixed, 8_000) / 900 - 1)).toBeLessThan(0.005);
});

it('hears nothing in silence, and nothing in less than 64 ms', () => {
  expect(dominantFrequency(new Int16Array(8_000), 8_000)).toBe(0);
  expect(dominantFrequency(tone(440, 8_000, 1, 0.0005), 8_000)).toBe(0);
  expect(dominantFrequency(tone(440, 8_000, 0.06), 8_000)).toBe(0);
  expect(dominantFrequency(tone(440, 8_000, 0.07), 8_000)).toBeGreaterThan(400);
});

it('measures level: a full sine has -3 dB, half of it 6 dB less, silence none', () => {
  expect(levelDbfs(tone(1_000, 8_000, 1, 1))).toBeCloseTo(-3.01, 1);
  expect(levelDbfs(tone(1_000, 8_000, 1, 0.5))).toBeCloseTo(-9.03, 1);
  expect(levelDbfs(new Int16Array(80))).toBe(-Infinity);
  expect(levelDbfs(new Int16Array())).toBe(-Infinity);
});

it('goes on where it left off: frames make one sine', () => {
  const whole = tone(437, 8_000, 0.1);
  const source = new Tone(437, 8_000);
  const frame = new Int16Array(160);
  const frames = Array.from({ length: 5 }, () => {
    source.fill(frame, 160);
    return [...frame];
  }).flat();
  const furthest = Math.max(...frames.map((sample, i) => Math.abs(sample - (whole[i] ?? 0))));
  expect(furthest).toBeLessThanOrEqual(1);
});
