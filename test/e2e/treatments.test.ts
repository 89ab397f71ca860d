import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { dominantFrequency, levelDbfs, Tone, wavBytes } from '../../src/media/index.ts';
import type { ConsumerCall } from '../../src/sim/index.ts';
import { caller, graphOf, until, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const CLOSED_HZ = 1_100;
const BUSY_HZ = 900;

const { start, closeAll } = worlds();
afterEach(closeAll);
const folder = mkdtempSync(join(tmpdir(), 'treatments-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, hz: number): string {
  const pcm = new Int16Array(16_000);
  new Tone(hz, 16_000).fill(pcm, pcm.length);
  const path = join(folder, name);
  writeFileSync(path, wavBytes({ sampleRate: 16_000, channels: 1, pcm }));
  return path;
}

const files = { closed: file('closed.wav', CLOSED_HZ), busy: file('busy.wav', BUSY_HZ) };

/** The tone that the consumer heard, and for how long, in seconds. */
function heard(call: ConsumerCall): { readonly hz: number; readonly seconds: number } {
  const { sampleRate, pcm } = call.recording();
  const step = sampleRate / 50;
  const loud: number[] = [];
  for (let at = 0; at + step <= pcm.length; at += step)
    if (levelDbfs(pcm.subarray(at, at + step)) > -30) loud.push(at);
  const [from = 0, to = 0] = [loud[0], loud.at(-1)];
  return {
    hz: dominantFrequency(pcm.subarray(from + step, to), sampleRate),
    seconds: (loud.length * step) / sampleRate,
  };
}

type Yaml = Record<string, unknown>;
const configure =
  (rules: object[], route: object = {}, more: (yaml: Yaml) => void = () => {}) =>
  (yaml: Yaml) => {
    yaml['sounds'] = { files };
    yaml['routing'] = { rules };
    Object.assign((yaml['routes'] as Record<string, object>)['desk'] ?? {}, route);
    more(yaml);
  };

describe.each(['messenger', 'whatsapp'] as const)('on %s', (platform) => {
  it('a rule has an announcement played whole to the consumer, and the call ended', async () => {
    const world = await start({
      platform,
      configure: configure([{ name: 'night', when: {}, announce: 'closed' }], { announcement: 'busy' }),
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    expect(await call.ended).toMatchObject({ by: 'business' });
    const { hz, seconds } = heard(call);
    expect(Math.abs(hz / CLOSED_HZ - 1)).toBeLessThan(0.02);
    expect(seconds).toBeGreaterThan(0.9);
    expect(await world.nextRecord()).toMatchObject({
      cause: 'turned-away',
      announced: 'closed',
      answered: false,
      routing: { rule: 'night', announce: 'closed' },
      attempts: [],
    });
    await until(() => world.gateway.calls === 0);
    const accept = platform === 'whatsapp' ? ['pre_accept', 'accept'] : ['accept'];
    expect(graphOf(world)).toEqual([...accept, 'terminate']);
    expect(world.phones[0]?.calls ?? []).toEqual([]);
  });
});

it('a rule rejects', async () => {
  const world = await start({ configure: configure([{ when: { platform: 'messenger' }, reject: true }]) });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.ended;
  expect(await world.nextRecord()).toMatchObject({
    cause: 'turned-away',
    routing: { rule: '#1', reject: true },
  });
  await until(() => world.gateway.calls === 0);
  expect(graphOf(world)).toEqual(['reject']);
});

it('a phone is busy: the announcement of its route, and the call ends as busy', async () => {
  const world = await start({
    phones: [{ behaviour: 486 }],
    configure: configure([], { onBusy: { announce: 'busy' } }),
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.ended;
  const { hz, seconds } = heard(call);
  expect(Math.abs(hz / BUSY_HZ - 1)).toBeLessThan(0.02);
  expect(seconds).toBeGreaterThan(0.9);
  expect(await world.nextRecord()).toMatchObject({ cause: 'busy', announced: 'busy', sipStatus: 486 });
  await until(() => world.gateway.calls === 0);
});

it('a phone is busy: another route rings, and its phone talks with the consumer', async () => {
  const world = await start({
    phones: [{ behaviour: 486 }, {}],
    configure: configure([], { onBusy: { route: 'other' } }, (yaml) => {
      yaml['routes'] = {
        desk: { targets: [{ trunk: 'phone1', user: '100' }], onBusy: { route: 'other' } },
        other: { targets: [{ trunk: 'phone2', user: '100' }] },
      };
    }),
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[1]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await until(() => Math.abs((call.heard().heardHz ?? 0) / 620 - 1) < 0.02);
  await call.hangup();
  expect(await world.nextRecord()).toMatchObject({
    cause: 'consumer-hangup',
    answered: true,
    target: 'phone2/100',
    attempts: [{ target: 'phone1/100', status: 486 }, { target: 'phone2/100' }],
  });
  await until(() => world.gateway.calls === 0);
});

it('a tone stands for an announcement', async () => {
  const world = await start({ configure: configure([{ when: {}, announce: 'busy-tone' }]) });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.ended;
  // ITU-T E.180: 425 Hz, on and off by half seconds.
  expect(Math.abs(heard(call).hz / 425 - 1)).toBeLessThan(0.02);
  expect(await world.nextRecord()).toMatchObject({ announced: 'busy-tone' });
  await until(() => world.gateway.calls === 0);
});

describe('a rule that asks for the language', () => {
  const rules = [{ when: { caller: { languages: ['de'] } }, announce: 'closed' }];

  it('fits a caller whose profile says so', async () => {
    const world = await start({ configure: configure(rules) });
    const call = world.simulator.consumer({ ...caller, locale: 'de_AT' }).call({ toneHz: 440 });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ announced: 'closed', cause: 'turned-away' });
    await until(() => world.gateway.calls === 0);
  });

  it('does not fit where the app may not read it: the phone rings, with the name', async () => {
    const world = await start({ configure: configure(rules) });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    expect(phone?.callerName).toBe('Amina Otieno');
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ answered: true });
    await until(() => world.gateway.calls === 0);
  });

  it('a caller who hangs up during the look-up rings nobody', async () => {
    const world = await start({ configure: configure(rules) });
    world.simulator.faults.add({ kind: 'hang', action: 'profile' });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'missed', detail: 'terminated-before' });
    expect(world.phones[0]?.calls).toEqual([]);
  });
});
