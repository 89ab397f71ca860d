import { afterEach, describe, expect, it } from 'vitest';
import { caller, until, worlds } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { Kamailio } from './support/kamailio.ts';
import { heardHz } from './support/recording.ts';

const { start, closeAll } = worlds();
const peers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await closeAll();
  for (const peer of peers.splice(0)) await peer.close();
});

/** A phone, and a proxy that knows it as `desk`. */
async function desk(): Promise<{ phone: Baresip; kamailio: Kamailio }> {
  const phone = await Baresip.start({ toneHz: 700 });
  peers.push(phone);
  const kamailio = await Kamailio.start({ forks: { desk: [phone.uri] } });
  peers.push(kamailio);
  return { phone, kamailio };
}

describe.runIf(hasPeers('kamailio', 'baresip'))('consumer, gateway, kamailio, baresip', () => {
  it.each([
    { transport: 'udp', last: 'consumer' },
    { transport: 'udp', last: 'phone' },
    { transport: 'tcp', last: 'consumer' },
    { transport: 'tcp', last: 'phone' },
  ] as const)('hear each other over $transport; the phone holds; the $last hangs up', async (by) => {
    const { phone, kamailio } = await desk();
    const world = await start({
      phone: { user: 'desk', host: '127.0.0.1', port: kamailio.port },
      configure: (yaml) => {
        const { sip, trunks } = yaml as {
          sip: { listen: { protocol: string }[] };
          trunks: Record<string, { transport?: string }>;
        };
        for (const each of sip.listen) each.protocol = by.transport;
        for (const each of Object.values(trunks)) each.transport = by.transport;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await phone.established();
    await call.firstAudio;
    await until(() => call.heard().rxPackets > 60);
    await phone.hears();
    await phone.hold();
    await phone.resume();
    if (by.last === 'phone') phone.hangup();
    else await call.hangup();
    await Promise.all([call.ended, phone.ended()]);
    expect(await world.nextRecord()).toMatchObject({ cause: `${by.last}-hangup`, answered: true });
    await until(() => world.gateway.calls === 0);
    expect(Math.abs(call.heard().heardHz / 700 - 1)).toBeLessThan(0.02);
    expect(Math.abs(heardHz(phone.heard()) / 440 - 1)).toBeLessThan(0.02);
    const inside = kamailio.seen.filter(({ inDialog }) => inDialog);
    expect(inside.filter(({ method }) => method !== 'ACK').map(({ method }) => method)).toEqual([
      'INVITE',
      'INVITE',
      'BYE',
    ]);
    expect(inside.every(({ routed }) => routed)).toBe(true);
  });

  it('stops ringing when the consumer hangs up', async () => {
    const phone = await Baresip.start({ toneHz: 700, answers: false });
    peers.push(phone);
    const kamailio = await Kamailio.start({ forks: { desk: [phone.uri] } });
    peers.push(kamailio);
    const world = await start({ phone: { user: 'desk', host: '127.0.0.1', port: kamailio.port } });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await phone.ringing();
    await call.hangup();
    await Promise.all([call.ended, phone.ended(), kamailio.saw(({ method }) => method === 'CANCEL')]);
    expect(await world.nextRecord()).toMatchObject({ answered: false });
    await until(() => world.gateway.calls === 0);
  });
});
