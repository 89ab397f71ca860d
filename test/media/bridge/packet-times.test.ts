import { afterEach, expect, it } from 'vitest';
import {
  type AudioDecoder,
  type AudioEncoder,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  L16Decoder,
  L16Encoder,
  opusSamples48k,
} from '../../../src/media/codec/index.ts';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/index.ts';
import { shapedPackets } from '../codec/shapes.ts';
import { Harness, opus } from './harness.ts';
import { decodeAll, voice } from './voice.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) {
    const { consumer, phone } = harness.bridge.dump();
    for (const leg of [consumer, phone]) {
      const dropped = Object.values(leg.dropped).reduce((sum, count) => sum + count, 0);
      expect(leg.received).toBe(leg.used + dropped);
    }
    await harness.close();
  }
  expect(opus.open).toBe(0);
});

async function start(...options: Parameters<typeof Harness.open>): Promise<Harness> {
  const harness = await Harness.open(...options);
  open.push(harness);
  return harness;
}

interface Format {
  readonly codec: 'PCMU' | 'G722' | 'L16';
  readonly rate: number;
  readonly clockRate: number;
}
const PCMU: Format = { codec: 'PCMU', rate: 8_000, clockRate: 8_000 };
const G722: Format = { codec: 'G722', rate: 16_000, clockRate: 8_000 };
const L16: Format = { codec: 'L16', rate: 16_000, clockRate: 16_000 };
const L16_NARROW: Format = { codec: 'L16', rate: 8_000, clockRate: 8_000 };

function encoderOf({ codec, rate }: Format): AudioEncoder {
  if (codec === 'L16') return new L16Encoder(rate);
  return codec === 'G722' ? new G722Encoder() : new G711Encoder('PCMU');
}

function decoderOf({ codec, rate }: Format): AudioDecoder {
  if (codec === 'L16') return new L16Decoder(rate);
  return codec === 'G722' ? new G722Decoder() : new G711Decoder('PCMU');
}

const every = [PCMU, G722, L16, L16_NARROW].flatMap((format) =>
  [10, 20, 30, 40, 60].flatMap((ms) => (format === L16 && ms > 40 ? [] : [{ ...format, ms }])),
);

it.each(every)('sends $codec/$rate to the phone in packets of $ms ms', async ({ ms, ...format }) => {
  const harness = await start(format.codec, { ptimeMs: ms, clockRate: format.clockRate });
  for (const [i, packet] of voice(900, 60).entries()) {
    harness.fromConsumer(packet, i, 960 * i);
    harness.clock.advance(20);
  }
  const count = 1_200 / ms;
  const heard = (await harness.phoneHears(count)).slice(0, count);
  const pcm = decodeAll(decoderOf(format), heard);
  expect(pcm.length).toBe(format.rate * 1.2);
  expect(Math.abs(dominantFrequency(pcm.subarray(format.rate / 5), format.rate) - 900)).toBeLessThan(9);
  for (let i = 1; i < heard.length; i++) {
    const [a, b] = [heard[i - 1]?.header, heard[i]?.header];
    expect(((b?.sequence ?? 0) - (a?.sequence ?? 0)) & 0xffff).toBe(1);
    expect(((b?.timestamp ?? 0) - (a?.timestamp ?? 0)) >>> 0).toBe((format.clockRate * ms) / 1_000);
  }
});

it.each(every)('makes 20 ms for Meta of $codec/$rate in packets of $ms ms', async ({ ms, ...format }) => {
  const harness = await start(format.codec, { ptimeMs: ms, clockRate: format.clockRate });
  const encoder = encoderOf(format);
  const tone = new Tone(600, format.rate);
  const pcm = new Int16Array((format.rate * ms) / 1_000);
  const out = new Uint8Array(2_000);
  for (let i = 0; i < 1_200 / ms; i++) {
    tone.fill(pcm, pcm.length);
    const payload = out.subarray(0, encoder.encode(pcm, pcm.length, out));
    await harness.fromPhone(payload, i, ((i * format.clockRate) / 1_000) * ms);
    harness.clock.advance(ms);
  }
  const heard = harness.consumerHeard.slice(0, 60);
  expect(heard.length).toBe(60);
  expect(heard.every(({ payload }) => opusSamples48k(payload) === 960)).toBe(true);
  const played = decodeAll(opus.decoder(16_000), heard.slice(10));
  expect(Math.abs(dominantFrequency(played, 16_000) - 600)).toBeLessThan(6);
  for (let i = 1; i < heard.length; i++) {
    const [a, b] = [heard[i - 1]?.header, heard[i]?.header];
    expect(((b?.sequence ?? 0) - (a?.sequence ?? 0)) & 0xffff).toBe(1);
    expect(((b?.timestamp ?? 0) - (a?.timestamp ?? 0)) >>> 0).toBe(960);
  }
  expect(harness.bridge.dump().phone.concealedSamples).toBe(0);
});

