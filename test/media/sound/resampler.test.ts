import { expect, it } from 'vitest';
import { Resampler, resample } from '../../../src/media/sound/resampler.ts';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/tone/index.ts';

function tone(hz: number, rate: number, seconds = 1): Int16Array {
  const pcm = new Int16Array(rate * seconds);
  new Tone(hz, rate, 0.5).fill(pcm, pcm.length);
  return pcm;
}

/** Without the ends, where the tone begins and stops. */
const middle = (pcm: Int16Array): Int16Array => pcm.subarray(pcm.length >> 3, -(pcm.length >> 3));

const RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const IN_USE = [8_000, 16_000, 48_000];
const pairs = RATES.flatMap((from) => IN_USE.map((to) => [from, to] as const));

it.each(pairs)('keeps frequency, level and length from %i to %i Hz', (from, to) => {
  for (const hz of [300, 1_000, 3_400]) {
    const before = tone(hz, from);
    const after = resample(before, from, to);
    expect(Math.abs(after.length - to)).toBeLessThanOrEqual(1);
    expect(Math.abs(dominantFrequency(middle(after), to) / hz - 1)).toBeLessThan(0.005);
    expect(Math.abs(levelDbfs(middle(after)) - levelDbfs(middle(before)))).toBeLessThan(0.3);
  }
});

it.each(pairs.filter(([from, to]) => from > to))(
  'leaves less than -40 dB of what %i Hz has and %i Hz has not',
  (from, to) => {
    // From just above the new half rate to just below the old one: each would come back as another frequency.
    for (let hz = to / 2 + 25; hz < from / 2; hz += Math.max(50, (from - to) / 20)) {
      const before = tone(hz, from, 0.25);
      const image = levelDbfs(middle(resample(before, from, to)));
      expect(image - levelDbfs(before)).toBeLessThan(-40);
    }
  },
);

it('makes no image of a tone on the way up', () => {
  for (const hz of [500, 2_000, 3_500]) {
    const up = resample(tone(hz, 8_000), 8_000, 48_000);
    const again = tone(hz, 48_000);
    const difference = Int16Array.from(middle(up), (sample, i) => sample - (middle(again)[i] as number));
    expect(levelDbfs(difference) - levelDbfs(again)).toBeLessThan(-40);
  }
});

it('gives the same however the stream is cut', () => {
  const pcm = tone(700, 44_100, 0.3);
  const whole = resample(pcm, 44_100, 8_000);
  const resampler = new Resampler(44_100, 8_000);
  const out = new Int16Array(whole.length + 100);
  let made = 0;
  for (let at = 0, step = 1; at < pcm.length; at += step, step = (step * 7) % 991) {
    const part = pcm.subarray(at, at + step);
    made += resampler.process(part, part.length, out, made);
  }
  made += resampler.flush(out, made);
  expect(made).toBeGreaterThanOrEqual(whole.length);
  expect(out.subarray(0, whole.length)).toEqual(whole);
});

it('does not shift time', () => {
  const click = new Int16Array(4_800);
  click[2_400] = 20_000;
  const down = resample(click, 48_000, 8_000);
  expect(down.indexOf(Math.max(...down))).toBe(400);
});
