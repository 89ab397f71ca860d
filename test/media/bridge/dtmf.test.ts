import { afterEach, describe, expect, it } from 'vitest';
import type { PhoneCodec } from '../../../src/media/index.ts';
import { Harness, type Heard } from './harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

async function start(codec: PhoneCodec, change?: Parameters<typeof Harness.open>[1]): Promise<Harness> {
  const harness = await Harness.open(codec, change);
  open.push(harness);
  return harness;
}

let sequence = 0;

/** Meta's digits: 500 ms, a packet every 20 ms at 48 kHz, the last one three times. WhatsApp's count at 8 kHz. */
function press(
  harness: Harness,
  code: number,
  timestamp: number,
  options: { ends?: number; payloadType?: number; clockRate?: number } = {},
): void {
  const { payloadType = 110, clockRate = 48_000 } = options;
  for (let n = 1; n <= 24; n++) {
    const payload = Buffer.from([code, 10, 0, 0]);
    payload.writeUInt16BE((clockRate / 50) * n, 2);
    harness.fromConsumer(payload, ++sequence, timestamp, { payloadType, marker: n === 1 });
    harness.clock.advance(20);
  }
  for (let n = 0; n < (options.ends ?? 3); n++) {
    const payload = Buffer.from([code, 0x80 | 10, 0, 0]);
    payload.writeUInt16BE(clockRate / 2, 2);
    harness.fromConsumer(payload, ++sequence, timestamp, { payloadType });
  }
  harness.clock.advance(100);
}

const events = (heard: readonly Heard[], payloadType = 101): readonly Heard[] =>
  heard.filter(({ header }) => header.payloadType === payloadType);

it('rescales events from 48 kHz to the phone: one timestamp, growing durations, three ends', async () => {
  const harness = await start('PCMU');
  press(harness, 11, 48_000);
  await harness.phoneHears(27);
  const heard = events(harness.phoneHeard);
  expect(heard).toHaveLength(27);
  expect(new Set(heard.map(({ header }) => header.timestamp)).size).toBe(1);
  expect(heard[0]?.header.marker).toBe(true);
  expect(heard.slice(1).some(({ header }) => header.marker)).toBe(false);
  expect(heard[0]?.payload.readUInt16BE(2)).toBe(160);
  const ends = heard.slice(-3).map(({ payload }) => payload);
  for (const end of ends) expect([...end]).toEqual([11, 0x8a, 0x0f, 0xa0]);
  expect(harness.events).toContainEqual({ kind: 'dtmf', digit: '#', durationMs: 500, from: 'consumer' });
});

it('tells each key once: ends repeated, ends lost, and the same key twice', async () => {
  const harness = await start('PCMU');
  press(harness, 1, 0);
  press(harness, 1, 28_800);
  press(harness, 2, 57_600, { ends: 0 });
  harness.clock.advance(200);
  press(harness, 10, 86_400, { ends: 1, payloadType: 110 });
  const digits = harness.events.filter((event) => event.kind === 'dtmf').map((event) => event.digit);
  expect(digits.join('')).toBe('112*');
  // The lost end is made up, so that the phone's key does not hang.
  const ends = (): readonly Heard[] =>
    events(harness.phoneHeard).filter(({ payload }) => ((payload[1] as number) & 0x80) !== 0);
  while (ends().length < 12) await harness.phoneHears(harness.phoneHeard.length + 1);
  expect(ends().map(({ payload }) => payload[0])).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 10, 10, 10]);
});

it('reports keys of a phone that has no telephone-event, and sends it none', async () => {
  const harness = await start('PCMU', { telephoneEvent: undefined as never });
  press(harness, 5, 0);
  expect(harness.events).toContainEqual({ kind: 'dtmf', digit: '5', durationMs: 500, from: 'consumer' });
  expect(events(harness.phoneHeard)).toHaveLength(0);
});

