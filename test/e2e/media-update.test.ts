import { afterEach, describe, expect, it } from 'vitest';
import type { ConsumerCall, PhoneCall } from '../../src/sim/index.ts';
import { MUTE_FORMS } from '../../src/sim/meta-sdp.ts';
import { caller, graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** A call on which both hear each other. */
async function talking(): Promise<{ call: ConsumerCall; phone: PhoneCall; end: () => Promise<unknown> }> {
  const world = await start();
  const ringing = world.phones[0]!.nextCall();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await ringing;
  await Promise.all([call.firstAudio, phone.firstAudio]);
  await until(() => phone.heard().heardHz > 0);
  const end = async (): Promise<unknown> => {
    await call.hangup();
    const record = await world.nextRecord();
    await until(() => world.gateway.calls === 0);
    return record;
  };
  return { call, phone, end };
}

const hears = (phone: PhoneCall): Promise<void> =>
  until(() => Math.abs(phone.heard().heardHz / 440 - 1) < 0.02 && phone.heard().levelDb > -30);

describe('a consumer who changes the media in a call', () => {
  it.each(MUTE_FORMS)('mutes (%s): the phone hears silence, then the consumer again', async (form) => {
    const { call, phone, end } = await talking();
    call.mute(true, form);
    await until(() => phone.heard().levelDb < -50);
    call.mute(false);
    await hears(phone);
    expect(await end()).toMatchObject({ cause: 'consumer-hangup', renegotiations: 3 });
  });

  it.each(['beside', 'moved'] as const)(
    'turns the camera on (%s) and off: the phone goes on hearing',
    async (video) => {
      const { call, phone, end } = await talking();
      for (const now of [video, undefined]) {
        const { rxPackets } = phone.heard();
        call.video(now);
        // More than the second that the tone is measured over.
        await until(() => phone.heard().rxPackets > rxPackets + 75);
        await hears(phone);
      }
      expect(await end()).toMatchObject({ cause: 'consumer-hangup', renegotiations: 3 });
    },
  );
});

describe('a phone that holds', () => {
  const held = async (configure?: (yaml: Record<string, unknown>) => void): Promise<string[]> => {
    const world = await start(configure ? { configure } : {});
    const ringing = world.phones[0]!.nextCall();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await ringing;
    await Promise.all([call.firstAudio, phone.firstAudio]);
    expect(await phone.redirect('sendonly')).toBe(true);
    expect(await phone.redirect('sendrecv')).toBe(true);
    if (configure) await until(() => graphOf(world).length >= 3);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup' });
    await until(() => world.gateway.calls === 0);
    return graphOf(world);
  };

  it('is nothing to Meta', async () => {
    expect(await held()).toEqual(['accept']);
  });

  it('is told to Meta where the route asks for it', async () => {
    const asked = await held((yaml) => {
      const { desk } = yaml['routes'] as Record<string, Record<string, unknown>>;
      Object.assign(desk ?? {}, { holdTellsMeta: true });
    });
    expect(asked).toEqual(['accept', 'media_update', 'media_update']);
  });
});
