import { expect, it } from 'vitest';
import { signatureOf } from '../../src/meta/index.ts';
import { advanceUntil, SECRET, start } from './world.ts';

const MINUTE = 60_000;
const idle = { toneHz: 440 };

it('tries again for an hour, at once and then ever more seldom; then Meta unsubscribes the app', async () => {
  const { simulator, receiver, clock } = await start();
  receiver.answers = Array(1_000).fill(500);
  simulator.consumer({ psid: '7' }).call(idle);
  await receiver.count(1);
  const began = clock.monotonic();
  await advanceUntil(clock, () => receiver.bodies.length === 5, 500);
  expect(clock.monotonic() - began).toBeLessThan(MINUTE);
  await advanceUntil(clock, () => !simulator.webhooks.subscribed, 5_000);
  expect(clock.monotonic() - began).toBeGreaterThanOrEqual(60 * MINUTE);
  expect(receiver.bodies.length).toBeGreaterThan(12);
  expect(simulator.events.at(-1)).toMatchObject({ from: 'meta', what: 'unsubscribed' });
  const count = receiver.bodies.length;
  await simulator.consumer({ psid: '7' }).call(idle).hangup();
  expect(receiver.bodies.length).toBe(count);
  receiver.answers = [];
  simulator.webhooks.subscribe();
  await simulator.consumer({ psid: '7' }).call(idle).hangup();
  expect(receiver.bodies.length).toBe(count + 2);
});

it('gives one try five seconds of its own clock', async () => {
  const { simulator, receiver, clock } = await start();
  receiver.answers = [0];
  const call = simulator.consumer({ psid: '7' }).call({ ...idle, delivery: { terminate: { drop: true } } });
  await receiver.count(1);
  clock.advance(4_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(receiver.bodies.length).toBe(1);
  clock.advance(1);
  await advanceUntil(clock, () => receiver.bodies.length === 2, 0);
  expect(receiver.bodies[1]?.raw).toEqual(receiver.bodies[0]?.raw);
  await call.hangup();
});

it('delivers terminate before connect when told to', async () => {
  const { simulator, receiver } = await start();
  const call = simulator
    .consumer({ psid: '7' })
    .call({ ...idle, delivery: { connect: { after: 'terminate' } } });
  await call.hangup();
  await receiver.count(2);
  const events = [0, 1].map((n) => receiver.entries(n)[0]?.calls[0]?.event);
  expect(events).toEqual(['terminate', 'connect']);
});

it('puts several events into one signed webhook: entries, newest first, or one entry for the Page', async () => {
  const { simulator, receiver } = await start();
  const dial = (): string => simulator.consumer({ psid: '7' }).call(idle).id;
  const idsOf = (body: number): string[][] =>
    receiver.entries(body).map(({ calls }) => calls.map(({ id }) => id));
  simulator.webhooks.hold();
  const [one, two] = [dial(), dial()];
  await simulator.webhooks.flush();
  expect(idsOf(0)).toEqual([[one], [two]]);
  simulator.webhooks.hold();
  const [three, four] = [dial(), dial()];
  await simulator.webhooks.flush({ reversed: true });
  expect(idsOf(1)).toEqual([[four], [three]]);
  simulator.webhooks.hold();
  const [five, six] = [dial(), dial()];
  await simulator.webhooks.flush({ grouped: true });
  expect(idsOf(2)).toEqual([[five, six]]);
  expect(receiver.bodies[2]?.signature).toBe(signatureOf(receiver.bodies[2]?.raw ?? Buffer.of(), SECRET));
  dial();
  await receiver.count(4);
});

it('groups changes as it groups calls', async () => {
  const { simulator, receiver } = await start();
  simulator.webhooks.hold();
  for (const changesForm of [true, 'bare', false] as const) {
    simulator.consumer({ psid: '7' }).call({ ...idle, delivery: { changesForm } });
  }
  await simulator.webhooks.flush({ grouped: true });
  const entry = receiver.entries(0);
  expect(entry).toHaveLength(1);
  expect(entry[0]).toMatchObject({
    calls: [{ event: 'connect' }],
    changes: [
      { field: 'calls', value: { calls: [{ event: 'connect' }] } },
      { field: 'calls', value: { event: 'connect' } },
    ],
  });
});

it('delivers in the forms asked for', async () => {
  const { simulator, receiver, clock } = await start();
  const seconds = Math.floor(clock.now() / 1000);
  simulator
    .consumer({ psid: '7654321098765432' })
    .call({ ...idle, delivery: { copies: 2, millisecondTimestamps: true, numericIds: true } });
  await receiver.count(2);
  const text = receiver.bodies[0]?.raw.toString() ?? '';
  expect(receiver.bodies[1]?.raw.toString()).toBe(text);
  expect(text).toContain('"from":7654321098765432');
  expect(text).toContain(`"timestamp":${seconds * 1000}`);
  const late = simulator.consumer({ psid: '7' }).call({ ...idle, delivery: { connect: { delayMs: 5_000 } } });
  clock.advance(4_999);
  await late.hangup();
  clock.advance(1);
  await receiver.count(4);
  const events = [2, 3].map((n) => receiver.entries(n)[0]?.calls[0]?.event);
  expect(events).toEqual(['terminate', 'connect']);
});

it('lets go of whoever waits, and of its timers, when it closes', async () => {
  const { simulator, receiver, clock } = await start();
  receiver.answers = [500, 500, 500];
  const failing = simulator.consumer({ psid: '7' }).call(idle);
  await advanceUntil(clock, () => receiver.bodies.length === 2);
  simulator.webhooks.hold();
  const gone = failing.hangup();
  simulator.consumer({ psid: '8' }).call({ ...idle, delivery: { connect: { after: 'terminate' } } });
  await simulator.close();
  await gone;
  expect(clock.armed).toBe(0);
});
