import { afterEach, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import type { ConsumerCall, PhoneCall } from '../../src/sim/index.ts';
import { graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

async function metric(world: World, series: string): Promise<number> {
  const text = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

async function workersOf(world: World): Promise<{ up: boolean; calls: number }[]> {
  const reply = await fetch(`${world.gateway.adminUrl}/health/ready`);
  return ((await reply.json()) as { workers: { up: boolean; calls: number }[] }).workers;
}

const startTwo = (): Promise<World> =>
  start({ configure: (yaml) => Object.assign(yaml, { media: { workers: 2 } }) });

async function talk(
  world: World,
  psid: string,
  toneHz: number,
): Promise<{ call: ConsumerCall; leg: PhoneCall; toneHz: number }> {
  const call = world.simulator.consumer({ psid }).call({ toneHz });
  const leg = await world.phones[0]?.nextCall();
  if (!leg) throw new Error('no phone');
  await Promise.all([call.firstAudio, leg.firstAudio]);
  return { call, leg, toneHz };
}

const near = (hz: number, wanted: number): boolean => Math.abs(hz / wanted - 1) < 0.02;

it('loses the calls of the media worker that dies and no other: tones go on both ways on the survivor', async () => {
  const world = await startTwo();
  const first = await talk(world, '1001', 440);
  const second = await talk(world, '1002', 520);
  expect((await workersOf(world)).map(({ calls }) => calls)).toEqual([1, 1]);
  const listed = (await (await fetch(`${world.gateway.adminUrl}/calls`)).json()) as {
    callId: string;
    media: { worker: number };
  }[];
  const workerOf = (id: string) => listed.find(({ callId }) => callId === id)?.media.worker;
  const [dying, living] = workerOf(first.call.id) === 0 ? [first, second] : [second, first];
  expect([workerOf(dying.call.id), workerOf(living.call.id)]).toEqual([0, 1]);
  for (const worker of [0, 1]) {
    const series = `msgw_media_packets_total{worker="${worker}",leg="consumer",direction="in"}`;
    await until(async () => (await metric(world, series)) > 0);
  }

  await world.gateway.crashMediaWorker(0);
  expect(await dying.leg.ended).toEqual({ by: 'gateway', how: 'BYE' });
  expect(await dying.call.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({ callId: dying.call.id, cause: 'media-failed' });
  expect(graphOf(world)).toEqual(['accept', 'accept', 'terminate']);

  const heard = { call: living.call.heard().rxPackets, leg: living.leg.heard().rxPackets };
  await until(
    () => living.call.heard().rxPackets > heard.call + 100 && living.leg.heard().rxPackets > heard.leg + 100,
  );
  await until(
    () => near(living.leg.heard().heardHz, living.toneHz) && near(living.call.heard().heardHz, 620),
  );
  expect(living.call.end).toBeUndefined();

  await until(async () => (await workersOf(world)).every(({ up }) => up));
  expect(await metric(world, 'msgw_media_worker_restarts_total{worker="0"}')).toBe(1);
  expect(await metric(world, 'msgw_media_worker_restarts_total{worker="1"}')).toBe(0);
  expect(await metric(world, 'msgw_media_worker_up{worker="0"}')).toBe(1);
  const next = await talk(world, '1003', 600);
  await until(() => next.leg.heard().rxPackets > 60);
  expect((await workersOf(world)).map(({ calls }) => calls)).toEqual([1, 1]);
  await Promise.all([next.call.hangup(), living.call.hangup()]);
  await until(() => world.gateway.calls === 0);
  expect(await metric(world, 'msgw_media_worker_calls{worker="1"}')).toBe(0);
});
