import { afterEach, describe, expect, it } from 'vitest';
import { G711Decoder, G711Encoder, opusSamples48k } from '../../../src/media/codec/index.ts';
import {
  dominantFrequency,
  type LegStats,
  type PhoneCodec,
  type PhonePlan,
  Tone,
} from '../../../src/media/index.ts';
import { opus } from './harness.ts';
import { VirtualCall } from './virtual-call.ts';
import { voice } from './voice.ts';

const BUFFERED = { jitterBuffer: { minDelayMs: 0, maxDelayMs: 200 } };
const LATE_PLAYOUT = { jitterBuffer: { minDelayMs: 100, maxDelayMs: 200 } };
const open: VirtualCall[] = [];
afterEach(async () => {
  for (const call of open.splice(0)) {
    const { consumer, phone } = call.bridge.dump();
    for (const leg of [consumer, phone]) expect(missing(leg)).toBe(0);
    await call.close();
    expect(call.events.filter(({ kind }) => kind === 'bug')).toEqual([]);
  }
  expect(opus.open).toBe(0);
});

async function start(codec: PhoneCodec, change: Partial<PhonePlan> = {}): Promise<VirtualCall> {
  const call = await VirtualCall.open(opus, codec, change);
  open.push(call);
  return call;
}

/** Packets that are neither used nor waiting nor dropped. */
function missing({ received, used, waiting, dropped }: LegStats): number {
  return received - used - waiting - Object.values(dropped).reduce((sum, n) => sum + n, 0);
}

const phoneOf = (call: VirtualCall): LegStats => call.bridge.dump().phone;
const KEY = Uint8Array.of(1, 10, 0, 160);
const G711 = new Uint8Array(160).fill(0x55);

describe('the books of a jitter buffer', () => {
  it('do not lose a packet that holds no whole sample', async () => {
    const l16 = { codec: 'L16', clockRate: 16_000, payloadType: 108, receivePayloadTypes: [108] } as const;
    const call = await start('L16', { ...BUFFERED, ...l16 });
    for (let i = 0; i < 5; i++) call.fromPhone(new Uint8Array(1), i, i * 320, 88, 108);
    call.until(1_000);
    expect(phoneOf(call).dropped.undecodable).toBe(5);
  });

  it('know a packet that comes again when more than 32 came since', async () => {
    const call = await start('opus', { jitterBuffer: { minDelayMs: 200, maxDelayMs: 400 } });
    const short = Uint8Array.of(0xe0, 0xff, 0xfe);
    for (let i = 0; i < 45; i++) call.fromPhone(short, i, i * 120);
    call.fromPhone(short, 2, 240);
    call.until(1_000);
    expect(phoneOf(call).dropped.duplicate).toBe(1);
    expect(phoneOf(call).used).toBe(45);
  });

  it('count no key as waiting, and what a flood of keys pushed out as overflow', async () => {
    const call = await start('PCMU', BUFFERED);
    for (let i = 0; i < 150; i++) call.fromPhone(G711, i, i * 160);
    for (let i = 150; i < 300; i++) call.fromPhone(KEY, i, 150 * 160, 88, 101);
    expect(missing(phoneOf(call))).toBe(0);
    expect(phoneOf(call).dropped.overflow).toBe(100);
    expect(phoneOf(call).waiting).toBe(50);
  });

  it('count no key as overflow', async () => {
    const call = await start('PCMU', BUFFERED);
    for (let i = 0; i < 40; i++) call.fromPhone(KEY, i, 0, 88, 101);
    for (let i = 40; i < 290; i++) call.fromPhone(G711, i, i * 160);
    expect(missing(phoneOf(call))).toBe(0);
    expect(phoneOf(call).dropped.overflow).toBe(50);
  });
});

it('does not fall silent for a reordered packet with a timestamp of nowhere', async () => {
  const call = await start('PCMU', LATE_PLAYOUT);
  for (let i = 0; i < 200; i++) {
    call.until(i * 20);
    if (i !== 50) call.fromPhone(G711, i, i * 160);
    if (i === 51) call.fromPhone(G711, 50, 50 * 160 + 2 ** 30);
  }
  const { dropped, used, waiting, jitterBufferEmittedCount, removedSamplesForAcceleration } = phoneOf(call);
  expect(dropped.late).toBe(1);
  expect(used + waiting).toBe(199);
  expect(removedSamplesForAcceleration).toBe(0);
  expect(jitterBufferEmittedCount).toBeGreaterThan(190 * 160);
});

it('plays nothing by the wrong codec when a re-INVITE changes it while packets wait', async () => {
  const call = await start('PCMU', LATE_PLAYOUT);
  for (let i = 0; i < 50; i++) {
    call.until(i * 20);
    call.fromPhone(new Uint8Array(160).fill(0xff), i, i * 160);
  }
  const { waiting } = phoneOf(call);
  expect(waiting).toBeGreaterThan(2);
  let peak = 0;
  call.bridge.tap('phone', {
    write: (pcm, samples) => {
      for (let i = 0; i < samples; i++) peak = Math.max(peak, Math.abs(pcm[i] as number));
    },
  });
  call.bridge.setPhonePlan(
    call.plan({ ...LATE_PLAYOUT, codec: 'PCMA', payloadType: 8, receivePayloadTypes: [8] }),
  );
  call.until(call.now + 300);
  // Silence of PCMU is a loud hum to PCMA.
  expect(peak).toBe(0);
  expect(phoneOf(call).dropped.overflow).toBe(waiting);
});

