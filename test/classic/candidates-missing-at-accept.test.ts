import { afterEach, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
import { hangUp, pickUp, ring } from './support/call.ts';
import { dial } from './support/dial.ts';
import { GraphTap } from './support/graph-tap.ts';
import { sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

interface Candidate {
  readonly address: string;
  readonly port: number;
}

const candidatesOf = (description: string): Candidate[] =>
  [...description.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gm)].map(([, address, port]) => ({
    address: address ?? '',
    port: Number(port),
  }));

/** Nothing is trickled to Meta: what is not in this description does not exist. */
function isComplete(description: string): void {
  const candidates = candidatesOf(description);
  expect(candidates.length).toBeGreaterThan(0);
  const [first] = candidates;
  // The default address is the first candidate's; port 9 would promise candidates that never come.
  expect(description).toMatch(new RegExp(`^m=audio ${first?.port} `, 'm'));
  expect(description).toMatch(new RegExp(`^c=IN IP[46] ${first?.address}`, 'm'));
  expect(description).not.toContain('.local');
  expect(description).not.toMatch(/^a=ice-options:.*trickle/m);
  for (const { address, port } of candidates) {
    expect(address).not.toBe('0.0.0.0');
    expect(port).toBeGreaterThan(1_023);
  }
  expect(description).toMatch(/^a=ice-ufrag:\S{4,}/m);
  expect(description).toMatch(/^a=fingerprint:sha-256 /m);
}

it('accept carries every candidate, and the call comes up by them', async () => {
  const tap = await GraphTap.start();
  const raw = await ring(start, { configure: tap.configure });
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  const sent = tap.sdps('accept');
  expect(sent).toHaveLength(1);
  isComplete(sent[0] ?? '');
  await hangUp(raw);
});

it('accept for early media does, too', async () => {
  const tap = await GraphTap.start();
  const raw = await ring(start, { configure: tap.configure, route: { earlyMedia: 'accept' } });
  raw.peer.respond(raw.invite, 183, { body: sdp({ port: raw.rtp.port }) });
  await until(() => tap.sdps('accept').length === 1);
  isComplete(tap.sdps('accept')[0] ?? '');
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  await hangUp(raw);
});

it('on WhatsApp pre_accept and accept carry the same description, whole the first time', async () => {
  const tap = await GraphTap.start();
  const raw = await ring(start, { platform: 'whatsapp', configure: tap.configure });
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  const [before] = tap.sdps('pre_accept');
  isComplete(before ?? '');
  expect(tap.sdps('accept')).toEqual([before]);
  await hangUp(raw);
});

it('connect of a call that a phone places carries them as well', async () => {
  const tap = await GraphTap.start();
  const raw = await dial(start, { body: ({ port }) => sdp({ port }), configure: tap.configure });
  const { peer, consumer, world } = raw;
  peer.ack(await peer.response(200, 'INVITE'));
  const sent = tap.requests.filter(({ body }) => JSON.stringify(body).includes('a=candidate'));
  expect(sent).toHaveLength(1);
  isComplete(tap.sdps('connect')[0] ?? '');
  const done = consumer.hangup();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it('behind NAT the one candidate is the address that Meta can reach', async () => {
  const tap = await GraphTap.start();
  const raw = await ring(start, {
    configure: (yaml) => {
      tap.configure(yaml);
      // Loopback has many addresses: one of them stands for the public side of a NAT that keeps ports.
      Object.assign(yaml['webrtc'] as object, { bindAddress: '0.0.0.0', externalAddress: '127.0.0.3' });
    },
  });
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  const [accept] = tap.sdps('accept');
  isComplete(accept ?? '');
  expect(candidatesOf(accept ?? '').map(({ address }) => address)).toEqual(['127.0.0.3']);
  await hangUp(raw);
});
