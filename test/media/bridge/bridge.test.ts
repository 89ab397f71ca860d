import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AudioDecoder,
  type AudioEncoder,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  L16Decoder,
  L16Encoder,
} from '../../../src/media/codec/index.ts';
import {
  dominantFrequency,
  type LegStats,
  levelDbfs,
  type PhoneCodec,
  Tone,
} from '../../../src/media/index.ts';
import { Harness, opus } from './harness.ts';
import { decodeAll, voice } from './voice.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) {
    const { consumer, phone } = harness.bridge.dump();
    for (const leg of [consumer, phone]) expect(balance(leg)).toBe(0);
    await harness.close();
    expect(harness.clock.armed).toBe(0);
  }
  expect(opus.open).toBe(0);
});

async function start(codec: PhoneCodec, change?: Parameters<typeof Harness.open>[1]): Promise<Harness> {
  const harness = await Harness.open(codec, change);
  open.push(harness);
  return harness;
}

/** Packets in = packets used + packets dropped, by reason. */
function balance(leg: LegStats): number {
  return leg.received - leg.used - Object.values(leg.dropped).reduce((sum, count) => sum + count, 0);
}

function phoneSide(codec: PhoneCodec): { encoder: AudioEncoder; decoder: AudioDecoder; rate: number } {
  if (codec === 'G722') return { encoder: new G722Encoder(), decoder: new G722Decoder(), rate: 16_000 };
  if (codec === 'L16') {
    return { encoder: new L16Encoder(16_000), decoder: new L16Decoder(16_000), rate: 16_000 };
  }
  if (codec === 'opus') {
    const options = {
      sampleRate: 16_000,
      bitrate: 20_000,
      complexity: 5,
      inbandFec: false,
      expectedLossPercent: 0,
      dtx: false,
      maxPlaybackRate: 16_000,
    };
    return { encoder: opus.encoder(options), decoder: opus.decoder(16_000), rate: 16_000 };
  }
  return { encoder: new G711Encoder(codec), decoder: new G711Decoder(codec), rate: 8_000 };
}

const near = (got: number, wanted: number): number => Math.abs(got / wanted - 1);

describe.each(['PCMU', 'PCMA', 'G722', 'opus', 'L16'] as const)('%s', (codec) => {
  it('carries the consumer to the phone, by frequency, in an unbroken stream', async () => {
    const harness = await start(codec);
    for (const [i, packet] of voice(1_000, 60).entries()) {
      harness.fromConsumer(packet, 65_500 + i, 960 * i);
      harness.clock.advance(20);
    }
    const heard = await harness.phoneHears(60);
    const { decoder, encoder, rate } = phoneSide(codec);
    encoder.close();
    expect(near(dominantFrequency(decodeAll(decoder, heard.slice(10)), rate), 1_000)).toBeLessThan(0.01);
    const ticks = harness.plan().clockRate / 50;
    for (let i = 1; i < heard.length; i++) {
      const [a, b] = [heard[i - 1]?.header, heard[i]?.header];
      if (!a || !b) throw new Error('no packet');
      expect((b.sequence - a.sequence) & 0xffff).toBe(1);
      expect((b.timestamp - a.timestamp) >>> 0).toBe(ticks);
      expect(b.ssrc).toBe(a.ssrc);
    }
    expect(harness.events).toContainEqual({ kind: 'firstPacket', leg: 'consumer' });
  });

  it('carries the phone to the consumer, by frequency, in an unbroken stream', async () => {
    const harness = await start(codec);
    const { encoder, decoder, rate } = phoneSide(codec);
    const tone = new Tone(600, rate);
    const pcm = new Int16Array(rate / 50);
    const out = new Uint8Array(1_500);
    const ticks = harness.plan().clockRate / 50;
    for (let i = 0; i < 60; i++) {
      tone.fill(pcm, pcm.length);
      await harness.fromPhone(out.subarray(0, encoder.encode(pcm, pcm.length, out)), 65_530 + i, ticks * i);
      harness.clock.advance(20);
    }
    encoder.close();
    decoder.close();
    const heard = harness.consumerHeard;
    expect(heard.length).toBeGreaterThanOrEqual(60);
    const played = decodeAll(opus.decoder(16_000), heard.slice(10));
    expect(near(dominantFrequency(played, 16_000), 600)).toBeLessThan(0.01);
    for (let i = 1; i < heard.length; i++) {
      const [a, b] = [heard[i - 1]?.header, heard[i]?.header];
      if (!a || !b) throw new Error('no packet');
      expect((b.sequence - a.sequence) & 0xffff).toBe(1);
      expect((b.timestamp - a.timestamp) >>> 0).toBe(960);
    }
    expect(harness.events).toContainEqual({ kind: 'firstPacket', leg: 'phone' });
  });
});

