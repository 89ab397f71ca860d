import { expect, it } from 'vitest';
import { DtmfGenerator } from '../../../src/media/dtmf/generator.ts';
import { DTMF_KEYS, tonesOf } from '../../../src/media/dtmf/keys.ts';
import { detected } from './signals.ts';

/** All that the source says, in frames of 20 ms. */
function drained(generator: DtmfGenerator, rate: number): Int16Array {
  const out: number[] = [];
  const frame = new Int16Array(rate / 50);
  for (;;) {
    const made = generator.read(frame, frame.length, rate);
    out.push(...frame.subarray(0, made));
    if (made < frame.length) return Int16Array.from(out);
  }
}

/** Level of one frequency, dBm0: DFT over whole of `pcm`. */
function dbm0(pcm: Int16Array, hz: number, rate: number): number {
  let [re, im] = [0, 0];
  for (let i = 0; i < pcm.length; i++) {
    re += (pcm[i] as number) * Math.cos((2 * Math.PI * hz * i) / rate);
    im += (pcm[i] as number) * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return 20 * Math.log10((2 * Math.hypot(re, im)) / pcm.length / 32_768) + 3.17;
}

it.each([8_000, 16_000, 48_000])('makes all keys at %i Hz so that a detector reads them in order', (rate) => {
  const generator = new DtmfGenerator();
  for (let code = 0; code < 16; code++) generator.press(code, 70);
  const keys = detected(drained(generator, rate), rate);
  expect(keys.map(({ code }) => DTMF_KEYS[code]).join('')).toBe(DTMF_KEYS);
  expect(generator.active).toBe(false);
});

it('has the levels of ES 201 235-2: the low tone at -8.8, the high one at -6.8 dBm0', () => {
  for (let code = 0; code < 16; code++) {
    const generator = new DtmfGenerator();
    generator.press(code, 400);
    const middle = drained(generator, 8_000).subarray(400, 2_800);
    const { lowHz, highHz } = tonesOf(code);
    expect(dbm0(middle, lowHz, 8_000)).toBeCloseTo(-8.8, 0);
    expect(dbm0(middle, highHz, 8_000)).toBeCloseTo(-6.8, 0);
  }
});

it('sounds as long as the key is down, at least 70 ms, with at least 70 ms of silence behind', () => {
  const rate = 8_000;
  const frame = new Int16Array(160);
  const generator = new DtmfGenerator();
  generator.press(5);
  const out: number[] = [];
  for (let n = 0; n < 60; n++) {
    if (n === 15) generator.release();
    if (n === 20) generator.press(6);
    if (n === 21) generator.release();
    if (n === 22) generator.press(6, 10);
    const made = generator.read(frame, 160, rate);
    out.push(...frame.subarray(0, made), ...new Int16Array(160 - made));
  }
  const keys = detected(Int16Array.from(out), rate);
  expect(keys.map(({ code }) => code)).toEqual([5, 6, 6]);
  expect(Math.abs((keys[0]?.ms ?? 0) - 300)).toBeLessThan(12);
  for (const { ms } of keys.slice(1)) expect(ms).toBeGreaterThanOrEqual(60);
});

it('lets go of a key that still waits for its turn', () => {
  const generator = new DtmfGenerator();
  generator.press(1, 100);
  generator.press(2);
  generator.release(120);
  const keys = detected(drained(generator, 8_000), 8_000);
  expect(keys.map(({ code }) => code)).toEqual([1, 2]);
  expect(Math.abs((keys[1]?.ms ?? 0) - 120)).toBeLessThan(12);
});

it('does not click: no step larger than the tone itself makes, and it begins and ends at nothing', () => {
  const generator = new DtmfGenerator();
  generator.press(15, 100);
  const pcm = drained(generator, 8_000);
  const steps = (from: number, to: number): number => {
    let largest = 0;
    for (let i = from + 1; i < to; i++) {
      largest = Math.max(largest, Math.abs((pcm[i] as number) - (pcm[i - 1] as number)));
    }
    return largest;
  };
  const steady = steps(80, 700);
  expect(Math.abs(pcm[0] as number)).toBeLessThan(100);
  expect(steps(0, 24)).toBeLessThan(steady / 2);
  expect(steps(788, 802)).toBeLessThan(steady / 2);
});

it('goes on at the rate of another codec', () => {
  const generator = new DtmfGenerator();
  generator.press(8, 200);
  const first = new Int16Array(800);
  expect(generator.read(first, 800, 8_000)).toBe(800);
  expect(detected(first, 8_000)).toMatchObject([{ code: 8 }]);
  const rest = drained(generator, 16_000);
  expect(detected(rest, 16_000)).toMatchObject([{ code: 8 }]);
  expect(rest.length / 16).toBeCloseTo(170, -1);
});

it('keeps no more than 32 keys waiting', () => {
  const generator = new DtmfGenerator();
  const taken = Array.from({ length: 40 }, () => generator.press(1, 70)).filter(Boolean);
  expect(taken).toHaveLength(32);
});
