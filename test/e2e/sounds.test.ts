import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { dominantFrequency, levelDbfs, Tone, wavBytes } from '../../src/media/index.ts';
import type { ConsumerCall, PhoneCall } from '../../src/sim/index.ts';
import { hears as hearsTone } from '../support/hears.ts';
import { caller, until, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const MUSIC_HZ = 900;
const ANNOUNCEMENT_HZ = 1_100;
const PHONE_HZ = 620;
const CONSUMER_HZ = 440;

const { start, closeAll } = worlds();
afterEach(closeAll);
const folder = mkdtempSync(join(tmpdir(), 'sounds-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, hz: number, seconds: number): string {
  const pcm = new Int16Array(16_000 * seconds);
  new Tone(hz, 16_000).fill(pcm, pcm.length);
  const path = join(folder, name);
  writeFileSync(path, wavBytes({ sampleRate: 16_000, channels: 1, pcm }));
  return path;
}

const files = { music: file('music.wav', MUSIC_HZ, 1), hello: file('hello.wav', ANNOUNCEMENT_HZ, 1) };

type Codec = 'PCMU' | 'G722' | 'opus';

async function talk(
  codec: Codec,
  sounds: object,
  route: object = {},
): Promise<{ call: ConsumerCall; phone: PhoneCall; end(): Promise<void> }> {
  const world = await start({
    codecs: [codec],
    phoneToneHz: PHONE_HZ,
    configure: (yaml) => {
      yaml['sounds'] = { files, ...sounds };
      Object.assign((yaml['routes'] as Record<string, object>)['desk'] ?? {}, route);
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const phone = await world.phones[0]?.nextCall();
  if (!phone) throw new Error('no phone');
  await Promise.all([call.firstAudio, phone.firstAudio]);
  return {
    call,
    phone,
    end: async () => {
      await call.hangup();
      await world.nextRecord();
      await until(() => world.gateway.calls === 0);
    },
  };
}

const hears = (end: { recording(): { sampleRate: number; pcm: Int16Array } }, hz: number): boolean =>
  hearsTone(end.recording(), hz);

/** How much of a tone there is, as its share of full scale. */
function amountOf(hz: number, pcm: Int16Array, rate: number): number {
  let [re, im] = [0, 0];
  for (let i = 0; i < pcm.length; i++) {
    re += (pcm[i] as number) * Math.cos((2 * Math.PI * hz * i) / rate);
    im += (pcm[i] as number) * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return (2 * Math.hypot(re, im)) / pcm.length / 32_768;
}

describe.each<Codec>(['PCMU', 'G722', 'opus'])('a call with a phone of %s', (codec) => {
  it('plays music to the consumer while the phone holds, and the phone again after it', async () => {
    const { call, phone, end } = await talk(codec, { hold: 'music' });
    await until(() => hears(call, PHONE_HZ));
    expect(await phone.redirect('inactive')).toBe(true);
    // Longer than the file: it begins again.
    await until(() => hears(call, MUSIC_HZ));
    const since = call.recording().pcm.length;
    await until(() => call.recording().pcm.length > since + 2 * 16_000);
    expect(hears(call, MUSIC_HZ)).toBe(true);
    expect(await phone.redirect('sendrecv')).toBe(true);
    await until(() => hears(call, PHONE_HZ) && hears(phone, CONSUMER_HZ));
    await end();
    expect(call.relay()).toMatchObject({ strays: 0, forged: 0 });
  });

  it('announces to both what the consumer hears from its first moment', async () => {
    const { call, phone, end } = await talk(codec, {}, { announcement: 'hello' });
    const consumerIn = ({ pcm, sampleRate }: { pcm: Int16Array; sampleRate: number }): number =>
      amountOf(CONSUMER_HZ, pcm.subarray(-sampleRate / 2), sampleRate);
    // The phone hears the consumer behind it: at last for half a second on end, also where the machine is busy.
    await until(() => hears(call, PHONE_HZ) && consumerIn(phone.recording()) > 0.1);
    await end();
    const { sampleRate, pcm } = call.recording();
    const loud = (at: number): boolean => levelDbfs(pcm.subarray(at, at + sampleRate / 50)) > -30;
    let begins = 0;
    while (!loud(begins)) begins += sampleRate / 50;
    const part = (from: number, to: number): Int16Array =>
      pcm.subarray(begins + from * sampleRate, begins + to * sampleRate);
    // Nothing of the phone comes before it, or into it; and it is whole.
    for (const [from, to] of [
      [0.02, 0.4],
      [0.5, 0.95],
    ] as const)
      expect(Math.abs(dominantFrequency(part(from, to), sampleRate) / ANNOUNCEMENT_HZ - 1)).toBeLessThan(
        0.02,
      );
    expect(Math.abs(dominantFrequency(part(1.1, 1.5), sampleRate) / PHONE_HZ - 1)).toBeLessThan(0.02);
    const heard = phone.recording();
    expect(
      amountOf(ANNOUNCEMENT_HZ, heard.pcm.subarray(0, 2 * heard.sampleRate), heard.sampleRate),
    ).toBeGreaterThan(0.03);
  });
});

it('leaves the line to a phone that has music of its own', async () => {
  const { call, phone, end } = await talk('PCMU', { hold: 'music' });
  expect(await phone.redirect('sendonly')).toBe(true);
  const since = call.recording().pcm.length;
  await until(() => call.recording().pcm.length > since + 3 * 16_000);
  const { pcm, sampleRate } = call.recording();
  expect(amountOf(PHONE_HZ, pcm.subarray(-2 * sampleRate), sampleRate)).toBeGreaterThan(0.1);
  expect(amountOf(MUSIC_HZ, pcm.subarray(-2 * sampleRate), sampleRate)).toBeLessThan(0.002);
  await end();
});

it('gives the tone of the line where no music is configured, and silence where that is wanted', async () => {
  for (const [hold, hz] of [
    [{}, 425],
    [{ hold: 'silence' }, 0],
  ] as const) {
    const { call, phone, end } = await talk('PCMU', hold);
    expect(await phone.redirect('inactive')).toBe(true);
    const since = call.recording().pcm.length;
    await until(() => call.recording().pcm.length > since + 2 * 16_000);
    const { pcm, sampleRate } = call.recording();
    // Both pips are in it.
    const amount = amountOf(425, pcm.subarray(since + 4_000), sampleRate);
    if (hz) expect(amount).toBeGreaterThan(0.01);
    else expect(levelDbfs(pcm.subarray(since + 8_000))).toBeLessThan(-60);
    await end();
  }
});

it('keeps a phone back that talks when the path opens, for the lead-in and no longer', async () => {
  const { call, end } = await talk('PCMU', { leadInMs: 2_000 });
  await until(() => hears(call, PHONE_HZ));
  const { pcm, sampleRate } = call.recording();
  const begins = pcm.findIndex((sample) => Math.abs(sample) > 2_000) / sampleRate;
  // Ticks that a busy machine left out are missing from the silence.
  expect(begins).toBeGreaterThan(1);
  await end();
});
