import { expect, it } from 'vitest';
import { speechLike } from '../speech.ts';
import { arrivals } from './network.ts';
import { LogSpectralDistance } from './score.ts';

it('the score is 0 for the same sound, whatever its delay, and grows with what is missing', () => {
  const clean = speechLike(16_000, 4);
  const distance = new LogSpectralDistance(clean);
  const late = new Int16Array(clean.length + 1_600);
  late.set(clean, 1_600);
  const without = (every: number): Int16Array => {
    const pcm = clean.slice();
    for (let at = 0; at < pcm.length; at += 320 * every) pcm.fill(0, at, at + 320);
    return pcm;
  };
  expect(distance.of(clean)).toBeLessThan(0.01);
  expect(distance.of(late)).toBeLessThan(0.2);
  const [few, many] = [distance.of(without(33)), distance.of(without(10))];
  expect(few).toBeGreaterThan(0.2);
  expect(many).toBeGreaterThan(2 * few);
});

it('the network loses the share that it is told, in bursts of the length that it is told', () => {
  for (const burst of [1, 3]) {
    const arrived = new Set(arrivals({ name: '', loss: 0.1, burst }, 100_000).map(({ index }) => index));
    expect(Math.abs(1 - arrived.size / 100_000 - 0.1)).toBeLessThan(0.01);
    let bursts = 0;
    for (let i = 1; i < 100_000; i++) if (!arrived.has(i) && arrived.has(i - 1)) bursts += 1;
    const mean = (100_000 - arrived.size) / bursts;
    expect(Math.abs(mean - (burst === 1 ? 1.11 : 3))).toBeLessThan(0.15);
  }
});
