import { expect, it } from 'vitest';
import { caller, finished, until } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { desks } from './support/desk.ts';
import { scenario, sipp } from './support/sipp.ts';

const { world: start } = desks();

it.runIf(hasPeers('sipp'))(
  'tells sipp keys by INFO, one after the other, and takes its own in every form',
  async () => {
    const phone = await sipp(scenario('uas-dtmf.xml'));
    // Its scenario would take the first OPTIONS for its call.
    const trunk = { dtmf: 'auto', qualify: { everyS: 0 } };
    const world = await start({ to: { user: 'desk', port: phone.port }, trunk });
    const call = world.simulator.consumer(caller).call({ toneHz: 440, reply: { telephoneEvent: true } });
    await call.connected;
    await call.firstAudio;
    await call.sendDtmf('5#');
    await until(() => call.relay()?.keys === '7#');
    await call.hangup();
    await phone.done;
    expect(await finished(world)).toMatchObject({ dtmfDigits: 2 });
  },
);