it('sums what its calls counted, those that ended included', async () => {
  const harness = await start('PCMU');
  const [packet = new Uint8Array()] = voice(440, 1);
  for (let i = 0; i < 3; i++) harness.fromConsumer(packet, i, i * 960);
  harness.fromConsumer(packet, 2, 2 * 960);
  await harness.fromPhone(new Uint8Array(160), 1, 0);
  await harness.fromPhone(new Uint8Array(160), 2, 160, { payloadType: 99 });
  const open = harness.engine.totals();
  const { consumer, phone } = harness.bridge.dump();
  expect(open).toMatchObject({
    consumer: { received: 4, sent: consumer.sent },
    phone: { received: 2, sent: phone.sent },
    dropped: { replay: 1, payloadType: 1, late: 0 },
  });
  expect(phone.sent).toBeGreaterThan(0);
  await harness.bridge.close();
  expect(harness.engine.totals()).toEqual(open);
});

it('fills lost packets by FEC and concealment, drops duplicates and late ones, and loses no time', async () => {
  const harness = await start('PCMU');
  const packets = voice(800, 100);
  const order = packets.map((_, i) => i).filter((i) => ![30, 31, 60].includes(i));
  order.splice(50, 0, 40); // long after: a duplicate
  order.push(60); // too late
  for (const i of order) {
    harness.fromConsumer(packets[i] as Uint8Array, i, 960 * i);
    harness.clock.advance(20);
  }
  const heard = await harness.phoneHears(100);
  const { consumer } = harness.bridge.dump();
  expect(consumer.lost).toBe(2);
  expect(consumer.recoveredByFec).toBeGreaterThanOrEqual(1);
  expect(consumer.concealedSamples + consumer.recoveredByFec * 960).toBe(3 * 960);
  expect(consumer.totalSamplesReceived).toBe(100 * 960);
  expect(consumer.dropped.replay + consumer.dropped.duplicate).toBe(1);
  expect(consumer.dropped.late + consumer.dropped.replay).toBeGreaterThanOrEqual(1);
  const first = heard[0]?.header.timestamp ?? 0;
  expect(((heard[99]?.header.timestamp ?? 0) - first) >>> 0).toBe(99 * 160);
  const pcm = decodeAll(new G711Decoder('PCMU'), heard.slice(10, 100));
  expect(near(dominantFrequency(pcm, 8_000), 800)).toBeLessThan(0.01);
});

it('keeps a steady cadence to the phone over a DTX pause, and the clock right behind it', async () => {
  const harness = await start('PCMU');
  const packets = voice(800, 50);
  for (let i = 0; i < 25; i++) {
    harness.fromConsumer(packets[i] as Uint8Array, i, 960 * i);
    harness.clock.advance(20);
  }
  harness.fromConsumer(Uint8Array.of((packets[0] as Uint8Array)[0] as number), 25, 960 * 25);
  harness.clock.advance(400);
  for (let i = 26; i < 50; i++) {
    harness.fromConsumer(packets[i] as Uint8Array, i, 960 * (i + 19));
    harness.clock.advance(20);
  }
  const total = 26 + 19 + 24;
  const heard = await harness.phoneHears(total);
  expect(Math.abs(heard.length - total)).toBeLessThanOrEqual(1);
  const span = ((heard.at(-1)?.header.timestamp ?? 0) - (heard[0]?.header.timestamp ?? 0)) >>> 0;
  expect(Math.abs(span - (total - 1) * 160)).toBeLessThanOrEqual(160);
  expect(harness.bridge.dump().consumer.lost).toBe(0);
});

