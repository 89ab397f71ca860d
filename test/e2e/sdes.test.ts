import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_PAGE, type World, type WorldOptions } from '../../src/cli/demo/world.ts';
import type { LadderStep } from '../../src/gateway/index.ts';
import { createLogger } from '../../src/observe/index.ts';
import type { SrtpPolicy } from '../../src/sdp/index.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const SUITE = 'AES_CM_128_HMAC_SHA1_80';

/** A world whose trunk and phone have these policies; phones may call out. */
const secured = (trunk: SrtpPolicy, phone: SrtpPolicy, more: WorldOptions = {}): Promise<World> =>
  start({
    ...more,
    phones: [{ srtp: phone }],
    configure: (yaml) => {
      const { phone1 } = yaml['trunks'] as { phone1: Record<string, unknown> };
      phone1['srtp'] = trunk;
      yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
    },
  });

describe('SDES with a phone that rings', () => {
  it.each([
    ['required', 'required', SUITE],
    ['optional', 'required', SUITE],
    ['required', 'optional', SUITE],
    ['optional', 'off', ''],
    ['off', 'optional', ''],
  ] as const)('trunk %s, phone %s: talks both ways by frequency, suite "%s"', async (trunk, phone, suite) => {
    const world = await secured(trunk, phone);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const rung = await world.phones[0]?.nextCall();
    if (!rung) throw new Error('no phone');
    await Promise.all([call.firstAudio, rung.firstAudio]);
    await until(() => rung.heard().rxPackets > 80 && call.heard().rxPackets > 80);
    expect(rung.suite).toBe(suite);
    await call.hangup();
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(rung.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    expect(rung.strays).toBe(0);
    expect(await world.nextRecord()).toMatchObject({
      cause: 'consumer-hangup',
      media: { phone: { dropped: { auth: 0, replay: 0 } } },
    });
    await until(() => world.gateway.calls === 0);
  });

  it('a re-INVITE with a new key: the talk goes on, and nothing of the old key is taken for new', async () => {
    const world = await secured('required', 'required');
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const rung = await world.phones[0]?.nextCall();
    if (!rung) throw new Error('no phone');
    await Promise.all([call.firstAudio, rung.firstAudio]);
    expect(await rung.changeKeys()).toBe(true);
    const [heard, told] = [rung.heard().rxPackets, call.heard().rxPackets];
    await until(() => rung.heard().rxPackets > heard + 80 && call.heard().rxPackets > told + 80);
    await rung.hangup();
    await call.ended;
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(rung.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    const { media } = (await world.nextRecord()) as { media: { phone: { used: number } } };
    expect(media.phone.used).toBeGreaterThan(60);
    await until(() => world.gateway.calls === 0);
  });

  it.each([
    ['required', 'off'],
    ['off', 'required'],
  ] as const)('trunk %s, phone %s: no call', async (trunk, phone) => {
    const world = await secured(trunk, phone);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ answered: false });
    expect(world.phones[0]?.calls[0]?.heard().rxPackets).toBe(0);
    await until(() => world.gateway.calls === 0);
  });
});

describe('SDES with a phone that calls', () => {
  const dial = async (world: World) => {
    const [at] = world.gateway.sipContacts;
    const [phone] = world.phones;
    if (!at || !phone) throw new Error('no SIP address or phone');
    world.simulator.consumer({ ...caller, permission: true });
    return phone.dial({ number: caller.psid, host: at.address, port: at.port });
  };

  it.each([
    ['required', 'required', SUITE],
    ['optional', 'off', ''],
  ] as const)('trunk %s, phone %s: talks both ways by frequency', async (trunk, policy, suite) => {
    const world = await secured(trunk, policy);
    const next = world.simulator.nextPlaced();
    const phone = await dial(world);
    const consumer = await next;
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await until(() => phone.heard().rxPackets > 80 && consumer.heard().rxPackets > 80);
    expect(phone.suite).toBe(suite);
    await phone.hangup();
    await consumer.ended;
    expect(Math.abs(consumer.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });

  it.each([
    ['required', 'off', 'SRTP Required'],
    ['off', 'required', 'SRTP Not Supported'],
  ] as const)(
    'trunk %s, phone %s: 488 %s, before the consumer is disturbed',
    async (trunk, policy, reason) => {
      const world = await secured(trunk, policy);
      const phone = await dial(world);
      expect(await phone.ended).toMatchObject({ how: '488', failure: { status: 488, reason } });
      expect(world.simulator.requests.filter(({ action }) => action === 'connect')).toEqual([]);
      await until(() => world.gateway.calls === 0);
    },
  );
});

it('no key is in a log, a step of the ladder or a record', async () => {
  const written: string[] = [];
  const destination = { write: (line: string): void => void written.push(line) };
  const log = createLogger({ level: 'debug', destination });
  const steps: LadderStep[] = [];
  const world = await secured('required', 'required', { log, onLadder: (step) => steps.push(step) });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const rung = await world.phones[0]?.nextCall();
  if (!rung) throw new Error('no phone');
  await Promise.all([call.firstAudio, rung.firstAudio]);
  expect(await rung.changeKeys()).toBe(true);
  await call.hangup();
  const lines = written.join('');
  const shown = lines + JSON.stringify(steps) + JSON.stringify(await world.nextRecord());
  expect(lines).toContain(call.id);
  expect(shown).not.toMatch(/inline:|a=crypto:\d+ \S+ [^[]/);
  await until(() => world.gateway.calls === 0);
});
