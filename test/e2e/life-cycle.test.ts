import { afterEach, expect, it } from 'vitest';
import { startWorld } from '../../src/cli/demo/world.ts';
import { caller, graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

it('ends its calls on both sides when the media worker dies, and carries the next call on a new one', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await world.gateway.crashMediaWorker();
  expect(await phone?.ended).toEqual({ by: 'gateway', how: 'BYE' });
  expect(await call.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'media-failed' });
  expect(graphOf(world)).toEqual(['accept', 'terminate']);
  await until(() => world.gateway.calls === 0);
  // Dying right after its start costs a pause before the next one.
  await until(() => world.simulator.requests.length === 2);
  let next = world.simulator.consumer(caller).call({ toneHz: 440 });
  while (next.state !== 'connected') {
    await Promise.race([next.connected, next.ended]);
    if (next.state === 'ended') next = world.simulator.consumer(caller).call({ toneHz: 440 });
  }
  await next.firstAudio;
  await next.hangup();
  await until(() => world.gateway.calls === 0);
});

it('ends every call on both sides when it is closed, in whatever state they are', async () => {
  const world = await startWorld({ phones: [{ ringMs: 50 }] });
  const talking = world.simulator.consumer(caller).call({ toneHz: 440 });
  const answered = await world.phones[0]?.nextCall();
  await talking.firstAudio;
  const [phone] = world.phones;
  if (!phone) throw new Error('no phone');
  phone.behaviour = 'never';
  const ringing = world.simulator.consumer({ psid: '222' }).call({ toneHz: 440 });
  const rung = await phone.nextCall();
  await world.gateway.close();
  expect(await answered?.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
  expect(await rung.ended).toMatchObject({ by: 'gateway', how: 'CANCEL' });
  // Its webhook may find no gateway any more.
  await until(() => talking.end !== undefined && ringing.end !== undefined);
  expect(talking.end).toMatchObject({ by: 'business', action: 'terminate' });
  expect(ringing.end).toMatchObject({ by: 'business', action: 'reject' });
  expect(world.records.map(({ cause }) => cause)).toEqual(['shutdown', 'shutdown']);
  await world.close();
});

it('is told to Meta although Graph does not answer at first: closing waits for the second try', async () => {
  const world = await startWorld({
    configure: (yaml) => {
      (yaml['meta'] as Record<string, unknown>)['endTimeoutMs'] = 9_000;
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.firstAudio;
  world.simulator.faults.add({ kind: 'hang', action: 'terminate' });
  await world.gateway.close();
  await until(() => call.end !== undefined);
  expect(call.end).toMatchObject({ by: 'business', action: 'terminate' });
  expect(world.records).toMatchObject([{ cause: 'shutdown', meta: { terminate: 'done' } }]);
  await world.close();
});

it('rejects and records a call that comes while it closes, and waits for that too', async () => {
  const world = await startWorld();
  const talking = world.simulator.consumer(caller).call({ toneHz: 440 });
  await talking.firstAudio;
  world.simulator.faults.add({ kind: 'slow', action: 'terminate', delayMs: 1_000 });
  world.simulator.faults.add({ kind: 'html-500', action: 'reject', times: 2 });
  const closed = world.gateway.close();
  const late = world.simulator.consumer({ psid: '222' }).call({ toneHz: 440 });
  await closed;
  expect(late.end).toMatchObject({ by: 'business', action: 'reject' });
  expect(world.records).toMatchObject([
    { callId: talking.id, cause: 'shutdown' },
    { callId: late.id, cause: 'missed', detail: 'closing', meta: { reject: 'done' } },
  ]);
  await world.close();
});

it('tells whether it is ready, and its calls, on the admin port only', async () => {
  const world = await start();
  const { adminUrl, webhookUrl } = world.gateway;
  expect((await fetch(`${adminUrl}/health/live`)).status).toBe(200);
  const metrics = await fetch(`${adminUrl}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await metrics.text()).toMatch(/^msgw_ready 1$/m);
  expect((await fetch(new URL('/metrics', webhookUrl))).status).toBe(404);
  expect(await (await fetch(`${adminUrl}/health/ready`)).json()).toMatchObject({
    ready: true,
    calls: 0,
    sip: true,
    media: true,
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.firstAudio;
  expect(await (await fetch(`${adminUrl}/calls`)).json()).toMatchObject([
    { callId: call.id, state: 'talking' },
  ]);
  expect((await fetch(new URL('/calls', webhookUrl))).status).toBe(404);
  expect((await fetch(new URL('/health/ready', webhookUrl))).status).toBe(404);
  await call.hangup();
  await until(() => world.gateway.calls === 0);
});

it('leaves no socket, thread or port of its own when the world is closed', async () => {
  const kinds = ['TCPSocketWrap', 'TCPServerWrap', 'UDPWrap', 'Worker', 'MessagePort'];
  const held = (): string =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => kinds.includes(kind))
      .sort()
      .join(' ');
  const before = held();
  const world = await startWorld();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  expect(held()).not.toBe(before);
  await call.hangup();
  await world.nextRecord();
  await world.close();
  // Handles that were closed are gone a turn later; the test's own HTTP client keeps its connections for 4 s.
  await until(() => held() === before);
});
