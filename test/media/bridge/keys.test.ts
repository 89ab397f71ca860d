import { afterEach, describe, expect, it } from 'vitest';
import { G711Decoder, G711Encoder, type PhoneCodec } from '../../../src/media/index.ts';
import { detected, joined, key } from '../dtmf/signals.ts';
import { Harness, type Heard, opus } from './harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

async function start(codec: PhoneCodec, change?: Parameters<typeof Harness.open>[1]): Promise<Harness> {
  const harness = await Harness.open(codec, change);
  open.push(harness);
  return harness;
}

/** Meta names telephone-event: the phone's keys may go there. */
function named(harness: Harness): void {
  harness.bridge.setConsumerPlan({
    receive: { opusPayloadTypes: [111], telephoneEvents: [{ payloadType: 110, clockRate: 48_000 }] },
    send: {
      payloadType: 111,
      ssrc: 0x1234,
      cname: 'gw',
      useInbandFec: true,
      telephoneEvent: { payloadType: 110, clockRate: 48_000 },
    },
  });
}

function event(code: number, duration: number, ended = false): Buffer {
  const payload = Buffer.from([code, (ended ? 0x80 : 0) | 10, 0, 0]);
  payload.writeUInt16BE(duration, 2);
  return payload;
}

const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
const typed = (heard: readonly Heard[], type: number): readonly Heard[] =>
  heard.filter(({ header }) => header.payloadType === type);
const digits = (harness: Harness): string =>
  harness.events.flatMap((told) => (told.kind === 'dtmf' ? [`${told.from[0]}${told.digit}`] : [])).join(' ');

/** All samples of a G.711 phone's packets. */
function samples(heard: readonly Heard[]): Int16Array {
  const decoder = new G711Decoder('PCMU');
  return joined(
    ...typed(heard, 0).map(({ payload }) => {
      const pcm = new Int16Array(payload.length);
      decoder.decode(payload, pcm);
      return pcm;
    }),
  );
}

let number = 100;
const next = (): number => ++number;

it('drops what is no key, counted, and packets in stay packets used and dropped', async () => {
  const harness = await start('PCMU');
  harness.fromConsumer(event(16, 960, true), next(), 0, { payloadType: 110 });
  await harness.fromPhone(event(40, 160, true), next(), 0, { payloadType: 101 });
  await harness.fromPhone(event(3, 160, true), next(), 800, { payloadType: 101 });
  const { consumer, phone } = harness.bridge.dump();
  expect([consumer.dropped.event, phone.dropped.event, phone.used, phone.keys]).toEqual([1, 1, 1, 1]);
  for (const leg of [consumer, phone]) {
    const dropped = Object.values(leg.dropped).reduce((sum, count) => sum + count, 0);
    expect(leg.used + dropped).toBe(leg.received);
  }
  expect(digits(harness)).toBe('p3');
});

it('understands the number of before a re-INVITE and the one the phone declared, but no third one', async () => {
  const harness = await start('PCMU');
  harness.bridge.setPhonePlan(
    harness.plan({ telephoneEvent: { payloadType: 97, clockRate: 8_000, receivePayloadType: 96 } }),
  );
  for (const [at, payloadType] of [96, 97, 101, 98].entries()) {
    await harness.fromPhone(event(at, 800, true), next(), 16_000 * (at + 1), { payloadType });
  }
  expect(digits(harness)).toBe('p0 p1 p2');
  expect(harness.bridge.dump().phone.dropped.payloadType).toBe(1);
});

it('ends a key under the numbers it began with when others are agreed in mid-key', async () => {
  const harness = await start('PCMU');
  harness.fromConsumer(event(5, 960), next(), 48_000, { payloadType: 110, marker: true });
  harness.bridge.setPhonePlan(
    harness.plan({ telephoneEvent: { payloadType: 96, clockRate: 8_000, receivePayloadType: 96 } }),
  );
  harness.fromConsumer(event(5, 1_920, true), next(), 48_000, { payloadType: 110 });
  harness.fromConsumer(event(6, 1_920, true), next(), 96_000, { payloadType: 110, marker: true });
  await harness.phoneHears(8);
  const ended = (type: number): (number | undefined)[] =>
    typed(harness.phoneHeard, type).flatMap(({ payload }) =>
      (payload[1] as number) > 127 ? [payload[0]] : [],
    );
  expect([ended(101), ended(96)]).toEqual([
    [5, 5, 5],
    [6, 6, 6],
  ]);
  expect(digits(harness)).toBe('c5 c6');
});

