import { expect, it } from 'vitest';
import { Tone } from '../../src/media/index.ts';
import { Ear } from '../../src/sim/ear.ts';

const RATE = 8_000;

function second(hz: number): Int16Array {
  const pcm = new Int16Array(RATE);
  if (hz > 0) new Tone(hz, RATE).fill(pcm, RATE);
  return pcm;
}

it('still listens after two minutes, and keeps the last two minutes', () => {
  const ear = new Ear(RATE);
  for (let i = 0; i < 150; i++) ear.hear(second(400), RATE);
  for (let i = 0; i < 5; i++) ear.hear(second(700), RATE);
  expect(Math.abs(ear.heard().heardHz / 700 - 1)).toBeLessThan(0.02);
  const kept = ear.recording();
  expect(kept.length).toBe(120 * RATE);
  expect(kept.subarray(0, 160)).toEqual(second(400).subarray(0, 160));
  expect(kept.subarray(-160)).toEqual(second(700).subarray(-160));
});

it('looks past the silence of a hang-up, not past a way that went dead', () => {
  const ear = new Ear(RATE);
  ear.hear(second(400), RATE);
  ear.hear(second(0), RATE);
  expect(Math.abs(ear.heard().heardHz / 400 - 1)).toBeLessThan(0.02);
  for (let i = 0; i < 10; i++) ear.hear(second(0), RATE);
  expect(ear.heard().levelDb).toBeLessThan(-50);
});

it('counts lost packets by sequence, across the wrap, late ones back, each source by itself', () => {
  const ear = new Ear(RATE);
  for (const sequence of [65_534, 65_535, 1, 2]) ear.packet(sequence, 1);
  expect(ear.lost).toBe(1);
  ear.packet(0, 1);
  expect(ear.lost).toBe(0);
  ear.packet(30_000, 2);
  ear.packet(30_001, 2);
  expect(ear).toMatchObject({ lost: 0, rxPackets: 7 });
});
