import { describe, expect, it } from 'vitest';
import { OpusRepacketizer, opusSamples48k } from '../../../src/media/codec/index.ts';
import { dominantFrequency } from '../../../src/media/tone/index.ts';
import { opusLibraries } from './libraries.ts';
import { CONFIGURATIONS, shapedPackets } from './shapes.ts';

const every = CONFIGURATIONS.flatMap(({ config, ms }) => [
  { config, ms, stereo: false },
  { config, ms, stereo: true },
]);

/** As many frames a packet as 120 ms hold, and padding where `pad` says so. */
function packed(packets: readonly Uint8Array[], samples: number, pad: number): Uint8Array[] {
  const repacketizer = new OpusRepacketizer();
  const made: Uint8Array[] = [];
  const out = new Uint8Array(65_536);
  const take = (): void => {
    const bytes = repacketizer.shift(out, 0, samples, out.length);
    made.push(padded(out.slice(0, bytes), pad));
  };
  for (const packet of packets) {
    while (!repacketizer.push(packet)) take();
    if (repacketizer.samples + opusSamples48k(packet) > samples) take();
  }
  while (repacketizer.samples > 0) take();
  return made;
}

/** Padding exists in packets of code 3 only (RFC 6716 section 3.2.5). */
function padded(packet: Uint8Array, pad: number): Uint8Array {
  if (((packet[0] ?? 0) & 3) !== 3 || pad === 0) return packet;
  return Uint8Array.from([
    packet[0] ?? 0,
    (packet[1] ?? 0) | 0x40,
    ...Array<number>(Math.floor(pad / 255)).fill(255),
    pad % 255,
    ...packet.subarray(2),
    ...Array<number>(pad - Math.floor(pad / 255)).fill(0),
  ]);
}

/** Encoded once for all libraries and tests. */
const packetsOf = (() => {
  const made = new Map<string, readonly Uint8Array[]>();
  return (config: number, stereo: boolean, hz: number): readonly Uint8Array[] => {
    const key = `${config} ${stereo} ${hz}`;
    const packets = made.get(key) ?? shapedPackets(config, stereo, hz, 0.6);
    made.set(key, packets);
    return packets;
  };
})();

const bytesOf = (pcm: Int16Array): Buffer => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);

describe.each(await opusLibraries())('libopus: %s', (_kind, library) => {
  const heard = (packets: readonly Uint8Array[], rate: number): Int16Array => {
    const decoder = library.decoder(rate);
    const pcm = new Int16Array(5_760);
    const all = new Int16Array(packets.reduce((sum, packet) => sum + opusSamples48k(packet), 0));
    let length = 0;
    for (const packet of packets) {
      const samples = decoder.decode(packet, pcm);
      if (samples !== (opusSamples48k(packet) * rate) / 48_000) expect.fail(`${samples} of ${packet[0]}`);
      all.set(pcm.subarray(0, samples), length);
      length += samples;
    }
    decoder.close();
    return all.subarray(0, length);
  };

  it.each(every)(
    'reads configuration $config, $ms ms, stereo $stereo, at a phone rate',
    ({ config, stereo }) => {
      const packets = packetsOf(config, stereo, 1_000);
      expect(packets.every((packet) => packet[0] === ((config << 3) | (stereo ? 4 : 0)))).toBe(true);
      for (const rate of [8_000, 16_000]) {
        const pcm = heard(packets, rate);
        expect(pcm.length).toBe(Math.round(rate * 0.6));
        expect(Math.abs(dominantFrequency(pcm, rate) - 1_000)).toBeLessThan(10);
      }
    },
  );

  it.each(every)(
    'reads several such frames a packet: $config, $ms ms, stereo $stereo',
    ({ config, stereo }) => {
      const packets = packetsOf(config, stereo, 700);
      const apart = heard(packets, 16_000);
      for (const [samples, pad] of [
        [1_920, 0],
        [5_760, 0],
        [5_760, 300],
      ] as const) {
        const joined = packed(packets, samples, pad);
        expect(joined.length).toBeLessThan(packets.length + 1);
        // The same frames: the same sound to the last bit.
        expect(Buffer.compare(bytesOf(heard(joined, 16_000)), bytesOf(apart))).toBe(0);
      }
    },
  );

  it('survives packets of every configuration cut off anywhere or with bits turned, and decodes on', () => {
    const decoder = library.decoder(16_000);
    const pcm = new Int16Array(5_760);
    let seed = 5;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (const { config, stereo } of every) {
      const packets = packed(shapedPackets(config, stereo, 900, 0.24), 1_920, 0);
      for (const packet of packets) {
        for (let i = 0; i < 10; i++) {
          const broken = packet.slice(0, 1 + random(packet.length));
          for (let k = random(4); k > 0; k--) {
            const at = random(broken.length);
            broken[at] = (broken[at] ?? 0) ^ (1 << random(8));
          }
          expect(decoder.decode(broken, pcm)).toBe(opusSamples48k(broken) / 3);
          expect(decoder.decodeFec?.(broken, pcm, 320)).toBeLessThanOrEqual(320);
        }
      }
    }
    const heard = shapedPackets(9, false, 1_000, 1).flatMap((packet) => [
      ...pcm.subarray(0, decoder.decode(packet, pcm)),
    ]);
    decoder.close();
    expect(Math.abs(dominantFrequency(Int16Array.from(heard), 16_000) - 1_000)).toBeLessThan(10);
    expect(library.failures).toBe(0);
  });
});
