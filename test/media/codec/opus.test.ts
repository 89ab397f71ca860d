import { describe, expect, it } from 'vitest';
import { createOpusLibrary, opusHasFec } from '../../../src/media/codec/index.ts';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/tone/index.ts';
import { opusLibraries } from './libraries.ts';

const telephony = {
  bitrate: 20_000,
  complexity: 5,
  inbandFec: true,
  expectedLossPercent: 10,
  dtx: false,
  maxPlaybackRate: 16_000,
};

describe.each(await opusLibraries())('libopus: %s', (_kind, library) => {
  function packets(hz: number, sampleRate: number, count: number): Uint8Array[] {
    const encoder = library.encoder({ ...telephony, sampleRate });
    const tone = new Tone(hz, sampleRate);
    const pcm = new Int16Array(sampleRate / 50);
    const out = new Uint8Array(1_500);
    const made = Array.from({ length: count }, () => {
      tone.fill(pcm, pcm.length);
      return out.slice(0, encoder.encode(pcm, pcm.length, out));
    });
    encoder.close();
    return made;
  }

  it.each([
    [8_000, 440],
    [16_000, 1_000],
    [16_000, 3_400],
    [48_000, 700],
  ])('carries a tone through encoder and decoder at %i Hz', (sampleRate, hz) => {
    const decoder = library.decoder(sampleRate);
    const pcm = new Int16Array(5_760);
    const heard: number[] = [];
    for (const packet of packets(hz, sampleRate, 50)) {
      heard.push(...pcm.subarray(0, decoder.decode(packet, pcm)));
    }
    decoder.close();
    expect(heard.length).toBe(sampleRate);
    expect(Math.abs(dominantFrequency(Int16Array.from(heard), sampleRate) / hz - 1)).toBeLessThan(0.01);
  });

  it('reads a lost frame from the FEC of the next packet, better than it conceals', () => {
    // The tone changes in the lost frame: only its own data can know.
    const encoder = library.encoder({ ...telephony, sampleRate: 16_000, expectedLossPercent: 30 });
    const low = new Tone(300, 16_000);
    const high = new Tone(1_200, 16_000);
    const pcm = new Int16Array(320);
    const out = new Uint8Array(1_500);
    const stream = Array.from({ length: 30 }, (_, i) => {
      (i >= 20 ? high : low).fill(pcm, 320);
      return out.slice(0, encoder.encode(pcm, 320, out));
    });
    encoder.close();
    const recover = (useFec: boolean): Int16Array => {
      const decoder = library.decoder(16_000);
      const frame = new Int16Array(5_760);
      for (let i = 0; i < 21; i++) decoder.decode(stream[i] as Uint8Array, frame);
      const next = stream[22] as Uint8Array;
      expect(opusHasFec(next)).toBe(true);
      const samples = useFec ? (decoder.decodeFec?.(next, frame, 320) ?? 0) : decoder.conceal(frame, 320);
      expect(samples).toBe(320);
      decoder.close();
      return frame.slice(0, 320);
    };
    expect(levelDbfs(recover(true))).toBeGreaterThan(-25);
    expect(recover(true)).not.toEqual(recover(false));
  });

  it('says that there is no FEC where there is none, in place of concealing', () => {
    const encoder = library.encoder({ ...telephony, sampleRate: 16_000, inbandFec: false });
    const pcm = new Int16Array(320);
    const out = new Uint8Array(1_500);
    new Tone(300, 16_000).fill(pcm, 320);
    const packet = out.slice(0, encoder.encode(pcm, 320, out));
    encoder.close();
    const decoder = library.decoder(16_000);
    expect(opusHasFec(packet)).toBe(false);
    expect(decoder.decodeFec?.(packet, pcm, 320)).toBe(0);
    decoder.close();
  });

  it.each([1, 39, 40, 100, 320, 333, 1_920])(
    'conceals %i samples exactly, whole steps of 2.5 ms or not',
    (samples) => {
      const decoder = library.decoder(16_000);
      const pcm = new Int16Array(5_760);
      for (const packet of packets(300, 16_000, 20)) decoder.decode(packet, pcm);
      pcm.fill(12_345);
      expect(decoder.conceal(pcm, samples)).toBe(samples);
      expect(pcm[samples]).toBe(12_345);
      expect(decoder.conceal(pcm, 0)).toBe(0);
      expect(decoder.conceal(new Int16Array(10), 320)).toBe(10);
      decoder.close();
    },
  );

  it('survives garbage and goes on decoding', () => {
    const decoder = library.decoder(16_000);
    const pcm = new Int16Array(5_760);
    let seed = 1;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed / 0x7fffffff;
    };
    for (let i = 0; i < 3_000; i++) {
      const garbage = Uint8Array.from({ length: Math.floor(random() * 300) }, () =>
        Math.floor(random() * 256),
      );
      expect(decoder.decode(garbage, pcm)).toBeLessThanOrEqual(5_760);
    }
    const heard: number[] = [];
    for (const packet of packets(1_000, 16_000, 50)) {
      heard.push(...pcm.subarray(0, decoder.decode(packet, pcm)));
    }
    decoder.close();
    expect(Math.abs(dominantFrequency(Int16Array.from(heard), 16_000) - 1_000)).toBeLessThan(10);
  });

  it('opens and closes many without losing memory, and closing twice is nothing', () => {
    const before = library.open;
    const cycle = (): void => {
      const encoder = library.encoder({ ...telephony, sampleRate: 8_000 });
      const decoder = library.decoder(8_000);
      encoder.close();
      encoder.close();
      decoder.close();
      expect(decoder.decode(Uint8Array.of(1, 2, 3), new Int16Array(10))).toBe(0);
    };
    cycle();
    const { memoryBytes } = library;
    for (let i = 0; i < 3_000; i++) cycle();
    expect(library.open).toBe(before);
    expect(library.memoryBytes).toBe(memoryBytes);
  });

  it('takes memory for codecs that are open at once, and uses it again', async () => {
    const own = await createOpusLibrary(library.kind);
    const open = (): { close(): void }[] =>
      Array.from({ length: 1_000 }, () => own.encoder({ ...telephony, sampleRate: 8_000 }));
    const before = own.memoryBytes;
    const first = open();
    expect(own.open).toBe(1_000);
    const { memoryBytes } = own;
    // Some 18 kB each: what is held is seen here, so what leaked would be seen above.
    expect(memoryBytes).toBeGreaterThan(before + 10_000_000);
    for (const codec of first) codec.close();
    for (const codec of open()) codec.close();
    // Linear memory stays; the system's is given back.
    expect(own.memoryBytes).toBe(own.kind === 'wasm' ? memoryBytes : before);
    expect(own.open).toBe(0);
  });

  it('takes no rate that Opus has not', () => {
    const before = library.open;
    expect(() => library.decoder(44_100)).toThrow(expect.objectContaining({ code: 'MEDIA_OPUS' }));
    expect(() => library.encoder({ ...telephony, sampleRate: 44_100 })).toThrow(
      expect.objectContaining({ code: 'MEDIA_OPUS' }),
    );
    expect(library.open).toBe(before);
  });
});