it.each([200, 205, 210, 217, 230, 250])(
  'fills a pause of %i ms of an Opus phone with silence that overlaps nothing',
  async (pause) => {
    const call = await start('opus', BUFFERED);
    const frame = Uint8Array.of(0xf8, 0xff, 0xfe);
    for (let i = 0; i < 50; i++) {
      call.until(i * 20);
      call.fromPhone(frame, i, i * 960);
    }
    for (let i = 0; i < 50; i++) {
      call.until(1_000 + pause + i * 20);
      call.fromPhone(frame, 50 + i, 48 * (1_000 + pause) + i * 960);
    }
    call.until(call.now + 300);
    const out = call.toConsumer;
    expect(out.length).toBeGreaterThan(105);
    const ticks = out.slice(1).map(({ timestamp }, i) => (timestamp - (out[i]?.timestamp ?? 0)) | 0);
    expect(Math.min(...ticks)).toBeGreaterThanOrEqual(960);
  },
);

it('hears comfort noise behind a jitter buffer until speech is played, and conceals nothing', async () => {
  const call = await start('PCMU', { ...LATE_PLAYOUT, comfortNoise: [13] });
  const tone = new Tone(600, 8_000);
  const pcm = new Int16Array(160);
  const out = new Uint8Array(160);
  const encoder = new G711Encoder('PCMU');
  const levels: number[] = [];
  call.bridge.tap('phone', {
    write: (heard, samples) => {
      let sum = 0;
      for (let i = 0; i < samples; i++) sum += (heard[i] as number) ** 2;
      levels.push(Math.sqrt(sum / samples));
    },
  });
  const speak = (from: number, sequence: number): void => {
    for (let i = 0; i < 30; i++) {
      call.until((from + i) * 20);
      tone.fill(pcm, 160);
      encoder.encode(pcm, 160, out);
      call.fromPhone(out, sequence + i, (from + i) * 160);
    }
  };
  speak(0, 0);
  call.until(600);
  call.fromPhone(Uint8Array.of(40), 30, 30 * 160, 88, 13);
  speak(80, 31);
  call.until(call.now + 60);
  const { concealedSamples, used } = phoneOf(call);
  expect(concealedSamples).toBe(0);
  expect(used).toBeGreaterThan(57);
  // Noise at -40 dBov from the first speech to the last: neither gaps nor old speech once more.
  const first = levels.findIndex((level) => level > 3_000);
  const pause = levels.slice(first).filter((level) => level < 3_000);
  expect(pause.length).toBeGreaterThan(40);
  for (const level of pause) expect(level > 100 && level < 1_000).toBe(true);
});

it.each([
  [10, 480],
  [30, 960],
  [50, 1_920],
  [60, 2_880],
])('plays to an Opus phone that wants %i ms in frames that Opus has', async (ptimeMs, ticks) => {
  const call = await start('opus', { ptimeMs, opus: phoneWants(510_000) });
  const tone = new Tone(700, 16_000);
  const read = (out: Int16Array, samples: number): number => {
    tone.fill(out, samples);
    return samples;
  };
  call.bridge.play('phone', { read }, 'instead');
  for (const [i, packet] of voice(300, 60).entries()) {
    call.fromConsumer(packet, i, i * 960);
    call.until(call.now + 20);
  }
  const heard = call.toPhone;
  expect(heard.length).toBeGreaterThan(15);
  const decoder = opus.decoder(16_000);
  const pcm = new Int16Array(5_760);
  const all: number[] = [];
  for (const { payload } of heard) {
    expect(opusSamples48k(payload)).toBe(ticks);
    all.push(...pcm.subarray(0, decoder.decode(payload, pcm)));
  }
  decoder.close();
  expect(Math.abs(dominantFrequency(Int16Array.from(all.slice(3_200)), 16_000) - 700)).toBeLessThan(7);
});

const phoneWants = (maxAverageBitrate: number): NonNullable<PhonePlan['opus']> => ({
  maxAverageBitrate,
  useInbandFec: false,
  useDtx: false,
  cbr: false,
});

describe('a phone that holds', () => {
  const keyOf = (call: VirtualCall, sequence: number): void => {
    for (let i = 1; i <= 5; i++) {
      const ended = i === 5 ? 0x80 : 0;
      call.fromConsumer(
        Uint8Array.of(5, ended | 10, (960 * i) >> 8, (960 * i) & 255),
        sequence + i,
        0,
        77,
        110,
      );
      call.until(call.now + 20);
    }
  };

  it.each([
    ['events', {}],
    ['tones', { inbandDtmf: true }],
  ])('is sent no keys (%s), neither then nor later', async (_, method) => {
    const call = await start('PCMU', { direction: 'recvonly', ...method });
    keyOf(call, 0);
    expect(call.toPhone).toHaveLength(0);
    call.bridge.setPhonePlan(call.plan(method));
    call.until(call.now + 400);
    expect(call.toPhone.every(({ payloadType }) => payloadType === 0)).toBe(true);
    const decoder = new G711Decoder('PCMU');
    const pcm = new Int16Array(160);
    for (const { payload } of call.toPhone) {
      decoder.decode(payload, pcm);
      expect(Math.max(...pcm)).toBeLessThan(100);
    }
    expect(call.events).toContainEqual(expect.objectContaining({ kind: 'dtmf', digit: '5' }));
  });
});

it('believes in the clear no RTCP of a stranger: a dead phone stays dead', async () => {
  for (const [address, alive] of [
    ['203.0.113.9', false],
    ['127.0.0.1', true],
  ] as const) {
    const call = await start('PCMU');
    call.fromPhone(G711, 1, 160);
    for (let s = 1; s < 40; s++) {
      call.until(s * 1_000);
      call.fromAnybody(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 88]), address);
    }
    const isSilent = call.events.some((event) => event.kind === 'silent' && event.leg === 'phone');
    expect(isSilent).toBe(!alive);
  }
});