it('takes packets of any Opus duration and sends the phone its own ptime', async () => {
  const harness = await start('PCMA', { ptimeMs: 30 });
  const encoder = opus.encoder({
    sampleRate: 16_000,
    bitrate: 20_000,
    complexity: 1,
    inbandFec: false,
    expectedLossPercent: 0,
    dtx: false,
    maxPlaybackRate: 16_000,
  });
  const tone = new Tone(500, 16_000);
  const out = new Uint8Array(1_275);
  let timestamp = 0;
  for (let i = 0; i < 40; i++) {
    const ms = [10, 20, 40, 60][i % 4] as number;
    const pcm = new Int16Array(16 * ms);
    tone.fill(pcm, pcm.length);
    harness.fromConsumer(out.slice(0, encoder.encode(pcm, pcm.length, out)), i, timestamp);
    timestamp += 48 * ms;
    harness.clock.advance(ms);
  }
  encoder.close();
  const frames = Math.floor((10 * 130) / 30);
  const heard = await harness.phoneHears(frames);
  expect(heard[0]?.payload.length).toBe(240);
  expect(near(dominantFrequency(decodeAll(new G711Decoder('PCMA'), heard), 8_000), 500)).toBeLessThan(0.02);
});

it('keeps the consumer supplied with silence while the phone holds or is dead', async () => {
  const harness = await start('PCMU', { direction: 'inactive' });
  harness.clock.advance(2_000);
  expect(harness.consumerHeard.length).toBeGreaterThanOrEqual(95);
  const pcm = decodeAll(opus.decoder(16_000), harness.consumerHeard);
  expect(levelDbfs(pcm)).toBeLessThan(-60);
  await harness.fromPhone(new Uint8Array(160), 1, 0);
  expect(harness.bridge.dump().phone.dropped.held).toBe(1);
});

it('tells a silence once, and again after sound came back', async () => {
  const harness = await start('PCMU');
  const silent = (): number =>
    harness.events.filter((event) => event.kind === 'silent' && event.leg === 'phone').length;
  harness.clock.advance(60_000);
  expect(silent()).toBe(1);
  await harness.fromPhone(new Uint8Array(160), 1, 0);
  harness.clock.advance(31_000);
  expect(silent()).toBe(2);
});

it('tells a silence of the next phone too, of a phone that is to speak again, and of one that got the call back', async () => {
  const harness = await start('PCMU');
  const silent = (): number =>
    harness.events.filter((event) => event.kind === 'silent' && event.leg === 'phone').length;
  // Rung while the call is handed on: the former phone is silent, and nobody minds.
  harness.clock.advance(40_000);
  expect(silent()).toBe(1);
  harness.bridge.setPhonePlan(harness.plan({ phone: 2 }));
  harness.clock.advance(29_000);
  expect(silent()).toBe(1);
  harness.clock.advance(2_000);
  expect(silent()).toBe(2);
  harness.bridge.setPhonePlan(harness.plan({ phone: 2, direction: 'inactive' }));
  harness.clock.advance(60_000);
  expect(silent()).toBe(3);
  harness.bridge.setPhonePlan(harness.plan({ phone: 2 }));
  harness.clock.advance(29_000);
  expect(silent()).toBe(3);
  harness.clock.advance(2_000);
  expect(silent()).toBe(4);
  // A refresh of the session changes nothing.
  harness.bridge.setPhonePlan(harness.plan({ phone: 2 }));
  harness.clock.advance(60_000);
  expect(silent()).toBe(4);
  harness.bridge.listenAnew();
  harness.clock.advance(31_000);
  expect(silent()).toBe(5);
});