it('keeps one sequence to an Opus phone when the end of a key was lost, and packets before it', async () => {
  const harness = await start('opus');
  for (let i = 0; i < 3; i++) harness.fromConsumer(SILENCE, next(), 960 * i);
  // Two packets of the consumer's never came: their numbers stay free.
  number += 2;
  for (let i = 1; i <= 3; i++) harness.fromConsumer(event(7, 960 * i), next(), 2_880, { payloadType: 110 });
  harness.clock.advance(200);
  harness.fromConsumer(SILENCE, next(), 14_400);
  const heard = await harness.phoneHears(10);
  const [first] = heard;
  const numbers = heard.map(({ header }) => (header.sequence - (first?.header.sequence ?? 0)) & 0xffff);
  expect(numbers).toEqual([0, 1, 2, 5, 6, 7, 8, 9, 10, 11]);
  const last = heard.at(-1)?.header.timestamp ?? 0;
  expect((last - (first?.header.timestamp ?? 0)) >>> 0).toBe(14_400);
  expect(typed(heard, 102).map(({ payload }) => (payload[1] as number) > 127)).toEqual(
    [0, 0, 0, 1, 1, 1].map(Boolean),
  );
});

it('tells a phone at 8 kHz of a key that needs segments at 48 kHz', async () => {
  const harness = await start('PCMU');
  for (let n = 1; n * 960 <= 0xffff; n++) {
    harness.fromConsumer(event(1, n * 960), next(), 0, { payloadType: 110, marker: n === 1 });
    harness.clock.advance(20);
  }
  harness.fromConsumer(event(1, 0xffff), next(), 0, { payloadType: 110 });
  harness.fromConsumer(event(1, 960), next(), 0xffff, { payloadType: 110 });
  harness.fromConsumer(event(1, 9_600, true), next(), 0xffff, { payloadType: 110 });
  expect(harness.events).toContainEqual({ kind: 'dtmf', digit: '1', durationMs: 1_565, from: 'consumer' });
  const heard = typed(await harness.phoneHears(73), 101);
  expect(new Set(heard.map(({ header }) => header.timestamp)).size).toBe(1);
  expect(heard.at(-1)?.payload.readUInt16BE(2)).toBe(Math.round((0xffff + 9_600) / 6));
});

