import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import { caller, graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const real = globalThis.fetch;

const nowS = (): number => Math.floor(Date.now() / 1_000);
const page = (more: object): string =>
  JSON.stringify({ object: 'page', entry: [{ id: DEMO_PAGE, time: nowS(), ...more }] });
const connect = (id: string, timestamp?: number): string =>
  page({
    calls: [
      {
        ...{ id, event: 'connect', from: caller.psid, to: DEMO_PAGE, call_direction: 'user_initiated' },
        ...(timestamp === undefined ? {} : { timestamp }),
      },
    ],
  });

it('a body that was recorded and is sent again, with its right signature, makes nothing ring and no second record', async () => {
  const world = await start({ phones: [{ behaviour: 486 }] });
  const { webhooks } = world.simulator;
  const recorded: { readonly body: Uint8Array; readonly signature: string }[] = [];
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    const { body, headers } = init as { body: Uint8Array; headers: Record<string, string> };
    if (url === world.gateway.webhookUrl)
      recorded.push({ body, signature: headers['x-hub-signature-256'] ?? '' });
    return real(url, init);
  });
  onTestFinished(() => spy.mockRestore());
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.ended;
  expect(await world.nextRecord()).toMatchObject({ callId: call.id, answered: false });
  await until(() => world.gateway.calls === 0);
  spy.mockRestore();
  expect(recorded.length).toBeGreaterThanOrEqual(2);
  for (let i = 0; i < 3; i++)
    for (const { body, signature } of recorded) expect(await webhooks.raw(body, signature)).toBe(200);
  // The same call in another body, as Meta writes it when it delivers again: it is known to be over.
  expect(await webhooks.raw(connect(call.id, nowS()))).toBe(200);
  expect(world.gateway.calls).toBe(0);
  expect(world.phones[0]?.calls).toHaveLength(1);
  expect(world.records).toHaveLength(1);
  expect(graphOf(world)).toEqual(['reject']);
});

it.each([
  ['a minute and a second', 61],
  ['a day', 86_400],
  ['a year', 31_536_000],
])('a connect that is %s old rings nobody, and asks nothing of Meta', async (_what, ageS) => {
  const world = await start();
  expect(await world.simulator.webhooks.raw(connect('c_old', nowS() - ageS))).toBe(200);
  expect(await world.nextRecord()).toMatchObject({ callId: 'c_old', cause: 'missed', detail: 'stale' });
  expect(world.phones[0]?.calls).toHaveLength(0);
  expect(graphOf(world)).toEqual([]);
});

it('an old terminate of another call, and one of nobody, end nothing', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  const gone = { event: 'terminate', status: 'Completed', timestamp: nowS() - 3_600 };
  await world.simulator.webhooks.raw(page({ calls: [{ ...gone, id: 'c_other' }] }));
  expect(world.gateway.calls).toBe(1);
  const heard = phone?.heard().rxPackets ?? 0;
  await until(() => (phone?.heard().rxPackets ?? 0) > heard + 25);
  await call.hangup();
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it("a consumer's yes of before does not undo a later no", async () => {
  const world = await start();
  const reply = (response: string, timestamp: number): string =>
    page({
      messaging: [
        {
          sender: { id: caller.psid },
          recipient: { id: DEMO_PAGE },
          timestamp,
          call_permission_reply: { response },
        },
      ],
    });
  world.simulator.consumer({ ...caller, permission: false });
  const at = Date.now();
  const yes = reply('approve', at - 60_000);
  await world.simulator.webhooks.raw(yes);
  await world.simulator.webhooks.raw(reply('reject', at - 1_000));
  await world.simulator.webhooks.raw(yes);
  await world.simulator.webhooks.raw(reply('approve', at - 50_000));
  const asked = await fetch(`${world.gateway.adminUrl}/permissions?page=${DEMO_PAGE}&psid=${caller.psid}`);
  expect(await asked.text()).toMatch(/"response":"reject"/);
});
