import { expect, it } from 'vitest';
import { Channel } from '../../../src/media/record/channel.ts';
import { dominantFrequency, Tone } from '../../../src/media/tone/index.ts';

const RATE = 8_000;
const BLOCK = 160;
const LATENCY_MS = 400;

/** A channel that is read as a recording does, 20 ms at a time and 400 ms behind; time is an argument. */
class Rig {
  readonly channel: Channel;
  readonly rate: number;
  readonly #frame: Int16Array;
  #read = 0;
  /** Positions, in samples, of whatever is louder than 10 000. */
  readonly clicks: number[] = [];
  readonly heard: Int16Array[] = [];

  constructor(rate = RATE) {
    this.rate = rate;
    this.channel = new Channel(rate, 0);
    this.#frame = new Int16Array(rate / 50);
  }

  readUntil(ms: number, keep = false): void {
    for (; (this.#read * 1_000) / this.rate + 20 <= ms; this.#read += this.#frame.length) {
      this.channel.read(this.#frame, this.#frame.length);
      if (keep) this.heard.push(this.#frame.slice());
      // A loop: three hours have a hundred million samples.
      for (let i = 0; i < this.#frame.length; i++) {
        if ((this.#frame[i] as number) > 10_000) this.clicks.push(this.#read + i);
      }
    }
  }

  get pcm(): Int16Array {
    return Int16Array.from(this.heard.flatMap((frame) => [...frame]));
  }
}

const quiet = new Int16Array(BLOCK);
const click = (): Int16Array => {
  const block = new Int16Array(BLOCK);
  block[BLOCK - 1] = 20_000;
  return block;
};

it.each([200, -200, 50, 0])('stays with the clock for three hours when its source runs %i ppm off', (ppm) => {
  const rig = new Rig();
  const wanted: number[] = [];
  const periodMs = 20 * (1 + ppm / 1_000_000);
  for (let block = 1; block * periodMs < 3 * 3_600_000; block++) {
    // Arrivals jitter by up to 15 ms.
    const now = block * periodMs + ((block * 7_919) % 15);
    const isClick = block % 3_000 === 0;
    if (isClick) wanted.push(block * periodMs);
    rig.channel.write(isClick ? click() : quiet, BLOCK, RATE, now);
    rig.readUntil(now - LATENCY_MS);
  }
  // The last ones are not read yet.
  const times = rig.clicks.map((at) => (at * 1_000) / RATE);
  expect(times.length).toBeGreaterThanOrEqual(wanted.length - 1);
  for (const [i, time] of times.entries()) expect(Math.abs(time - (wanted[i] as number))).toBeLessThan(45);
});

it('keeps a tone a tone while it follows drift', () => {
  const rig = new Rig();
  const tone = new Tone(440, RATE);
  const block = new Int16Array(BLOCK);
  for (let i = 1; i <= 6_000; i++) {
    const now = i * 20 * 1.0005;
    tone.fill(block, BLOCK);
    rig.channel.write(block, BLOCK, RATE, now);
    rig.readUntil(now - LATENCY_MS, i > 5_800);
  }
  expect(Math.abs(dominantFrequency(rig.pcm, RATE) / 440 - 1)).toBeLessThan(0.01);
});

it.each([8_000, 16_000, 48_000])('puts sound where it was said and silence in between, at %i Hz', (rate) => {
  const rig = new Rig(rate);
  const block = new Int16Array(rate / 50).fill(12_000);
  // From 1 s until 2 s, and from 5 s until 5.5 s.
  for (let now = 20; now <= 6_000; now += 20) {
    const isTalking = (now > 1_000 && now <= 2_000) || (now > 5_000 && now <= 5_500);
    if (isTalking) rig.channel.write(block, block.length, rate, now);
    rig.readUntil(now - LATENCY_MS);
  }
  rig.readUntil(6_000);
  const spans = [
    [1_000, 2_000],
    [5_000, 5_500],
  ] as const;
  const wanted = spans.flatMap(([from, to]) =>
    Array.from({ length: ((to - from) * rate) / 1_000 }, (_, i) => (from * rate) / 1_000 + i),
  );
  expect(rig.clicks).toEqual(wanted);
});

it('is not shifted by what was made up for packets that came late after all', () => {
  const rig = new Rig();
  const clickAt = 4_000;
  for (let now = 20; now <= 6_000; now += 20) {
    // From 2 s until 2.4 s the source stands still, silence is filled in, and then all of it comes at once.
    rig.channel.write(now === clickAt ? click() : quiet, BLOCK, RATE, now);
    if (now === 2_400) for (let i = 0; i < 20; i++) rig.channel.write(quiet, BLOCK, RATE, now);
    rig.readUntil(now - LATENCY_MS);
  }
  expect(rig.clicks.map((at) => (at * 1_000) / RATE)).toHaveLength(1);
  // Up to 200 ms stay; drift brings them back in time.
  expect(Math.abs(((rig.clicks[0] as number) * 1_000) / RATE - clickAt)).toBeLessThan(210);
});

it('goes on at the right place after a thread stood still', () => {
  const rig = new Rig();
  for (let now = 20; now <= 12_000; now += 20) {
    if (now > 2_000 && now <= 8_000) continue;
    rig.channel.write(now === 10_000 ? click() : quiet, BLOCK, RATE, now);
    // Frames are caught up with four at a time.
    if (now <= 2_000) rig.readUntil(now - LATENCY_MS);
  }
  rig.readUntil(12_000);
  // Nothing was read for 10 s: there is room for two of them only.
  expect(rig.clicks).toEqual([]);
  for (let now = 12_020; now <= 14_000; now += 20) {
    rig.channel.write(now === 13_000 ? click() : quiet, BLOCK, RATE, now);
    rig.readUntil(now - LATENCY_MS);
  }
  expect(rig.clicks).toEqual([13 * RATE - 1]);
});

it.each([
  [8_000, 16_000],
  [16_000, 8_000],
  [48_000, 8_000],
])('hears a tone of %i Hz in a recording of %i Hz after the codec changed', (from, to) => {
  const rig = new Rig(to);
  const [before, after] = [new Tone(700, to), new Tone(1_000, from)];
  const [first, second] = [new Int16Array(to / 50), new Int16Array(from / 50)];
  for (let now = 20; now <= 3_000; now += 20) {
    if (now <= 1_000) {
      before.fill(first, first.length);
      rig.channel.write(first, first.length, to, now);
    } else {
      after.fill(second, second.length);
      rig.channel.write(second, second.length, from, now);
    }
    rig.readUntil(now - LATENCY_MS, now > 1_600);
  }
  expect(Math.abs(dominantFrequency(rig.pcm, to) / 1_000 - 1)).toBeLessThan(0.01);
});
