import { describe, expect, it } from 'vitest';
import { OpusRepacketizer } from '../../../src/media/codec/index.ts';
import { shapedPackets } from './shapes.ts';

/** SILK, 20 ms, mono. */
const toc = (code: number, config = 9): number => (config << 3) | code;
const bytes = (count: number, value: number): number[] => Array<number>(count).fill(value);
const packet = (...all: number[]): Uint8Array => Uint8Array.from(all);

function shift(repacketizer: OpusRepacketizer, samples: number, max = 9_000): number[] {
  const out = new Uint8Array(9_000);
  // What lies before must stay as it is.
  out[0] = 77;
  const length = repacketizer.shift(out, 1, samples, max);
  expect(out[0]).toBe(77);
  return [...out.subarray(1, 1 + length)];
}

describe('joining', () => {
  it('writes one frame as code 0, two of a size as code 1, two of two sizes as code 2', () => {
    const repacketizer = new OpusRepacketizer();
    const [a, b, c] = [packet(toc(0), 1, 2), packet(toc(0), 3, 4), packet(toc(0), 5, 6, 7)];
    repacketizer.push(a);
    expect(shift(repacketizer, 960)).toEqual([...a]);
    repacketizer.push(a);
    repacketizer.push(b);
    expect(repacketizer.samples).toBe(1_920);
    expect(shift(repacketizer, 1_920)).toEqual([toc(1), 1, 2, 3, 4]);
    expect(repacketizer.shifted).toBe(1_920);
    repacketizer.push(a);
    repacketizer.push(c);
    expect(shift(repacketizer, 1_920)).toEqual([toc(2), 2, 1, 2, 5, 6, 7]);
    expect(repacketizer.samples).toBe(0);
    expect(shift(repacketizer, 1_920)).toEqual([]);
  });

  it('writes more as code 3: with lengths where they differ, the last one left out', () => {
    const repacketizer = new OpusRepacketizer();
    for (const value of [1, 2, 3]) repacketizer.push(packet(toc(0), value, value));
    expect(shift(repacketizer, 5_760)).toEqual([toc(3), 3, 1, 1, 2, 2, 3, 3]);
    repacketizer.push(packet(toc(0), ...bytes(300, 9)));
    repacketizer.push(packet(toc(0)));
    repacketizer.push(packet(toc(0), 5));
    // 300 = 252 + 4 * 12
    expect(shift(repacketizer, 5_760)).toEqual([toc(3), 3 | 0x80, 252, 12, 0, ...bytes(300, 9), 5]);
  });

  it('holds no frames of another configuration, and none beyond 120 ms', () => {
    const repacketizer = new OpusRepacketizer();
    expect(repacketizer.push(packet(toc(0), 1))).toBe(true);
    expect(repacketizer.push(packet(toc(0, 8), 1))).toBe(false);
    expect(repacketizer.push(packet(toc(0) | 4, 1))).toBe(false);
    for (let i = 0; i < 5; i++) expect(repacketizer.push(packet(toc(0), 1))).toBe(true);
    expect(repacketizer.push(packet(toc(0), 1))).toBe(false);
    expect(shift(repacketizer, 5_760).slice(0, 2)).toEqual([toc(3), 6]);
    expect(repacketizer.push(packet(toc(0, 8), 1))).toBe(true);
  });

  it('takes no malformed packet', () => {
    const repacketizer = new OpusRepacketizer();
    expect(repacketizer.push(packet())).toBe(false);
    expect(repacketizer.push(packet(toc(1), 1))).toBe(false);
    expect(repacketizer.push(packet(toc(3), 0))).toBe(false);
    expect(repacketizer.samples).toBe(0);
  });

  it('keeps a packet within the bytes that there are, and says so when one frame is too large', () => {
    const repacketizer = new OpusRepacketizer();
    for (let i = 0; i < 3; i++) repacketizer.push(packet(toc(0), ...bytes(500, i)));
    expect(shift(repacketizer, 5_760, 1_200).length).toBe(1_001);
    expect(repacketizer.samples).toBe(960);
    expect(shift(repacketizer, 5_760, 400)).toEqual([]);
    expect(shift(repacketizer, 5_760, 1_200).length).toBe(501);
  });
});

describe('cutting', () => {
  it.each<[string, number[], number[][]]>([
    [
      'code 1',
      [toc(1), 1, 2, 3, 4],
      [
        [toc(0), 1, 2],
        [toc(0), 3, 4],
      ],
    ],
    [
      'code 2',
      [toc(2), 1, 1, 2, 3],
      [
        [toc(0), 1],
        [toc(0), 2, 3],
      ],
    ],
    [
      'code 3 with padding',
      [toc(3), 0x40 | 2, 1, 1, 2, 0],
      [
        [toc(0), 1],
        [toc(0), 2],
      ],
    ],
    ['code 3 with lengths', [toc(3), 0x80 | 3, 1, 0, 1, 2, 3], [[toc(0), 1], [toc(0)], [toc(0), 2, 3]]],
    ['a frame longer than asked for', [toc(0, 11), 1, 2], [[toc(0, 11), 1, 2]]],
  ])('%s', (_name, whole, frames) => {
    const repacketizer = new OpusRepacketizer();
    const within = packet(99, ...whole, 99);
    expect(repacketizer.push(within, 1, 1 + whole.length)).toBe(true);
    expect(frames.map(() => shift(repacketizer, 960))).toEqual(frames);
    expect(repacketizer.samples).toBe(0);
  });

  it('goes on for ever in the memory it has', () => {
    const repacketizer = new OpusRepacketizer();
    const packets = shapedPackets(16, false, 500, 2);
    const out = new Uint8Array(1_500);
    let samples = 0;
    // 2.5 ms in, 20 ms out, never empty: what is left over moves on.
    for (let round = 0; round < 20; round++) {
      for (const each of packets) {
        expect(repacketizer.push(each)).toBe(true);
        if (repacketizer.samples < 1_080) continue;
        expect(repacketizer.shift(out, 0, 960, out.length)).toBeGreaterThan(0);
        samples += repacketizer.shifted;
      }
    }
    expect(samples + repacketizer.samples).toBe(20 * packets.length * 120);
  });
});
