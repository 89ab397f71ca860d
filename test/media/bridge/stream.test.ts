import { afterEach, describe, expect, it } from 'vitest';
import type { LegStats, PhoneCodec, PhonePlan } from '../../../src/media/index.ts';
import { Tone } from '../../../src/media/index.ts';
import { random } from '../jitter/line.ts';
import { opus } from './harness.ts';
import { type Sent, VirtualCall } from './virtual-call.ts';

const MODES: readonly (readonly [string, Partial<PhonePlan>])[] = [
  ['packet-driven', {}],
  ['jitter buffer', { jitterBuffer: { minDelayMs: 0, maxDelayMs: 200 } }],
];
const open: VirtualCall[] = [];
afterEach(async () => {
  for (const call of open.splice(0)) {
    const { consumer, phone } = call.bridge.dump();
    for (const leg of [consumer, phone]) expect(balance(leg)).toBe(0);
    await call.close();
    expect(call.clock.armed).toBe(0);
    expect(call.events.filter(({ kind }) => kind === 'bug')).toEqual([]);
  }
  expect(opus.open).toBe(0);
});

/** Packets in = used + waiting + dropped by reason. */
function balance(leg: LegStats): number {
  return leg.received - leg.used - leg.waiting - Object.values(leg.dropped).reduce((sum, n) => sum + n, 0);
}

async function start(codec: PhoneCodec, change: Partial<PhonePlan>): Promise<VirtualCall> {
  const call = await VirtualCall.open(opus, codec, change);
  open.push(call);
  return call;
}

const voice: readonly Uint8Array[] = (() => {
  const encoder = opus.encoder({
    sampleRate: 16_000,
    bitrate: 20_000,
    complexity: 1,
    inbandFec: true,
    expectedLossPercent: 20,
    dtx: false,
    maxPlaybackRate: 16_000,
  });
  const tone = new Tone(700, 16_000);
  const pcm = new Int16Array(320);
  const out = new Uint8Array(1_275);
  const packets = Array.from({ length: 50 }, () => {
    tone.fill(pcm, 320);
    return out.slice(0, encoder.encode(pcm, 320, out));
  });
  encoder.close();
  return packets;
})();

interface Way {
  readonly ticks: number;
  send(call: VirtualCall, index: number, sequence: number, timestamp: number, ssrc?: number): void;
  leg(call: VirtualCall): LegStats;
  out(call: VirtualCall): readonly Sent[];
}

const CONSUMER: Way = {
  ticks: 960,
  send: (call, index, sequence, timestamp, ssrc) =>
    call.fromConsumer(voice[index % 50] as Uint8Array, sequence, timestamp, ssrc),
  leg: (call) => call.bridge.dump().consumer,
  out: (call) => call.toPhone,
};

const phoneWay = (codec: PhoneCodec): Way => ({
  ticks: codec === 'opus' ? 960 : 160,
  send: (call, index, sequence, timestamp, ssrc) =>
    call.fromPhone(
      codec === 'opus' ? (voice[index % 50] as Uint8Array) : new Uint8Array(160).fill(index & 127),
      sequence,
      timestamp,
      ssrc,
    ),
  leg: (call) => call.bridge.dump().phone,
  out: (call) => call.toConsumer,
});

/** Output of one SSRC whose sequence goes up by at least one, and whose timestamp never goes back. */
function monotonic(out: readonly Sent[]): void {
  for (let i = 1; i < out.length; i++) {
    const [a, b] = [out[i - 1] as Sent, out[i] as Sent];
    const steps = (b.sequence - a.sequence) & 0xffff;
    const ticks = (b.timestamp - a.timestamp) | 0;
    // There are tens of thousands of packets: one assertion for each costs more than the packets.
    const isNext = b.ssrc === a.ssrc && steps >= 1 && steps < 1_000 && ticks > 0;
    if (!isNext) expect.fail(`packet ${i}: ${JSON.stringify({ ssrc: [a.ssrc, b.ssrc], steps, ticks })}`);
  }
}

