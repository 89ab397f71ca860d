import { expect, it, onTestFinished } from 'vitest';
import { startWorld, type WorldOptions } from '../../src/cli/demo/world.ts';
import { caller, graphOf, until } from '../e2e/world.ts';
import { consumerHears, ring, talk } from './support/call.ts';
import { dial, outboundWorld } from './support/dial.ts';
import { sdp } from './support/sdp.ts';

/** The gateway is closed by the test; the rest behind it. */
const start = async (options?: WorldOptions) => {
  const world = await startWorld(options);
  onTestFinished(() => world.close());
  return world;
};

it('a call that is up gets its BYE and its terminate, and its record', async () => {
  const raw = await talk(start);
  const closed = raw.world.gateway.close();
  const bye = await raw.peer.request('BYE');
  raw.peer.respond(bye, 200);
  await closed;
  expect(graphOf(raw.world)).toEqual(['accept', 'terminate']);
  expect(raw.world.records).toMatchObject([{ cause: 'shutdown', answered: true }]);
});

it('a call that rings gets CANCEL and reject; a 200 that crosses is hung up before the SIP side closes', async () => {
  const raw = await ring(start);
  const { peer, invite, rtp, world } = raw;
  peer.respond(invite, 180);
  const closed = world.gateway.close();
  const cancel = await peer.request('CANCEL');
  peer.respond(invite, 200, { body: sdp({ port: rtp.port }) });
  peer.respond(cancel, 200);
  await peer.request('ACK');
  peer.respond(await peer.request('BYE'), 200);
  await closed;
  expect(graphOf(world)).toEqual(['reject']);
  expect(world.records).toMatchObject([{ cause: 'shutdown', answered: false }]);
});

it('a call that was accepted for its early media gets CANCEL and terminate', async () => {
  const raw = await ring(start, { route: { earlyMedia: 'accept' } });
  const { peer, invite, rtp, world, gatewayRtp } = raw;
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
  rtp.talk(900, { port: gatewayRtp });
  await until(() => consumerHears(raw, 900));
  const closed = world.gateway.close();
  peer.respond(await peer.request('CANCEL'), 200);
  peer.respond(invite, 487);
  await closed;
  expect(graphOf(world)).toEqual(['accept', 'terminate']);
});

it('a call that a phone places is refused to it, and ended at Meta', async () => {
  const raw = await dial(start, { body: ({ port }) => sdp({ port }), whenCalled: { does: 'ignore' } });
  const { peer, world, consumer } = raw;
  await peer.response(180);
  const closed = world.gateway.close();
  await until(() => peer.received.some(({ status }) => status >= 400));
  const final = peer.received.find(({ status }) => status >= 400);
  if (final) peer.ack(final);
  await closed;
  await until(() => consumer.end !== undefined);
  expect(consumer.end).toMatchObject({ by: 'business' });
  expect(graphOf(world)).toEqual(['permission', 'connect', 'terminate']);
});

it('what comes while it closes is turned away: no INVITE goes out, a phone gets 503, each call has its record', async () => {
  const { world, peer, contact } = await outboundWorld(start);
  const first = world.simulator.consumer({ psid: '111' }).call({ toneHz: 440 });
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  // Meta's reply keeps it open for a while.
  world.simulator.faults.add({ kind: 'slow', delayMs: 700, action: 'reject' });
  const closed = world.gateway.close();
  peer.respond(await peer.request('CANCEL'), 200);
  const second = world.simulator.consumer({ psid: '222' }).call({ toneHz: 440 });
  peer.requestTo(contact, 'INVITE', { user: caller.psid, body: sdp({ port: 4_000 }) });
  await until(() => peer.received.some(({ status }) => status >= 400));
  const refusal = peer.received.find(({ status }) => status >= 400);
  expect(refusal?.status).toBe(503);
  if (refusal) peer.ack(refusal);
  peer.respond(invite, 487);
  await closed;
  await until(() => first.end !== undefined);
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(1);
  expect(graphOf(world).filter((action) => action !== 'reject')).toEqual([]);
  // Meta still rings for the second one only if its webhook found nobody.
  if (second.end !== undefined) expect(second.end).toMatchObject({ by: 'business' });
});
