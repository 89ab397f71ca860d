import { describe, expect, it } from 'vitest';
import { createOpusLibrary, G711Decoder, G711Encoder } from '../../../src/media/codec/index.ts';
import { DtmfDetector } from '../../../src/media/dtmf/detector.ts';
import { detected, joined, key, seeded, type ToneOptions } from './signals.ts';

const CODES = Array.from({ length: 16 }, (_, code) => code);
const opus = await createOpusLibrary();

/** How many of the 16 keys are heard as what they are, once each. */
function heard(rate: number, ms: number, options: ToneOptions = {}): number {
  return CODES.filter((code) => {
    const keys = detected(key(rate, code, ms, options), rate);
    return keys.length === 1 && keys[0]?.code === code;
  }).length;
}

describe.each([8_000, 16_000, 48_000])('at %i Hz', (rate) => {
  it.each<[string, number, ToneOptions]>([
    ['of 40 ms', 40, {}],
    ['of 500 ms', 500, {}],
    ['as loud as 0 dBm0', 40, { dbm0: 0 }],
    ['as soft as -25 dBm0 a tone', 40, { dbm0: -25 }],
    ['with the high tone 6 dB above', 40, { twistDb: 6 }],
    ['with the high tone 8 dB below', 40, { twistDb: -8 }],
    ['with both tones 1.5 % high', 40, { lowOff: 0.015, highOff: 0.015 }],
    ['with both tones 1.5 % low', 40, { lowOff: -0.015, highOff: -0.015 }],
    ['in white noise 15 dB below', 40, { snrDb: 15 }],
    [
      'in noise, off their frequencies and twisted',
      60,
      { snrDb: 15, lowOff: 0.012, highOff: -0.012, twistDb: 4 },
    ],
  ])('hears all keys %s', (_, ms, options) => {
    expect(heard(rate, ms, options)).toBe(16);
  });

  it.each<[string, number, ToneOptions]>([
    ['of 23 ms', 23, {}],
    ['of 23 ms in noise', 23, { snrDb: 20 }],
    ['of -36 dBm0', 100, { dbm0: -36 }],
    ['with the high tone 12 dB above', 100, { twistDb: 12 }],
    ['with the high tone 13 dB below', 100, { twistDb: -13 }],
    ['whose low tone is 3.5 % high', 200, { lowOff: 0.035 }],
    ['whose low tone is 3.5 % low', 200, { lowOff: -0.035 }],
    ['whose high tone is 3.5 % high', 200, { highOff: 0.035 }],
    ['whose high tone is 3.5 % low', 200, { highOff: -0.035 }],
  ])('hears no keys %s', (_, ms, options) => {
    expect(heard(rate, ms, options)).toBe(0);
  });

  it('tells how long a key was down within 10 ms', () => {
    for (const ms of [50, 120, 500]) {
      const [told] = detected(key(rate, 5, ms), rate);
      expect(Math.abs((told?.ms ?? 0) - ms)).toBeLessThanOrEqual(10);
    }
  });

  it('parts the same key by a pause of 40 ms, and not by an interruption of 10 ms', () => {
    const tone = (gapMs: number): Int16Array => key(rate, 7, 100, { gapMs });
    expect(detected(joined(tone(20), tone(20), tone(60)), rate).map(({ code }) => code)).toEqual([7, 7, 7]);
    expect(detected(joined(tone(3), tone(3)), rate)).toHaveLength(1);
  });

  it('hears two keys without a pause between them as two', () => {
    const keys = detected(joined(key(rate, 1, 80, { gapMs: 0 }), key(rate, 9, 80, { gapMs: 0 })), rate);
    expect(keys.map(({ code }) => code)).toEqual([1, 9]);
  });
});