it.each([
  ['SILK of 60 ms', 11, false],
  ['SILK of 10 ms, stereo', 8, true],
  ['CELT of 2.5 ms', 20, false],
  ['hybrid of 20 ms, stereo', 13, true],
])('takes %s of the consumer', async (_name, config, stereo) => {
  const harness = await start('PCMU');
  let timestamp = 0;
  for (const [i, packet] of shapedPackets(config, stereo, 700, 1.2).entries()) {
    harness.fromConsumer(packet, i, timestamp);
    const ticks = opusSamples48k(packet);
    timestamp += ticks;
    harness.clock.advance(ticks / 48);
  }
  const heard = (await harness.phoneHears(60)).slice(0, 60);
  const pcm = decodeAll(new G711Decoder('PCMU'), heard.slice(10));
  expect(Math.abs(dominantFrequency(pcm, 8_000) - 700)).toBeLessThan(7);
  expect(harness.bridge.dump().consumer.concealedSamples).toBe(0);
});

it('waits for a packet of 120 ms as long as it lasts, and fills nothing in between', async () => {
  const harness = await start('PCMU');
  const frames = voice(700, 60);
  for (let i = 0; i < 10; i++) {
    const six = frames.slice(i * 6, i * 6 + 6).map((frame) => frame.subarray(1));
    const lengths = six.slice(0, -1).map(({ length }) => length);
    // Code 3 with lengths (RFC 6716 section 3.2.5); each is below 252 here.
    const packet = Buffer.concat([
      Buffer.of(((frames[0]?.[0] ?? 0) & 0xfc) | 3, 0x80 | 6, ...lengths),
      ...six,
    ]);
    expect(opusSamples48k(packet)).toBe(5_760);
    harness.fromConsumer(packet, i, 5_760 * i);
    harness.clock.advance(120);
  }
  const heard = await harness.phoneHears(60);
  expect(heard.length).toBe(60);
  expect(harness.bridge.dump().consumer.concealedSamples).toBe(0);
});

it('hears comfort noise until speech is back: used, not dropped, and nothing is concealed', async () => {
  const harness = await start('PCMU', { comfortNoise: [13] });
  const encoder = new G711Encoder('PCMU');
  const tone = new Tone(600, 8_000);
  const pcm = new Int16Array(160);
  const out = new Uint8Array(160);
  let frame = 0;
  let sequence = 0;
  const speak = async (frames: number): Promise<void> => {
    for (let i = 0; i < frames; i++, frame++) {
      tone.fill(pcm, 160);
      encoder.encode(pcm, 160, out);
      await harness.fromPhone(out, sequence++, frame * 160);
      harness.clock.advance(20);
    }
  };
  await speak(25);
  for (const level of [40, 45]) {
    await harness.fromPhone(Uint8Array.of(level), sequence++, frame * 160, { payloadType: 13 });
    harness.clock.advance(500);
    frame += 25;
  }
  await speak(25);
  const { phone } = harness.bridge.dump();
  expect(phone.used).toBe(52);
  expect(phone.dropped.payloadType).toBe(0);
  expect(phone.concealedSamples).toBe(0);
  const heard = harness.consumerHeard;
  const decoder = opus.decoder(8_000);
  const levels = heard.map(({ payload }) => {
    const made = decoder.decode(payload, pcm);
    return levelDbfs(pcm.subarray(0, made));
  });
  decoder.close();
  // A second of noise at the told level, 20 ms a packet; Opus takes a few dB of noise away.
  const mean = (from: number, to: number): number =>
    levels.slice(from, to).reduce((sum, level) => sum + level, 0) / (to - from);
  expect(heard.length).toBeGreaterThanOrEqual(99);
  expect(heard.length).toBeLessThanOrEqual(102);
  expect(Math.abs(mean(30, 48) + 40)).toBeLessThan(5);
  expect(Math.abs(mean(58, 72) + 45)).toBeLessThan(5);
  expect(mean(85, 99)).toBeGreaterThan(-20);
  const last = heard.at(-1)?.header;
  const first = heard[0]?.header;
  expect(((last?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBeLessThanOrEqual(101 * 960);
});

it('does not take comfort noise of a number that means something else', async () => {
  const harness = await start('PCMU');
  await harness.fromPhone(Uint8Array.of(40), 1, 0, { payloadType: 13 });
  expect(harness.bridge.dump().phone.dropped.payloadType).toBe(1);
});
