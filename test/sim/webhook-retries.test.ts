import { expect, it } from 'vitest';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { start } from './world.ts';

const MINUTE = 60_000;

/** A try was answered, and the pause after it has begun. */
async function answered(simulator: MetaSimulator, tries: number): Promise<void> {
  const { answers } = simulator.webhooks;
  while (answers.length < tries) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('pauses between tries as it is told, the last one for all that follow', async () => {
  const { simulator, receiver, clock } = await start({ webhookRetriesMs: [0, 500, 2_000] });
  receiver.answers = Array(5).fill(503);
  const delivered = simulator.webhooks.item({ id: '10' });
  for (const [n, pauseMs] of [0, 500, 2_000, 2_000, 2_000].entries()) {
    await answered(simulator, n + 1);
    if (pauseMs > 0) clock.advance(pauseMs - 1);
    await answered(simulator, n + 1);
    expect(receiver.bodies.length).toBe(n + 1);
    clock.advance(pauseMs > 0 ? 1 : 0);
  }
  await delivered;
  expect(simulator.webhooks.answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 200]);
  expect(new Set(receiver.bodies.map(({ raw }) => String(raw))).size).toBe(1);
});

it('counts each delivery until it is answered 200, copies by themselves, and none that is dropped', async () => {
  const { simulator, receiver, clock } = await start({ webhookRetriesMs: [1_000] });
  const { webhooks } = simulator;
  expect(webhooks.undelivered).toBe(0);
  receiver.answers = [500, 500, 500];
  const event = { id: 'c1', event: 'connect', timestamp: 1 } as const;
  const twice = webhooks.call('10', event, { copies: 2 });
  const once = webhooks.item({ id: '10' });
  await webhooks.call('10', { ...event, id: 'c2' }, { drop: true });
  await answered(simulator, 3);
  expect(webhooks.undelivered).toBe(3);
  // One of the next tries fails once more.
  receiver.answers = [200, 500, 200];
  clock.advance(1_000);
  await answered(simulator, 6);
  expect(webhooks.undelivered).toBe(1);
  clock.advance(1_000);
  await Promise.all([twice, once]);
  expect([webhooks.undelivered, receiver.bodies.length]).toEqual([0, 7]);
});

it('an hour counts from the last 200 on, whatever delivery that was of', async () => {
  const { simulator, receiver, clock } = await start({ webhookRetriesMs: [10 * MINUTE] });
  const { webhooks } = simulator;
  receiver.answers = Array(100).fill(500);
  const failing = webhooks.item({ id: 'fails' });
  for (let tries = 1; tries <= 6; tries++) {
    await answered(simulator, tries);
    if (tries < 6) clock.advance(10 * MINUTE);
  }
  receiver.answers.unshift(200);
  await webhooks.item({ id: 'goes through' });
  const began = clock.monotonic();
  expect(began).toBe(50 * MINUTE);
  let tries = 7;
  for (; webhooks.subscribed; tries++) {
    clock.advance(10 * MINUTE);
    await answered(simulator, tries + 1);
  }
  await failing;
  // The first failure after it came ten minutes later.
  expect(clock.monotonic() - began).toBe(70 * MINUTE);
  expect(receiver.bodies.length).toBe(tries);
});

it('when Meta has given up nothing is left over, nothing more is sent, and nothing comes again', async () => {
  const { simulator, receiver, clock } = await start({ webhookRetriesMs: [10 * MINUTE] });
  const { webhooks } = simulator;
  receiver.answers = Array(100).fill(500);
  const both = [webhooks.item({ id: 'one' }), webhooks.item({ id: 'two' })];
  for (let tries = 2; tries <= 12; tries += 2) {
    await answered(simulator, tries);
    expect(webhooks.undelivered).toBe(2);
    clock.advance(10 * MINUTE);
  }
  await answered(simulator, 14);
  expect(webhooks.subscribed).toBe(false);
  // The other one finds that out when its pause is over.
  clock.advance(10 * MINUTE);
  await Promise.all(both);
  expect(webhooks.undelivered).toBe(0);
  const { length } = receiver.bodies;
  receiver.answers = [];
  await webhooks.item({ id: 'three' });
  expect([receiver.bodies.length, webhooks.undelivered]).toEqual([length, 0]);
  webhooks.subscribe();
  clock.advance(60 * MINUTE);
  await webhooks.item({ id: 'four' });
  expect(receiver.bodies.length).toBe(length + 1);
  expect(receiver.bodies.at(-1)?.raw.toString()).toContain('four');
});

it('whoever waits is let go when it closes, and nothing is counted any more', async () => {
  const { simulator, receiver } = await start({ webhookRetriesMs: [MINUTE] });
  const { webhooks } = simulator;
  receiver.answers = Array(100).fill(500);
  const waiting = webhooks.item({ id: '10' });
  await answered(simulator, 1);
  webhooks.close();
  await waiting;
  expect([webhooks.undelivered, receiver.bodies.length]).toEqual([0, 1]);
});
