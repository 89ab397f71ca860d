import { afterEach, expect } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, graphOf, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

async function metric(world: World, series: string): Promise<number> {
  const text = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

const ready = async (world: World): Promise<boolean> =>
  (await fetch(`${world.gateway.adminUrl}/health/ready`)).status === 200;

itEmbedded(
  'ends its calls on both sides when the SIP server dies, says it is not ready, and carries the next call',
  async () => {
    const world = await start();
    const { sipContacts } = world.gateway;
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    // A call younger than the server's last report is not hung up at the phone.
    await until(async () => (await metric(world, 'drachtio_stable_dialogs')) === 1);
    expect(await ready(world)).toBe(true);

    await world.gateway.crashSipServer();
    await until(async () => !(await ready(world)));
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await phone?.ended).toEqual({ by: 'gateway', how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-lost' });
    expect(graphOf(world)).toEqual(['accept', 'terminate']);

    await until(() => ready(world));
    expect(world.gateway.sipContacts).toEqual(sipContacts);
    expect(await metric(world, 'msgw_sip_restarts_total')).toBe(1);
    const next = world.simulator.consumer(caller).call({ toneHz: 440 });
    await next.firstAudio;
    await next.hangup();
    await until(() => world.gateway.calls === 0);
    expect(await metric(world, 'drachtio_sip_requests_out_total{method="INVITE"}')).toBe(2);
  },
);

itEmbedded('stops a phone that rang when the SIP server died', async () => {
  const world = await start({ phones: [{ ringMs: 60_000 }] });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await until(async () => (await metric(world, 'drachtio_sofia_dialogs')) === 1);
  await world.gateway.crashSipServer();
  expect(await phone?.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
  expect(await call.ended).toMatchObject({ by: 'business' });
});
