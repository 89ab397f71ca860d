import { afterEach, expect, it } from 'vitest';
import { OpusRepacketizer, opusSamples48k } from '../../../src/media/codec/index.ts';
import { dominantFrequency } from '../../../src/media/index.ts';
import { shapedPackets } from '../codec/shapes.ts';
import { Harness, type Heard, opus } from './harness.ts';
import { decodeAll } from './voice.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
  expect(opus.open).toBe(0);
});

async function start(ptimeMs: number): Promise<Harness> {
  const harness = await Harness.open('opus', { ptimeMs });
  open.push(harness);
  return harness;
}

/** Packets of `frames` frames each. */
function joined(packets: readonly Uint8Array[], frames: number): Uint8Array[] {
  const repacketizer = new OpusRepacketizer();
  const out = new Uint8Array(9_000);
  return packets.flatMap((packet, i) => {
    repacketizer.push(packet);
    if (i % frames !== frames - 1) return [];
    return [out.slice(0, repacketizer.shift(out, 0, 5_760, out.length))];
  });
}

/** Unbroken numbers, packets of so many ticks, the tone. */
function check(heard: readonly Heard[], ticks: number, hz: number): void {
  for (const [i, { header, payload }] of heard.entries()) {
    expect(opusSamples48k(payload)).toBe(ticks);
    const before = heard[i - 1]?.header;
    if (!before) continue;
    expect((header.sequence - before.sequence) & 0xffff).toBe(1);
    expect((header.timestamp - before.timestamp) >>> 0).toBe(ticks);
  }
  const pcm = decodeAll(opus.decoder(16_000), heard);
  expect(Math.abs(dominantFrequency(pcm.subarray(1_600), 16_000) - hz)).toBeLessThan(hz / 100);
}

it.each([
  [20, 1, 960],
  [40, 1, 1_920],
  [60, 1, 2_880],
  // One frame and a half is none.
  [30, 1, 960],
  // No frame is cut.
  [10, 1, 960],
  [20, 3, 960],
  [40, 6, 1_920],
  [60, 2, 2_880],
])('to a phone of %i ms from %i frames of 20 ms a packet', async (ptimeMs, frames, ticks) => {
  const harness = await start(ptimeMs);
  for (const [i, packet] of joined(shapedPackets(9, false, 700, 1.2), frames).entries()) {
    harness.fromConsumer(packet, 65_530 + i, 960 * frames * i);
    harness.clock.advance(20 * frames);
  }
  const count = (60 * 960) / ticks;
  check((await harness.phoneHears(count)).slice(0, count), ticks, 700);
});

it.each([
  ['10 ms', 8, 1, 960],
  ['2.5 ms', 20, 1, 960],
  ['3 frames of 20 ms', 9, 3, 960],
  ['60 ms, which nobody cuts', 11, 1, 2_880],
])('to the consumer from a phone that sends %s', async (_name, config, frames, ticks) => {
  const harness = await start(20);
  const packets = joined(shapedPackets(config, false, 900, 1.2), frames);
  let timestamp = 0;
  for (const [i, packet] of packets.entries()) {
    await harness.fromPhone(packet, i, timestamp);
    timestamp += opusSamples48k(packet);
    harness.clock.advance(opusSamples48k(packet) / 48);
  }
  expect(harness.consumerHeard.length).toBeGreaterThanOrEqual(57_600 / ticks);
  check(harness.consumerHeard.slice(0, 57_600 / ticks), ticks, 900);
});

it('keeps a gap of the consumer a gap, in numbers and in time', async () => {
  const harness = await start(60);
  for (const [i, packet] of shapedPackets(9, false, 700, 0.6).entries()) {
    // Two packets are lost in the middle of one of ours.
    if (i !== 10 && i !== 11) harness.fromConsumer(packet, i, 960 * i);
    harness.clock.advance(20);
  }
  await harness.phoneHears(10);
  const times = harness.phoneHeard.map(({ header, payload }) => [
    ((header.timestamp - (harness.phoneHeard[0]?.header.timestamp ?? 0)) >>> 0) / 960,
    opusSamples48k(payload) / 960,
    (header.sequence - (harness.phoneHeard[0]?.header.sequence ?? 0)) & 0xffff,
  ]);
  expect(times.slice(2, 6)).toEqual([
    [6, 3, 2],
    [9, 1, 3],
    [12, 3, 5],
    [15, 3, 6],
  ]);
});

it('does not hold back the last frames before a pause', async () => {
  const harness = await start(60);
  for (const [i, packet] of shapedPackets(9, false, 700, 0.1).entries()) {
    harness.fromConsumer(packet, i, 960 * i);
    harness.clock.advance(20);
  }
  harness.clock.advance(100);
  const heard = await harness.phoneHears(2);
  expect(heard.map(({ payload }) => opusSamples48k(payload))).toEqual([2_880, 1_920]);
});

it('joins nothing across a change of configuration', async () => {
  const harness = await start(60);
  const wide = shapedPackets(9, false, 700, 0.2);
  const narrow = shapedPackets(1, false, 700, 0.2);
  const packets = [...wide.slice(0, 4), ...narrow.slice(0, 6)];
  for (const [i, packet] of packets.entries()) {
    harness.fromConsumer(packet, i, 960 * i);
    harness.clock.advance(20);
  }
  const heard = await harness.phoneHears(4);
  expect(heard.map(({ payload }) => opusSamples48k(payload) / 960)).toEqual([3, 1, 3, 3]);
  expect(heard.map(({ payload }) => (payload[0] ?? 0) >> 3)).toEqual([9, 9, 1, 1]);
});
