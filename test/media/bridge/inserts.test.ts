import { afterEach, describe, expect, it } from 'vitest';
import { G711Decoder, G711Encoder } from '../../../src/media/codec/index.ts';
import { dominantFrequency, type PcmSource, type PcmTap, Tone } from '../../../src/media/index.ts';
import { Harness, type Heard, opus } from './harness.ts';
import { decodeAll, voice } from './voice.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
  expect(opus.open).toBe(0);
});

async function start(...options: Parameters<typeof Harness.open>): Promise<Harness> {
  const harness = await Harness.open(...options);
  open.push(harness);
  return harness;
}

/** A tone for `frames` of 20 ms. */
class ToneSource implements PcmSource {
  readonly #hz: number;
  #tone: Tone | undefined;
  #left: number;

  constructor(hz: number, frames = Infinity) {
    this.#hz = hz;
    this.#left = frames;
  }

  read(out: Int16Array, samples: number, rate: number): number {
    if (this.#left <= 0) return 0;
    this.#left -= 1;
    this.#tone ??= new Tone(this.#hz, rate);
    this.#tone.fill(out, samples);
    return samples;
  }
}

class Ear implements PcmTap {
  readonly pcm: number[] = [];
  rate = 0;

  write(pcm: Int16Array, samples: number, rate: number): void {
    this.rate = rate;
    for (let i = 0; i < samples; i++) this.pcm.push(pcm[i] as number);
  }

