import { expect, it } from 'vitest';
import { TONE_PLAN_NAMES, type TonePlanName, toneSteps } from '../../../src/media/sound/tone-plan.ts';
import { ToneSource } from '../../../src/media/sound/tone-source.ts';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/tone/index.ts';

const RATES = [8_000, 16_000, 48_000];

/** Read as the tick does, 20 ms at a time. */
function hear(source: ToneSource, rate: number, ms: number): Int16Array {
  const pcm = new Int16Array((rate * ms) / 1_000);
  const frame = new Int16Array(rate / 50);
  for (let at = 0; at < pcm.length; at += frame.length) {
    const made = source.read(frame, frame.length, rate);
    pcm.set(frame.subarray(0, made), at);
    if (made < frame.length) return pcm.subarray(0, at + made);
  }
  return pcm;
}

/** Level of one frequency, dB below that of the tone itself: what a band-pass filter would leave. */
function has(pcm: Int16Array, hz: number, rate: number): boolean {
  let [re, im] = [0, 0];
  for (let i = 0; i < pcm.length; i++) {
    re += (pcm[i] as number) * Math.cos((2 * Math.PI * hz * i) / rate);
    im += (pcm[i] as number) * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return Math.hypot(re, im) / pcm.length > 500;
}

const tone = (name: 'ringback' | 'busy' | 'congestion', plan: TonePlanName): ToneSource =>
  new ToneSource({ steps: toneSteps(name, plan), levelDb: -20, loop: true });

const ALL = TONE_PLAN_NAMES.flatMap((plan) =>
  (['ringback', 'busy', 'congestion'] as const).flatMap((name) =>
    RATES.map((rate) => [plan, name, rate] as const),
  ),
);

it.each(ALL)('%s %s at %i Hz has its frequencies and its cadence, again and again', (plan, name, rate) => {
  const steps = toneSteps(name, plan);
  const round = steps.reduce((sum, { ms }) => sum + ms, 0);
  const pcm = hear(tone(name, plan), rate, Math.ceil((2 * round) / 20) * 20);
  for (const start of [0, round]) {
    let at = start;
    for (const { hz, ms } of steps) {
      const part = pcm.subarray((at * rate) / 1_000, ((at + ms) * rate) / 1_000);
      if (hz.length === 0) expect(levelDbfs(part)).toBe(-Infinity);
      for (const each of hz) expect(has(part, each, rate)).toBe(true);
      // Two tones of one level: either may be the stronger by a hair.
      if (hz.length > 0)
        expect(hz.some((each) => Math.abs(dominantFrequency(part, rate) / each - 1) < 0.02)).toBe(true);
      at += ms;
    }
  }
});

it('has the level it was asked for', () => {
  const steady = new ToneSource({ steps: [{ hz: [425], ms: 60_000 }], levelDb: -20, loop: true });
  // The level of a sine is 3 dB below its peak.
  expect(levelDbfs(hear(steady, 8_000, 2_000))).toBeCloseTo(-23, 0);
});

it('begins and ends without a click', () => {
  for (const rate of RATES) {
    const pcm = hear(tone('busy', 'generic'), rate, 1_000);
    const sine = new Int16Array(rate);
    new Tone(425, rate, 0.1).fill(sine, rate);
    const steepest = (all: Int16Array): number =>
      all.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (all[i - 1] ?? 0))), 0);
    // Nowhere steeper than the tone itself.
    expect(steepest(pcm)).toBeLessThanOrEqual(steepest(sine) + 2);
  }
});

it('beeps once and is over', () => {
  const beep = new ToneSource({ steps: toneSteps('beep', 'us'), levelDb: -20, loop: false });
  const pcm = hear(beep, 8_000, 1_000);
  expect(pcm.length).toBe(3_200);
  expect(Math.abs(dominantFrequency(pcm, 8_000) - 1_400)).toBeLessThan(5);
  expect(beep.read(new Int16Array(160), 160, 8_000)).toBe(0);
});

it('keeps its place in the cadence when the codec changes', () => {
  const source = tone('busy', 'generic');
  hear(source, 8_000, 400);
  const rest = hear(source, 16_000, 600);
  expect(levelDbfs(rest.subarray(0, 1_500))).toBeGreaterThan(-30);
  expect(levelDbfs(rest.subarray(1_650, 9_500))).toBe(-Infinity);
});
