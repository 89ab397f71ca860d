import { expect, it } from 'vitest';
import type { LegStats, PhoneCodec, PhonePlan } from '../../../src/media/index.ts';
import { random } from '../jitter/line.ts';
import { opus } from './harness.ts';
import { VirtualCall } from './virtual-call.ts';

const FORMATS: readonly (readonly [PhoneCodec, number, number])[] = [
  ['PCMU', 0, 8_000],
  ['PCMA', 8, 8_000],
  ['G722', 9, 8_000],
  ['opus', 107, 48_000],
  ['L16', 108, 16_000],
];
const STEPS = 400;

/** Everything that may happen to a call, in any order: hostile packets, re-INVITEs, sounds, taps, keys, time. */
class Storm {
  readonly call: VirtualCall;
  readonly #chance: () => number;
  readonly #taps: { write(): void }[] = [];
  #format = FORMATS[0] as (typeof FORMATS)[number];
  readonly #phone = { sequence: 5, timestamp: 0, ssrc: 88 };
  readonly #consumer = { sequence: 65_000, timestamp: 2 ** 32 - 9_600, ssrc: 77 };

  constructor(call: VirtualCall, seed: number) {
    this.call = call;
    this.#chance = random(seed * 7_919);
  }

  step(): void {
    const { bridge } = this.call;
    const x = this.#chance();
    if (x < 0.35) this.#fromPhone();
    else if (x < 0.65) this.#fromConsumer();
    else if (x < 0.72) this.#key();
    else if (x < 0.79) bridge.setPhonePlan(this.#plan());
    else if (x < 0.83) this.#play();
    else if (x < 0.86) {
      const tap = { write: () => {} };
      this.#taps.push(tap);
      bridge.tap(this.#pick(['phone', 'consumer']), tap);
    } else if (x < 0.88) {
      const tap = this.#taps.pop();
      if (tap) for (const leg of ['phone', 'consumer'] as const) bridge.untap(leg, tap);
    } else if (x < 0.9) bridge.infoKey(this.#pick(['1', '#', 'D', 'x', '']), this.#pick([0, 40, 30_000]));
    else this.call.until(this.call.now + this.#pick([1, 20, 20, 20, 100, 500, 3_000]));
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#chance() * of.length)] as T;
  }

  #move(stream: { sequence: number; timestamp: number; ssrc: number }): void {
    if (this.#chance() < 0.08) stream.timestamp += this.#pick([2 ** 31, -(2 ** 30), 48_000, -960]);
    if (this.#chance() < 0.05) stream.sequence += this.#pick([3, 100, -50, 30_000]);
    if (this.#chance() < 0.04) stream.ssrc ^= 1;
    stream.sequence += 1;
    stream.timestamp += this.#pick([0, 160, 960, 2_880]);
  }

  #payload(sizes: readonly number[]): Uint8Array {
    const payload = new Uint8Array(this.#pick(sizes));
    for (let i = 0; i < payload.length; i++) payload[i] = this.#chance() * 256;
    if (this.#chance() < 0.6 && payload.length >= 3)
      payload.set([this.#pick([0xf8, 0x08, 0x18]), 0xff, 0xfe]);
    return payload;
  }

  #fromPhone(): void {
    const stream = this.#phone;
    this.#move(stream);
    const type = this.#chance() < 0.9 ? this.#format[1] : this.#pick([0, 8, 9, 13, 96, 101]);
    const payload = this.#payload([0, 1, 2, 3, 160, 320, 480, 1_280, 1_400]);
    this.call.fromPhone(payload, stream.sequence, stream.timestamp, stream.ssrc, type);
  }

  #fromConsumer(): void {
    const stream = this.#consumer;
    this.#move(stream);
    const type = this.#chance() < 0.9 ? 111 : 96;
    const payload = this.#payload([0, 1, 2, 3, 60, 200, 1_200]);
    this.call.fromConsumer(payload, stream.sequence, stream.timestamp, stream.ssrc, type);
  }

  #key(): void {
    const duration = this.#pick([0, 160, 960, 65_535]);
    const flags = this.#pick([10, 0x8a]);
    const payload = Uint8Array.of(this.#pick([1, 2, 11, 16]), flags, duration >> 8, duration & 255);
    const isPhone = this.#chance() < 0.5;
    const stream = isPhone ? this.#phone : this.#consumer;
    stream.sequence += 1;
    const { sequence, timestamp, ssrc } = stream;
    if (isPhone) this.call.fromPhone(payload, sequence, timestamp, ssrc, 101);
    else this.call.fromConsumer(payload, sequence, timestamp, ssrc, 110);
  }

  #plan(): PhonePlan {
    this.#format = this.#pick(FORMATS);
    const [codec, payloadType, clockRate] = this.#format;
    const { telephoneEvent, ...plan } = this.call.plan();
    const address = this.#pick(['127.0.0.1', '127.0.0.1', '0.0.0.0']);
    return {
      ...plan,
      codec,
      clockRate,
      payloadType,
      receivePayloadTypes: [payloadType],
      comfortNoise: codec === 'opus' ? [] : [13],
      ptimeMs: this.#pick([10, 20, 30, 33, 40, 60]),
      direction: this.#pick(['sendrecv', 'sendrecv', 'recvonly', 'sendonly', 'inactive']),
      inbandDtmf: this.#chance() < 0.3,
      ...(this.#chance() < 0.7 && telephoneEvent ? { telephoneEvent } : {}),
      ...(this.#chance() < 0.5 ? { jitterBuffer: { minDelayMs: 0, maxDelayMs: this.#pick([60, 500]) } } : {}),
      remote: { ...plan.remote, address },
    };
  }

  #play(): void {
    let left = Math.floor(this.#chance() * 20_000);
    const read = (out: Int16Array, samples: number): number => {
      const made = Math.min(samples, left);
      left -= made;
      out.fill(1_000, 0, made);
      return made;
    };
    const source = this.#chance() < 0.3 ? undefined : { read };
    this.call.bridge.play(this.#pick(['phone', 'consumer']), source, this.#pick(['instead', 'mix']));
  }
}

function sane(leg: LegStats): void {
  const dropped = Object.values(leg.dropped).reduce((sum, n) => sum + n, 0);
  expect(leg.used + leg.waiting + dropped).toBe(leg.received);
  for (const [name, value] of Object.entries(leg)) {
    if (typeof value !== 'number') continue;
    if (!(Number.isFinite(value) && (value >= 0 || name === 'roundTripMs'))) expect.fail(`${name} ${value}`);
  }
}

it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
  'keeps its books, sends nothing empty and leaves nothing open, whatever happens (%i)',
  async (seed) => {
    const call = await VirtualCall.open(opus, 'PCMU');
    const storm = new Storm(call, seed);
    for (let i = 0; i < STEPS; i++) {
      storm.step();
      const { consumer, phone } = call.bridge.dump();
      sane(consumer);
      sane(phone);
    }
    expect(call.events.filter(({ kind }) => kind === 'bug')).toEqual([]);
    for (const { payload } of [...call.toPhone, ...call.toConsumer])
      expect(payload.length).toBeGreaterThan(0);
    await call.close();
    expect(opus.open).toBe(0);
    expect(call.clock.armed).toBe(0);
  },
);