  get hz(): number {
    return dominantFrequency(Int16Array.from(this.pcm), this.rate);
  }
}

function hzOf(codec: 'PCMU' | 'opus', packets: readonly Heard[]): number {
  return codec === 'PCMU'
    ? dominantFrequency(decodeAll(new G711Decoder('PCMU'), packets), 8_000)
    : dominantFrequency(decodeAll(opus.decoder(16_000), packets), 16_000);
}

function unbroken(packets: readonly Heard[]): void {
  for (const [i, { header }] of packets.entries()) {
    const before = packets[i - 1]?.header;
    if (before) expect((header.sequence - before.sequence) & 0xffff).toBe(1);
  }
}

describe.each(['PCMU', 'opus'] as const)('with a phone that speaks %s', (codec) => {
  it('taps what each leg says, and stops', async () => {
    const harness = await start(codec);
    const [consumer, phone] = [new Ear(), new Ear()];
    harness.bridge.tap('consumer', consumer);
    harness.bridge.tap('phone', phone);
    const tone = new Tone(600, 8_000);
    const pcm = new Int16Array(160);
    const g711 = new G711Encoder('PCMU');
    const out = new Uint8Array(160);
    const phoneOpus = voice(600, 50);
    for (const [i, packet] of voice(1_000, 50).entries()) {
      harness.fromConsumer(packet, i, 960 * i);
      tone.fill(pcm, 160);
      if (codec === 'PCMU') await harness.fromPhone(out.subarray(0, g711.encode(pcm, 160, out)), i, 160 * i);
      else await harness.fromPhone(phoneOpus[i] as Uint8Array, i, 960 * i);
      harness.clock.advance(20);
    }
    expect(consumer.pcm.length).toBe(consumer.rate);
    expect(consumer.hz).toBeCloseTo(1_000, -1);
    expect(phone.pcm.length).toBe(phone.rate);
    expect(phone.hz).toBeCloseTo(600, -1);
    unbroken(await harness.phoneHears(50));
    expect(hzOf(codec, harness.phoneHeard)).toBeCloseTo(1_000, -1);
    harness.bridge.untap('consumer', consumer);
    harness.bridge.untap('phone', phone);
    harness.fromConsumer(voice(1_000, 1)[0] as Uint8Array, 50, 960 * 50);
    expect(consumer.pcm.length).toBe(consumer.rate);
    if (codec === 'opus') expect(opus.open).toBe(0);
  });

  it('plays to the phone in place of the consumer, tells the end, and goes back', async () => {
    const harness = await start(codec);
    const packets = voice(1_000, 150);
    for (const [i, packet] of packets.entries()) {
      if (i === 50) harness.bridge.play('phone', new ToneSource(425, 50));
      harness.fromConsumer(packet, i, 960 * i);
      harness.clock.advance(20);
    }
    const heard = await harness.phoneHears(150);
    unbroken(heard);
    expect(hzOf(codec, heard.slice(5, 50))).toBeCloseTo(1_000, -1);
    expect(hzOf(codec, heard.slice(55, 98))).toBeCloseTo(425, -1);
    expect(hzOf(codec, heard.slice(105))).toBeCloseTo(1_000, -1);
    expect(harness.events).toContainEqual({ kind: 'played', leg: 'phone' });
    if (codec === 'opus') expect(opus.open).toBe(0);
  });

  it('plays to the consumer while the phone holds and says nothing', async () => {
    const harness = await start(codec, { direction: 'inactive' });
    harness.bridge.play('consumer', new ToneSource(700));
    for (let i = 0; i < 60; i++) harness.clock.advance(20);
    unbroken(harness.consumerHeard);
    expect(harness.consumerHeard.length).toBeGreaterThanOrEqual(55);
    expect(
      dominantFrequency(decodeAll(opus.decoder(16_000), harness.consumerHeard.slice(10)), 16_000),
    ).toBeCloseTo(700, -1);
    const before = harness.consumerHeard.length;
    harness.bridge.play('consumer', undefined);
    for (let i = 0; i < 20; i++) harness.clock.advance(20);
    unbroken(harness.consumerHeard);
    const after = decodeAll(opus.decoder(16_000), harness.consumerHeard.slice(before + 5));
    expect(dominantFrequency(after, 16_000)).toBe(0);
  });

  it('sends no empty packet where a sound ends and the codecs it needed are closed', async () => {
    const harness = await start(codec);
    const packets = voice(600, 20);
    harness.bridge.play('consumer', new ToneSource(700, 10));
    harness.bridge.play('phone', new ToneSource(425, 10));
    const out = new Uint8Array(160).fill(0xd5);
    for (const [i, packet] of packets.entries()) {
      harness.fromConsumer(packet, i, 960 * i);
      await harness.fromPhone(codec === 'PCMU' ? out : packet, i, (codec === 'PCMU' ? 160 : 960) * i);
      harness.clock.advance(20);
    }
    expect(harness.events.filter(({ kind }) => kind === 'played')).toHaveLength(2);
    for (const { payload } of [...harness.consumerHeard, ...(await harness.phoneHears(20))])
      expect(payload.length).toBeGreaterThan(0);
    unbroken(harness.consumerHeard);
    unbroken(harness.phoneHeard);
  });

  it('mixes: both are heard', async () => {
    const harness = await start(codec);
    harness.bridge.play('phone', new ToneSource(425), 'mix');
    for (const [i, packet] of voice(1_000, 100).entries()) {
      harness.fromConsumer(packet, i, 960 * i);
      harness.clock.advance(20);
    }
    const heard = (await harness.phoneHears(100)).slice(20);
    const decoder = codec === 'PCMU' ? new G711Decoder('PCMU') : opus.decoder(16_000);
    const rate = decoder.sampleRate;
    const pcm = decodeAll(decoder, heard);
    const at = (hz: number): number => Math.hypot(...correlate(pcm, hz, rate)) / pcm.length;
    expect(at(425)).toBeGreaterThan(500);
    expect(at(1_000)).toBeGreaterThan(500);
    expect(at(1_700)).toBeLessThan(100);
  });
});

function correlate(pcm: Int16Array, hz: number, rate: number): [number, number] {
  let [re, im] = [0, 0];
  for (const [i, sample] of pcm.entries()) {
    re += sample * Math.cos((2 * Math.PI * hz * i) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return [re, im];
}

it.each(['PCMU', 'opus'] as const)('makes no codec any more once it is closed: %s', async (codec) => {
  const harness = await start(codec);
  const ear = new Ear();
  for (const leg of ['consumer', 'phone'] as const) harness.bridge.tap(leg, ear);
  await harness.bridge.close();
  for (const leg of ['consumer', 'phone'] as const) {
    harness.bridge.untap(leg, ear);
    harness.bridge.tap(leg, ear);
    harness.bridge.play(leg, new ToneSource(700), 'mix');
  }
  harness.bridge.setPhonePlan(harness.plan());
  expect(opus.open).toBe(0);
});