it('passes events through to an Opus phone in the one sequence', async () => {
  const harness = await start('opus');
  const silence = Uint8Array.of(0xf8, 0xff, 0xfe);
  for (let i = 0; i < 5; i++) harness.fromConsumer(silence, ++sequence, 960 * i);
  press(harness, 3, 4_800);
  for (let i = 0; i < 5; i++) harness.fromConsumer(silence, ++sequence, 28_800 + 960 * i);
  const heard = await harness.phoneHears(37);
  expect(events(heard, 102)).toHaveLength(27);
  for (let i = 1; i < heard.length; i++) {
    expect(((heard[i]?.header.sequence ?? 0) - (heard[i - 1]?.header.sequence ?? 0)) & 0xffff).toBe(1);
  }
  expect(harness.events).toContainEqual({ kind: 'dtmf', digit: '3', durationMs: 500, from: 'consumer' });
});

it('tells keys of the phone, and keeps their packets away from the codec', async () => {
  const harness = await start('PCMU');
  for (const [n, end] of [
    [1, 0],
    [2, 0],
    [3, 0x80],
    [3, 0x80],
    [3, 0x80],
  ] as const) {
    const payload = Buffer.from([7, end | 10, 0, 0]);
    payload.writeUInt16BE(160 * n, 2);
    await harness.fromPhone(payload, ++sequence, 1_600, { payloadType: 101 });
  }
  expect(harness.events.filter((event) => event.kind === 'dtmf')).toEqual([
    { kind: 'dtmf', digit: '7', durationMs: 60, from: 'phone' },
  ]);
});

describe('events of WhatsApp, which count at 8 kHz beside audio at 48 kHz', () => {
  const whatsapp = { payloadType: 126, clockRate: 8_000 };
  const listen = (harness: Harness): void =>
    harness.bridge.setConsumerPlan({
      receive: { opusPayloadTypes: [111], telephoneEvents: [whatsapp] },
      send: { payloadType: 111, ssrc: 0x1234, cname: 'gw', useInbandFec: true },
    });

  it('reach a G.711 phone as they are', async () => {
    const harness = await start('PCMU');
    listen(harness);
    press(harness, 5, 8_000, whatsapp);
    await harness.phoneHears(27);
    const heard = events(harness.phoneHeard);
    expect(heard.at(-1)?.payload.readUInt16BE(2)).toBe(4_000);
    expect(harness.events).toContainEqual({
      kind: 'dtmf',
      digit: '5',
      durationMs: 500,
      from: 'consumer',
    });
  });

  it('reach an Opus phone in its clock, at their place among its audio, the same key twice as two', async () => {
    const harness = await start('opus');
    listen(harness);
    const audio = (timestamp: number): void =>
      harness.fromConsumer(Buffer.from([0xf8, 0xff, 0xfe]), ++sequence, timestamp);
    audio(480_000);
    harness.clock.advance(20);
    // Their own timestamps have nothing to do with the audio's.
    press(harness, 7, 80_160, whatsapp);
    press(harness, 7, 84_960, whatsapp);
    await harness.phoneHears(55);
    const [first] = harness.phoneHeard.filter(({ header }) => header.payloadType !== 102);
    const keys = events(harness.phoneHeard, 102);
    const stamps = [...new Set(keys.map(({ header }) => header.timestamp))];
    expect(stamps.map((stamp) => (stamp - (first?.header.timestamp ?? 0)) >>> 0)).toEqual([960, 28_800]);
    expect(keys.slice(0, 2).map(({ payload }) => payload.readUInt16BE(2))).toEqual([960, 1_920]);
    expect(keys.at(-1)?.payload.readUInt16BE(2)).toBe(24_000);
    const numbers = harness.phoneHeard.map(({ header }) => header.sequence);
    expect(numbers).toEqual(numbers.map((_, i) => ((numbers[0] ?? 0) + i) & 0xffff));
  });
});
