import { afterEach, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const ready = async ({ gateway }: World): Promise<number> =>
  (await fetch(`${gateway.adminUrl}/health/ready`)).status;

it('a drain lets the call that is up go on, turns new ones away, and resolves when it is over', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);

  const reply = await fetch(`${world.gateway.adminUrl}/drain`, { method: 'POST' });
  expect([reply.status, await reply.json()]).toEqual([202, { calls: 1 }]);
  const drained = world.gateway.drain();
  expect(await ready(world)).toBe(503);
  const late = world.simulator.consumer({ psid: '222' }).call({ toneHz: 440 });
  expect(await late.ended).toMatchObject({ by: 'business', action: 'reject' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'missed', detail: 'closing' });
  expect(call.state).toBe('connected');

  await call.hangup();
  await drained;
  expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup' });
  expect(world.gateway.calls).toBe(0);
});

it('a drain ends waiting at its limit; closing ends the rest on both sides', async () => {
  const world = await start({
    configure: (yaml) => Object.assign(yaml, { limits: { drainMs: 0 } }),
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await world.gateway.drain();
  expect(call.state).toBe('connected');
  await world.gateway.close();
  expect(await phone?.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'shutdown' });
});

it('an operator sees calls and one call, and hangs it up on both sides', async () => {
  const world = await start();
  const { adminUrl } = world.gateway;
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await until(async () => {
    const [listed] = (await (await fetch(`${adminUrl}/calls`)).json()) as Record<string, unknown>[];
    return listed?.['state'] === 'talking';
  });
  const one = `${adminUrl}/calls/${encodeURIComponent(call.id)}`;
  expect(await (await fetch(one)).json()).toMatchObject({
    callId: call.id,
    state: 'talking',
    direction: 'user_initiated',
    held: false,
    milestones: { webhook: expect.any(Number) },
  });
  expect((await fetch(one, { method: 'DELETE' })).status).toBe(202);
  expect(await phone?.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
  expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'operator', endedBy: 'operator' });
  await until(() => world.gateway.calls === 0);
  const gone = await fetch(one);
  expect(gone.status).toBe(404);
  expect(await gone.json()).toMatchObject({ problems: [{ message: expect.any(String) }] });
});