describe.each(MODES)('%s', (mode, change) => {
  describe.each([
    ['consumer to PCMU', 'PCMU', CONSUMER],
    ['consumer to G.722', 'G722', CONSUMER],
    ['consumer to Opus', 'opus', CONSUMER],
    ['PCMA to consumer', 'PCMA', phoneWay('PCMA')],
    ['Opus to consumer', 'opus', phoneWay('opus')],
  ] as const)('%s', (_, codec, way) => {
    const paced = mode === 'jitter buffer';

    it.each([1, 2, 3])('loses no packet from its books in a wild network (%i)', async (seed) => {
      const call = await start(codec, change);
      const chance = random(seed * 104_729);
      const due: { at: number; index: number }[] = [];
      for (let index = 0; index < 1_500; index++) {
        if (chance() < 0.05) continue;
        const at = index * 20 + 60 * chance() ** 3 + (chance() < 0.005 ? 400 : 0);
        due.push({ at, index });
        if (chance() < 0.02) due.push({ at: at + 30 * chance(), index });
      }
      due.sort((a, b) => a.at - b.at);
      for (const { at, index } of due) {
        call.until(at);
        way.send(call, index, 65_000 + index, 2 ** 32 - 500 * way.ticks + index * way.ticks);
      }
      call.until(call.now + 1_000);
      const leg = way.leg(call);
      expect(leg.received).toBe(due.length);
      expect(balance(leg)).toBe(0);
      expect(leg.waiting).toBe(0);
      expect(leg.dropped.duplicate + leg.dropped.replay).toBeGreaterThan(10);
      expect(leg.dropped.undecodable).toBe(0);
      monotonic(way.out(call));
    });

    it.each([
      ['the sequence and timestamp wrap', 65_535 - 20, 2 ** 32 - 20 * 960, 77],
      ['another SSRC begins', 31_000, 5, 1_234],
      ['the timestamp jumps forth', 100, 100 * 960 + 2 ** 30, undefined],
      ['the timestamp jumps back', 100, 100 * 960 - 2 ** 30, undefined],
      ['the sender restarts', 31_000, 77, undefined],
    ])('%s: everything goes on, and nothing is made up for long', async (_, sequence, timestamp, ssrc) => {
      const call = await start(codec, change);
      const before = sequence === 65_515 ? 0 : 100;
      for (let i = 0; i < before; i++) {
        call.until(i * 20);
        way.send(call, i, i, i * way.ticks);
      }
      for (let i = 0; i < 100; i++) {
        call.until((before + i) * 20);
        way.send(call, i, sequence + i, timestamp + i * way.ticks, ssrc);
      }
      call.until(call.now + 20);
      const leg = way.leg(call);
      expect(leg.dropped.late + leg.dropped.duplicate + leg.dropped.replay).toBe(0);
      expect(leg.lost).toBe(0);
      expect(leg.used + leg.waiting).toBe(before + 100);
      expect(leg.concealedSamples).toBeLessThanOrEqual(5 * way.ticks);
      const out = way.out(call);
      expect(Math.abs(out.length - before - 100)).toBeLessThan(8);
      monotonic(out);
    });

    it('tells a pause from a loss', async () => {
      const call = await start(codec, change);
      for (let i = 0; i < 50; i++) {
        call.until(i * 20);
        way.send(call, i, i, i * way.ticks);
      }
      for (let i = 0; i < 50; i++) {
        call.until(2_000 + i * 20);
        way.send(call, i, 50 + i, (100 + i) * way.ticks);
      }
      call.until(call.now + 200);
      const leg = way.leg(call);
      expect(leg.lost).toBe(0);
      expect(leg.recoveredByFec).toBe(0);
      expect(leg.used).toBe(100);
      const out = way.out(call);
      monotonic(out);
      // Decoded audio is a steady stream; what passes through keeps the pause, unless Meta is the receiver.
      if (codec !== 'opus' || way !== CONSUMER) expect(out.length).toBeGreaterThan(140);
      const span = ((out.at(-1) as Sent).timestamp - (out[0] as Sent).timestamp) >>> 0;
      const clock = way === CONSUMER && codec !== 'opus' ? 8 : 48;
      expect(Math.abs(span / clock - ((out.at(-1) as Sent).atMs - (out[0] as Sent).atMs))).toBeLessThan(80);
    });

    // In 40 s as much drift as 200 ppm make in 17 minutes; hours of it are the jitter buffer's own test.
    it.each([5_000, -5_000])('carries drift (%i ppm) without a backlog', async (ppm) => {
      const call = await start(codec, change);
      call.keep = false;
      let largest = 0;
      for (let i = 0; i < 2_000; i++) {
        call.until((i * 20) / (1 + ppm / 1e6));
        way.send(call, i, i, i * way.ticks);
        if (i % 50 === 0) largest = Math.max(largest, way.leg(call).waiting);
      }
      call.until(call.now + 100);
      expect(largest).toBeLessThan(8);
      const { used, waiting, dropped } = way.leg(call);
      expect(used + waiting).toBe(2_000);
      expect(dropped.late + dropped.overflow).toBe(0);
    });

    if (paced) {
      it('paces what comes in bursts, one frame after the other', async () => {
        const call = await start(codec, { ...change, ptimeMs: 20 });
        for (let i = 0; i < 300; i += 3) {
          call.until(i * 20);
          for (let j = i; j < i + 3; j++) way.send(call, j, j, j * way.ticks);
        }
        const out = way.out(call).slice(50, 280);
        for (let i = 1; i < out.length; i++) {
          expect(Math.abs((out[i] as Sent).atMs - (out[i - 1] as Sent).atMs - 20)).toBeLessThanOrEqual(20);
        }
        const gaps = out.filter((each, i) => i > 0 && each.atMs - (out[i - 1] as Sent).atMs !== 20);
        expect(gaps.length).toBeLessThan(5);
        expect(way.leg(call).jitterBufferEmittedCount).toBeGreaterThan(0);
        const { jitterBufferDelay, jitterBufferEmittedCount } = way.leg(call);
        expect(jitterBufferDelay / jitterBufferEmittedCount).toBeGreaterThan(0.005);
      });
    }
  });
});