/** A codec's own damage: what comes out of an encoder and a decoder. */
function through(pcm: Int16Array, codec: 'PCMU' | 'PCMA' | 'opus', rate: number): Int16Array {
  const encoder =
    codec === 'opus'
      ? opus.encoder({
          sampleRate: rate,
          bitrate: 20_000,
          complexity: 5,
          inbandFec: true,
          expectedLossPercent: 10,
          dtx: false,
          maxPlaybackRate: 16_000,
        })
      : new G711Encoder(codec);
  const decoder = codec === 'opus' ? opus.decoder(rate) : new G711Decoder(codec);
  const frame = rate / 50;
  const out = new Int16Array(Math.ceil(pcm.length / frame) * frame);
  const packet = new Uint8Array(1_275);
  const piece = new Int16Array(frame);
  for (let at = 0; at < pcm.length; at += frame) {
    piece.fill(0);
    piece.set(pcm.subarray(at, at + frame));
    const bytes = encoder.encode(piece, frame, packet);
    decoder.decode(packet.subarray(0, bytes), out.subarray(at));
  }
  encoder.close();
  decoder.close();
  return out;
}

it.each([
  ['PCMU', 8_000, 40, undefined],
  ['PCMA', 8_000, 40, undefined],
  ['PCMU', 8_000, 40, 15],
  ['PCMA', 8_000, 50, 15],
  ['opus', 8_000, 70, undefined],
  ['opus', 16_000, 70, undefined],
  ['opus', 16_000, 100, 15],
] as const)('hears all keys through %s at %i Hz, %i ms long, SNR %s dB', (codec, rate, ms, snrDb) => {
  const missed = CODES.filter((code) => {
    const pcm = key(rate, code, ms, { gapMs: 100, ...(snrDb === undefined ? {} : { snrDb }) });
    const keys = detected(through(pcm, codec, rate), rate);
    return keys.length !== 1 || keys[0]?.code !== code;
  });
  expect(missed).toEqual([]);
});

it('refuses a voice that has the two frequencies of a key, for their harmonics', () => {
  const rate = 8_000;
  const pcm = new Int16Array(rate / 2);
  const peak = 4_000;
  for (let i = 0; i < pcm.length; i++) {
    const sine = (hz: number): number => Math.sin((2 * Math.PI * hz * i) / rate);
    pcm[i] = Math.round(peak * (sine(770) + sine(1336)));
  }
  expect(detected(pcm, rate)).toHaveLength(1);
  for (let i = 0; i < pcm.length; i++) {
    const sine = (hz: number): number => Math.sin((2 * Math.PI * hz * i) / rate);
    // 8 dB below their tones: still within what the share of the energy would allow.
    pcm[i] = Math.round(peak * (sine(770) + sine(1336) + 0.4 * sine(1540) + 0.4 * sine(2672)));
  }
  expect(detected(pcm, rate)).toEqual([]);
});

it('says within 20 ms of a key that it is likely, and before it is told', () => {
  const rate = 8_000;
  const pcm = key(rate, 3, 200, { gapMs: 0, random: seeded(3) });
  let told = -1;
  let likely = -1;
  const detector = new DtmfDetector((step, _code, _ms, nowMs) => {
    if (step === 'start') told = nowMs;
  });
  for (let at = 0; at < pcm.length; at += 8) {
    detector.write(pcm.subarray(at), 8, rate, at / 8);
    if (likely < 0 && detector.likely) likely = at / 8;
  }
  expect(likely).toBeGreaterThan(0);
  // The tone begins within the first block of 4 ms.
  expect(likely).toBeLessThanOrEqual(24);
  expect(told).toBeGreaterThan(likely);
  expect(told).toBeLessThanOrEqual(44);
});

it('ends a key that is down when the audio becomes another', () => {
  const steps: string[] = [];
  const detector = new DtmfDetector((step, code) => steps.push(`${step} ${code}`));
  const pcm = key(8_000, 4, 200, { gapMs: 0 });
  detector.write(pcm, 1_200, 8_000, 0);
  expect(steps).toEqual(['start 4']);
  expect(detector.likely).toBe(true);
  detector.write(new Int16Array(320), 320, 16_000, 150);
  expect(steps).toEqual(['start 4', 'end 4']);
  expect(detector.keys).toBe(1);
});
