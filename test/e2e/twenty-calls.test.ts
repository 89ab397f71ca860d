import { afterEach, expect, it } from 'vitest';
import { until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

it('carries 20 calls at once, each heard both ways by its own tone; nothing is left afterwards', async () => {
  const world = await start({ codecs: ['PCMU'] });
  const calls = Array.from({ length: 20 }, (_, i) =>
    world.simulator.consumer({ psid: String(1_000 + i), name: `Caller ${i}` }).call({ toneHz: 400 + 20 * i }),
  );
  await Promise.all(calls.map((call) => call.firstAudio));
  const [phone] = world.phones;
  if (!phone) throw new Error('no phone');
  const legOf = (id: string) => phone.calls.find((leg) => leg.header('x-meta-call-id') === id);
  await until(() =>
    calls.every((call) => call.heard().rxPackets > 100 && (legOf(call.id)?.heard().rxPackets ?? 0) > 100),
  );
  // A busy machine starves a call for a moment; each must come to hear its own tone and no other's.
  const near = (hz: number | undefined, wanted: number): boolean => Math.abs((hz ?? 0) / wanted - 1) < 0.02;
  await until(() =>
    calls.every(
      (call, i) => near(legOf(call.id)?.heard().heardHz, 400 + 20 * i) && near(call.heard().heardHz, 620),
    ),
  );
  expect(world.gateway.calls).toBe(20);
  await Promise.all(calls.map((call, i) => (i % 2 ? call.hangup() : legOf(call.id)?.hangup())));
  await Promise.all(calls.map((call) => call.ended));
  await until(() => world.gateway.calls === 0);
  expect(world.records).toHaveLength(20);
  expect(new Set(world.records.map(({ callId }) => callId)).size).toBe(20);
  const { media } = await world.gateway.inventory();
  // The worker's own port is all that is left: no socket, no timer.
  expect(media.resources.filter((name) => name !== 'MessagePort')).toEqual([]);
}, 60_000);