it('follows the phone to the address it really sends from, but never a stranger after that', async () => {
  const harness = await start('PCMU');
  const other = createSocket('udp4');
  await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', () => resolve()));
  await harness.fromPhone(new Uint8Array(160), 1, 0, { socket: other });
  const arrived = new Promise<Buffer>((resolve) => other.once('message', resolve));
  for (const [i, packet] of voice(500, 3).entries()) harness.fromConsumer(packet, i, 960 * i);
  expect(((await arrived)[1] as number) & 127).toBe(0);
  const stranger = createSocket('udp4');
  await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.1', () => resolve()));
  await harness.fromPhone(new Uint8Array(160), 2, 160, { socket: stranger });
  expect(harness.bridge.dump().phone.dropped.source).toBe(1);
  await new Promise<void>((resolve) => other.close(() => resolve()));
  await new Promise<void>((resolve) => stranger.close(() => resolve()));
});

it('gives the call back to the declared address when a stranger spoke first', async () => {
  const harness = await start('PCMU');
  const stranger = createSocket('udp4');
  await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.2', () => resolve()));
  await harness.fromPhone(new Uint8Array(160), 1, 0, { socket: stranger });
  await harness.fromPhone(new Uint8Array(160), 1, 0);
  await harness.fromPhone(new Uint8Array(160), 2, 160, { socket: stranger });
  expect(harness.bridge.dump().phone.dropped.source).toBe(1);
  for (const [i, packet] of voice(500, 3).entries()) harness.fromConsumer(packet, i, 960 * i);
  await harness.phoneHears(1);
  await new Promise<void>((resolve) => stranger.close(() => resolve()));
});

it('gives the call back to the declared port when another of the same host spoke first: a fork, a former stream', async () => {
  const harness = await start('PCMU');
  const former = createSocket('udp4');
  await new Promise<void>((resolve) => former.bind(0, '127.0.0.1', () => resolve()));
  await harness.fromPhone(new Uint8Array(160), 1, 0, { socket: former });
  await harness.fromPhone(new Uint8Array(160), 1, 0);
  expect(harness.bridge.dump().phone.dropped.source).toBe(0);
  await harness.fromPhone(new Uint8Array(160), 2, 160, { socket: former });
  expect(harness.bridge.dump().phone.dropped.source).toBe(1);
  for (const [i, packet] of voice(500, 3).entries()) harness.fromConsumer(packet, i, 960 * i);
  await harness.phoneHears(1);
  await new Promise<void>((resolve) => former.close(() => resolve()));
});

it('drops what nobody agreed to and what is no RTP, and counts it', async () => {
  const harness = await start('PCMU');
  harness.fromConsumer(new Uint8Array(1_000), 1, 0, { payloadType: 96 });
  harness.fromConsumer(Uint8Array.of((1 << 3) | 3, 63), 2, 0);
  harness.bridge.consumerDatagram(Buffer.alloc(3), 3);
  harness.bridge.consumerDatagram(Buffer.alloc(40, 0x80), 40);
  await harness.fromPhone(new Uint8Array(1), 1, 0, { payloadType: 13 });
  await harness.toGateway(Buffer.from('hello'));
  const { consumer, phone } = harness.bridge.dump();
  expect(consumer.dropped).toMatchObject({ payloadType: 2, undecodable: 1, malformed: 1 });
  expect(phone.dropped).toMatchObject({ payloadType: 1, malformed: 1 });
});

it('goes on when the consumer changes its SSRC', async () => {
  const harness = await start('G722');
  const packets = voice(700, 40);
  for (let i = 0; i < 20; i++) harness.fromConsumer(packets[i] as Uint8Array, 100 + i, 960 * i);
  for (let i = 20; i < 40; i++)
    harness.fromConsumer(packets[i] as Uint8Array, 9_000 + i, 5_000_000 + 960 * i, { ssrc: 99 });
  const heard = await harness.phoneHears(40);
  expect(new Set(heard.map(({ header }) => header.ssrc)).size).toBe(1);
  expect(harness.bridge.dump().consumer.lost).toBe(0);
});
