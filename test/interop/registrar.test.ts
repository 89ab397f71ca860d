import { afterEach, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../src/cli/demo/world.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A gateway that is a registrar for one account, and whose only trunk that is. */
async function office(): Promise<World> {
  const world = await startWorld({
    phones: [],
    configure: (yaml) => {
      const sip = yaml['sip'] as Record<string, unknown>;
      sip['listen'] = ['udp', 'tcp'].map((protocol) => ({ protocol, address: '127.0.0.1', port: 0 }));
      sip['registrar'] = { accounts: [{ user: 'bob', password: '${PAGE_TOKEN}' }] };
      yaml['trunks'] = { desk: { registered: 'bob' } };
      yaml['routes'] = { desk: { targets: [{ trunk: 'desk' }] } };
    },
  });
  closers.push(() => world.close());
  return world;
}

async function baresip(world: World, transport: 'udp' | 'tcp', password: string): Promise<Baresip> {
  const at = world.gateway.sipContacts.find(({ protocol }) => protocol === transport);
  const registrar = { address: `127.0.0.1:${at?.port}`, password, transport };
  const phone = await Baresip.start({ user: 'bob', toneHz: 620, registrar });
  closers.push(() => phone.close());
  return phone;
}

describe.runIf(hasPeers('baresip'))('baresip registers at the gateway', () => {
  it.each(['udp', 'tcp'] as const)('over %s, is rung by a consumer, who hears it', async (transport) => {
    const world = await office();
    const phone = await baresip(world, transport, 'demo-page-token');
    await phone.event('REGISTER_OK');
    const call = world.simulator
      .consumer({ psid: '7654321098765432', name: 'Amina Otieno' })
      .call({ toneHz: 440 });
    await phone.established();
    await call.firstAudio;
    while (call.heard().rxPackets < 150) await new Promise((resolve) => setTimeout(resolve, 20));
    await call.hangup();
    await phone.ended();
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(await world.nextRecord()).toMatchObject({ answered: true, target: 'desk/bob' });
  });

  it('not with a wrong password', async () => {
    const phone = await baresip(await office(), 'udp', 'wrong');
    await phone.rejected();
  });
});
