import { describe, expect, it } from 'vitest';
import { Reception } from '../../../src/media/rtp/reception.ts';

/** Packets of 20 ms at 8 kHz; each row: sequence, ms of arrival, and the timestamp when it is not sequence x 160. */
function feed(reception: Reception, rows: readonly (readonly [number, number, number?])[]): string[] {
  return rows.map(([sequence, ms, timestamp = sequence * 160]) =>
    reception.arrive(5, sequence & 0xffff, timestamp >>> 0, ms * 8),
  );
}

it('computes interarrival jitter as RFC 3550 A.8 does by hand', () => {
  const reception = new Reception();
  // Transit changes by 0, +10 ms, -10 ms, +4 ms, 0: in ticks 0, 80, 80, 32, 0.
  feed(reception, [
    [0, 0],
    [1, 20],
    [2, 50],
    [3, 60],
    [4, 84],
    [5, 104],
  ]);
  let jitter = 0;
  for (const difference of [0, 80, 80, 32, 0]) jitter += (difference - jitter) / 16;
  expect(reception.jitter).toBeCloseTo(jitter, 9);
  expect(jitter).toBeCloseTo(10.389, 3);
});

it('measures no jitter by packets whose timestamp stands still', () => {
  const reception = new Reception();
  feed(reception, [[0, 0]]);
  for (let i = 1; i < 20; i++) reception.arrive(5, i, 0, i * 160, false);
  feed(reception, [[20, 400]]);
  expect(reception.jitter).toBe(0);
});

it('counts loss by sequence: late ones are not lost, duplicates count once', () => {
  const reception = new Reception();
  expect(
    feed(reception, [
      [65_534, 0],
      [65_535, 1],
      [65_538, 2],
      [65_536, 3],
      [65_536, 4],
      [65_540, 5],
    ]),
  ).toEqual(['first', 'next', 'gap', 'late', 'duplicate', 'gap']);
  expect(reception.lost).toBe(2);
  expect(reception.extendedHighest).toBe(65_540);
  // 7 expected, 5 received.
  expect(reception.fractionLost()).toBe(Math.floor((2 * 256) / 7));
  expect(reception.fractionLost()).toBe(0);
});

describe('a restart', () => {
  it.each([
    ['another SSRC', 6, 3],
    ['a jump forth', 5, 30_000],
    ['a jump back', 5, 60_000],
  ])('%s keeps what was lost before', (_, ssrc, sequence) => {
    const reception = new Reception();
    feed(reception, [
      [0, 0],
      [4, 80],
    ]);
    expect(reception.arrive(ssrc, sequence, 99, 1_000)).toBe('restart');
    expect(reception.arrive(ssrc, sequence + 1, 259, 1_160)).toBe('next');
    expect(reception.lost).toBe(3);
  });
});
