import { describe, expect, it } from 'vitest';
import { createOpusLibrary, opusHasFec, opusSamples48k } from '../../../src/media/codec/index.ts';
import { Tone } from '../../../src/media/tone/index.ts';

const library = await createOpusLibrary();

/** SILK, 20 ms, mono, with this count code. */
const toc = (code: number, config = 9): number => (config << 3) | code;
const bytes = (count: number, value = 0): number[] => Array<number>(count).fill(value);

describe('the rules of RFC 6716 section 3.4', () => {
  it.each<[string, number[], number]>([
    ['R1: at least one byte', [], 0],
    ['a TOC byte alone is a frame of no bytes: DTX', [toc(0)], 960],
    ['R2: no frame over 1275 bytes', [toc(0), ...bytes(1_275)], 960],
    ['R2: broken', [toc(0), ...bytes(1_276)], 0],
    ['R3: code 1 has two frames of one size', [toc(1), ...bytes(6)], 1_920],
    ['R3: broken', [toc(1), ...bytes(5)], 0],
    ['R3 with R2: broken', [toc(1), ...bytes(2_552)], 0],
    ['R4: code 2 tells the length of its first frame', [toc(2), 2, ...bytes(5)], 1_920],
    ['R4: in two bytes', [toc(2), 252, 0, ...bytes(252 + 5)], 1_920],
    ['R4: no length', [toc(2)], 0],
    ['R4: half a length', [toc(2), 252], 0],
    ['R4: a length beyond the end', [toc(2), 6, ...bytes(5)], 0],
    ['R5: code 3 tells its count', [toc(3)], 0],
    ['R5: not 0', [toc(3), 0], 0],
    ['R5: at most 120 ms', [toc(3), 6, ...bytes(6)], 5_760],
    ['R5: broken', [toc(3), 7, ...bytes(7)], 0],
    ['R5: 48 frames of 2.5 ms', [toc(3, 16), 48, ...bytes(48)], 5_760],
    ['R6: frames of one size', [toc(3), 3, ...bytes(9)], 2_880],
    ['R6: broken', [toc(3), 3, ...bytes(10)], 0],
    ['R6: with padding', [toc(3), 3 | 0x40, 2, ...bytes(9), ...bytes(2)], 2_880],
    ['R6: padding beyond the end', [toc(3), 3 | 0x40, 12, ...bytes(9)], 0],
    ['R6: padding whose length is cut off', [toc(3), 3 | 0x40], 0],
    ['R6: and goes on', [toc(3), 3 | 0x40, 255], 0],
    ['R6: 255 stands for 254', [toc(3), 1 | 0x40, 255, 0, ...bytes(10), ...bytes(254)], 960],
    ['R7: frames of their own sizes', [toc(3), 3 | 0x80, 1, 2, ...bytes(1 + 2 + 4)], 2_880],
    ['R7: the last one may be empty', [toc(3), 3 | 0x80, 1, 2, ...bytes(3)], 2_880],
    ['R7: a size beyond the end', [toc(3), 3 | 0x80, 1, 9, ...bytes(7)], 0],
    ['R7: sizes cut off', [toc(3), 3 | 0x80, 1], 0],
    ['R7: with padding', [toc(3), 2 | 0xc0, 3, 1, ...bytes(1 + 2), ...bytes(3)], 1_920],
  ])('%s', (_name, packet, samples) => {
    expect(opusSamples48k(Uint8Array.from(packet))).toBe(samples);
  });
});

it('takes what libopus takes, refuses what it refuses, and knows its length', () => {
  const decoder = library.decoder(48_000);
  const pcm = new Int16Array(5_760);
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const length = 1 + random(random(4) === 0 ? 1_400 : 24);
    const packet = Uint8Array.from({ length }, () => random(256));
    // Counts and lengths that have a chance to add up.
    if (random(2) === 0) packet[0] = ((packet[0] ?? 0) & 0xfc) | (2 + random(2));
    if (random(2) === 0 && length > 1) packet[1] = (random(4) << 6) | (1 + random(6));
    for (let at = 2; at < Math.min(length, 8); at++) if (random(2) === 0) packet[at] = random(4);
    const samples = opusSamples48k(packet);
    expect([samples, ...packet.subarray(0, 12)]).toEqual([
      decoder.decode(packet, pcm),
      ...packet.subarray(0, 12),
    ]);
    if (samples > 0) taken += 1;
  }
  decoder.close();
  expect(taken).toBeGreaterThan(2_000);
  expect(taken).toBeLessThan(18_000);
});

describe('in-band FEC', () => {
  const stream = (inbandFec: boolean): Uint8Array[] => {
    const encoder = library.encoder({
      sampleRate: 16_000,
      bitrate: 20_000,
      complexity: 5,
      inbandFec,
      expectedLossPercent: inbandFec ? 30 : 0,
      dtx: false,
      maxPlaybackRate: 16_000,
    });
    const tone = new Tone(500, 16_000);
    const pcm = new Int16Array(320);
    const out = new Uint8Array(1_500);
    const packets = Array.from({ length: 20 }, () => {
      tone.fill(pcm, 320);
      return out.slice(0, encoder.encode(pcm, 320, out));
    });
    encoder.close();
    return packets.slice(5);
  };

  /** Two packets of one frame as one packet of code 2 (RFC 6716 section 3.2.4). */
  const joined = (one: Uint8Array, two: Uint8Array): Uint8Array => {
    const size = one.length - 1;
    const length = size < 252 ? [size] : [252 + (size & 3), (size - 252 - (size & 3)) / 4];
    return Uint8Array.from([(one[0] ?? 0) | 2, ...length, ...one.subarray(1), ...two.subarray(1)]);
  };

  it('is seen where the encoder made it, and only there', () => {
    expect(stream(true).every((packet) => opusHasFec(packet))).toBe(true);
    expect(stream(false).some((packet) => opusHasFec(packet))).toBe(false);
  });

  it('is seen in a packet of several frames, by its first', () => {
    const [[a, b], [c]] = [stream(true), stream(false)];
    if (!a || !b || !c) throw new Error('no packets');
    expect(opusSamples48k(joined(a, b))).toBe(1_920);
    expect(opusHasFec(joined(a, b))).toBe(true);
    expect(opusHasFec(joined(c, b))).toBe(false);
  });

  it.each<[string, number[]]>([
    ['nothing', []],
    ['DTX', [toc(0)]],
    ['a frame of one byte', [toc(0), 0xff]],
    ['CELT', [toc(0, 31), 0xff, 0xff]],
    ['a packet that is malformed', [toc(1), 0xff, 0xff, 0xff]],
  ])('is never in %s', (_name, packet) => {
    expect(opusHasFec(Uint8Array.from(packet))).toBe(false);
  });

  it.each<[string, number, number, boolean]>([
    ['20 ms mono: after one activity bit', toc(0, 9), 0b0100_0000, true],
    ['20 ms mono: the bit after is none', toc(0, 9), 0b0010_0000, false],
    ['40 ms mono: after two', toc(0, 10), 0b0010_0000, true],
    ['60 ms mono: after three', toc(0, 11), 0b0001_0000, true],
    ['20 ms stereo: of the side channel', toc(0, 9) | 4, 0b0001_0000, true],
    ['60 ms stereo: of the side channel', toc(0, 11) | 4, 0b0000_0001, true],
    ['60 ms stereo: activity only', toc(0, 11) | 4, 0b1110_1110, false],
  ])('%s', (_name, first, second, hasFec) => {
    expect(opusHasFec(Uint8Array.of(first, second, 0))).toBe(hasFec);
  });
});
