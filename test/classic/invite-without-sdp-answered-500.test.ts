import { afterEach, expect, it } from 'vitest';
import { graphOf, until, worlds } from '../e2e/world.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { CONSUMER_HZ, consumerHears, hangUp, PHONE_HZ, talk } from './support/call.ts';
import { dial, inDialog } from './support/dial.ts';
import { readSdp, sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

it('the first INVITE: our offer is in the 200, the answer in the ACK, both talk (RFC 3261 13.2.1)', async () => {
  const raw = await dial(start);
  const { peer, rtp, consumer, world } = raw;
  await peer.response(180);
  const ok = await peer.response(200, 'INVITE');
  const offered = readSdp(ok.body);
  expect(offered.direction).toBe('sendrecv');
  expect(offered.payloads).toContain('0 PCMU/8000');
  peer.ack(ok, sdp({ port: rtp.port }));
  rtp.talk(PHONE_HZ, { port: offered.port });
  await until(() => consumerHears({ call: consumer }, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
  const done = consumer.hangup();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup', codec: 'PCMU' });
  await until(() => world.gateway.calls === 0);
});

it('the first INVITE, and its ACK has no answer: nobody is left on a silent line', async () => {
  const raw = await dial(start);
  const { peer, consumer, world } = raw;
  peer.ack(await peer.response(200, 'INVITE'));
  peer.respond(await peer.request('BYE'), 200);
  expect(await consumer.ended).toMatchObject({ by: 'business' });
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  expect(graphOf(world)).toEqual(['permission', 'connect', 'terminate']);
});

it('the first INVITE, and the ACK answers with a codec that we did not offer: 488 in the BYE', async () => {
  const raw = await dial(start);
  const { peer, rtp, consumer, world } = raw;
  peer.ack(await peer.response(200, 'INVITE'), sdp({ port: rtp.port, payloads: ['18 G729/8000'] }));
  const bye = await peer.request('BYE');
  expect(bye.headers.get('reason')).toContain('488');
  peer.respond(bye, 200);
  await consumer.ended;
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it('a re-INVITE: a fresh full offer, not the last answer again; the answer in the ACK moves the media', async () => {
  const raw = await talk(start, { codecs: ['PCMU', 'PCMA'] });
  const { peer, invite, gatewayRtp } = raw;
  const moved = await RtpEnd.start();
  const before = readSdp(invite.body);
  peer.requestIn(invite, 'INVITE');
  const ok = await peer.response(200, 'INVITE');
  const offered = readSdp(ok.body);
  expect(offered).toMatchObject({ port: gatewayRtp, direction: 'sendrecv' });
  expect(offered.payloads).toEqual(before.payloads);
  expect(offered.version).toBeGreaterThan(before.version);
  peer.ack(ok, sdp({ port: moved.port, version: 2, payloads: ['8 PCMA/8000'] }));
  raw.rtp.hush();
  moved.talk(800, { port: gatewayRtp, payloadType: 8, ssrc: 3 });
  await until(() => consumerHears(raw, 800) && moved.hears(CONSUMER_HZ));
  await hangUp(raw);
});

it('a re-INVITE whose ACK has no answer leaves the call as it was', async () => {
  const raw = await talk(start);
  const { peer, invite, rtp } = raw;
  peer.requestIn(invite, 'INVITE');
  peer.ack(await peer.response(200, 'INVITE'));
  const before = rtp.received.length;
  await until(() => rtp.received.length > before + 25);
  expect(rtp.hears(CONSUMER_HZ) && consumerHears(raw, PHONE_HZ)).toBe(true);
  await hangUp(raw);
});

it('a re-INVITE while the phone holds offers to talk again (RFC 6337 5.2)', async () => {
  const raw = await talk(start);
  const { peer, invite, rtp, gatewayRtp } = raw;
  peer.requestIn(invite, 'INVITE', { body: sdp({ port: rtp.port, version: 2, direction: 'inactive' }) });
  peer.ack(await peer.response(200, 'INVITE'));
  rtp.hush();
  peer.requestIn(invite, 'INVITE');
  const ok = await peer.response(200, 'INVITE');
  expect(readSdp(ok.body).direction).toBe('sendrecv');
  peer.ack(ok, sdp({ port: rtp.port, version: 3 }));
  rtp.talk(PHONE_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
  await hangUp(raw);
});

it('a re-INVITE in a call that the phone placed', async () => {
  const raw = await dial(start, { body: ({ port }) => sdp({ port }) });
  const { peer, rtp, consumer, world } = raw;
  const ok = await peer.response(200, 'INVITE');
  peer.ack(ok);
  const { port } = readSdp(ok.body);
  rtp.talk(PHONE_HZ, { port });
  await until(() => consumerHears({ call: consumer }, PHONE_HZ));
  const [at] = world.gateway.sipContacts;
  peer.requestTo(`udp/${at?.address}:${at?.port}`, 'INVITE', { headers: inDialog(ok) });
  const again = await peer.response(200, 'INVITE');
  expect(readSdp(again.body)).toMatchObject({ port, direction: 'sendrecv' });
  peer.ack(again, sdp({ port: rtp.port, version: 2 }));
  await until(() => rtp.hears(CONSUMER_HZ));
  const done = consumer.hangup();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});