describe("the phone's keys", () => {
  it('go to the consumer at its clock where Meta names telephone-event, and nowhere else', async () => {
    const harness = await start('PCMU');
    await harness.fromPhone(event(4, 160, true), next(), 0, { payloadType: 101 });
    expect(typed(harness.consumerHeard, 110)).toEqual([]);
    named(harness);
    await harness.fromPhone(event(9, 160), next(), 8_000, { payloadType: 101 });
    await harness.fromPhone(event(9, 800, true), next(), 8_000, { payloadType: 101 });
    const heard = typed(harness.consumerHeard, 110);
    expect(heard.map(({ payload }) => [payload[0], payload.readUInt16BE(2)])).toEqual([
      [9, 960],
      [9, 4_800],
      [9, 4_800],
      [9, 4_800],
    ]);
  });

  it('by INFO go there too, once where an event told of them', async () => {
    const harness = await start('PCMU');
    named(harness);
    harness.bridge.infoKey('#', 100);
    harness.clock.advance(400);
    await harness.fromPhone(event(11, 800, true), next(), 0, { payloadType: 101 });
    await harness.fromPhone(event(2, 160), next(), 16_000, { payloadType: 101 });
    harness.bridge.infoKey('2', 100);
    await harness.fromPhone(event(2, 800, true), next(), 16_000, { payloadType: 101 });
    harness.bridge.infoKey('x', 100);
    harness.bridge.infoKey('', 100);
    expect(digits(harness)).toBe('p# p2');
    const ends = typed(harness.consumerHeard, 110).filter(({ payload }) => (payload[1] as number) > 127);
    expect(ends.map(({ payload }) => payload[0])).toEqual([11, 11, 11, 2, 2, 2]);
    expect(harness.bridge.dump().phone).toMatchObject({ keys: 2, keysMerged: 2 });
  });

  it.each([true, false])(
    'as tones are told; named by Meta: %s, so the tone is muted or the only word of it',
    async (isNamed) => {
      const harness = await start('PCMU', { inbandDtmf: true });
      if (isNamed) named(harness);
      const pcm = joined(key(8_000, 3, 120), key(8_000, 10, 120));
      const encoder = new G711Encoder('PCMU');
      for (let at = 0; at + 160 <= pcm.length; at += 160) {
        const payload = new Uint8Array(160);
        encoder.encode(pcm.subarray(at, at + 160), 160, payload);
        await harness.fromPhone(payload, next(), at);
        harness.clock.advance(20);
      }
      harness.clock.advance(200);
      expect(digits(harness)).toBe('p3 p*');
      const decoder = opus.decoder(8_000);
      const frames = typed(harness.consumerHeard, 111).map(({ payload }) => {
        const frame = new Int16Array(160);
        decoder.decode(payload, frame);
        return frame;
      });
      decoder.close();
      const events = typed(harness.consumerHeard, 110).filter(({ payload }) => (payload[1] as number) > 127);
      expect(detected(joined(...frames), 8_000).map(({ code }) => code)).toEqual(isNamed ? [] : [3, 10]);
      expect(events.map(({ payload }) => payload[0])).toEqual(isNamed ? [3, 3, 3, 10, 10, 10] : []);
    },
  );
});

it.each([true, false])(
  'tones with no packet between and behind them, as Asterisk sends them, are keys; named by Meta: %s',
  async (isNamed) => {
    const harness = await start('PCMU', { inbandDtmf: true });
    if (isNamed) named(harness);
    const encoder = new G711Encoder('PCMU');
    for (const [at, code] of [2, 7, 7, 0].entries()) {
      const pcm = key(8_000, code, 140, { gapMs: 0 });
      for (let n = 0; n < 7; n++) {
        const payload = new Uint8Array(160);
        encoder.encode(pcm.subarray(n * 160, n * 160 + 160), 160, payload);
        await harness.fromPhone(payload, next(), at * 2_400 + n * 160);
        harness.clock.advance(20);
      }
      harness.clock.advance(160);
    }
    harness.clock.advance(200);
    expect(digits(harness)).toBe('p2 p7 p7 p0');
    const ends = typed(harness.consumerHeard, 110).filter(({ payload }) => (payload[1] as number) > 127);
    expect(ends.map(({ payload }) => payload[0])).toEqual(
      isNamed ? [2, 2, 2, 7, 7, 7, 7, 7, 7, 0, 0, 0] : [],
    );
  },
);

it("makes the consumer's keys tones for a phone that has nothing else, and its voice goes on behind", async () => {
  const harness = await start('PCMU', { inbandDtmf: true, telephoneEvent: undefined as never });
  for (const [at, code] of [8, 0].entries()) {
    for (let n = 1; n <= 10; n++) {
      harness.fromConsumer(event(code, 960 * n, n === 10), next(), 48_000 * (at + 1), { payloadType: 110 });
      harness.clock.advance(20);
    }
    for (let n = 0; n < 10; n++) {
      harness.fromConsumer(SILENCE, next(), 48_000 * (at + 1) + 9_600 + 960 * n);
      harness.clock.advance(20);
    }
  }
  await harness.phoneHears(38);
  const keys = detected(samples(harness.phoneHeard), 8_000);
  expect(keys.map(({ code }) => code)).toEqual([8, 0]);
  for (const { ms } of keys) expect(Math.abs(ms - 200)).toBeLessThan(45);
  expect(digits(harness)).toBe('c8 c0');
  expect(typed(harness.phoneHeard, 101)).toEqual([]);
});
