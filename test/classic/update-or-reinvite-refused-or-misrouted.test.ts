import { afterEach, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
import { Peer } from '../sip/support/peer.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { CONSUMER_HZ, consumerHears, hangUp, offer, PHONE_HZ, pickUp, ring, talk } from './support/call.ts';
import { readSdp, sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const OTHER_HZ = 800;

it.each(['INVITE', 'UPDATE'] as const)('%s moves the media to another address of the PBX', async (method) => {
  const raw = await talk(start);
  const moved = await RtpEnd.start();
  const ok = await offer(raw, sdp({ port: moved.port, version: 2 }), method);
  expect(readSdp(ok.body)).toMatchObject({ port: raw.gatewayRtp, direction: 'sendrecv' });
  // The former stream goes on for a while, as those of PBXs do.
  moved.talk(OTHER_HZ, { port: raw.gatewayRtp, ssrc: 5 });
  await until(() => consumerHears(raw, OTHER_HZ) && moved.hears(CONSUMER_HZ));
  raw.rtp.hush();
  const before = raw.rtp.received.length;
  const at = moved.received.length;
  await until(() => moved.received.length > at + 10);
  expect(raw.rtp.received.length - before).toBeLessThan(3);
  await hangUp(raw);
});

it.each(['INVITE', 'UPDATE'] as const)('%s changes the codec, and back', async (method) => {
  const raw = await talk(start, { codecs: ['PCMU', 'PCMA'] });
  const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 2, payloads: ['8 PCMA/8000'] }), method);
  expect(readSdp(ok.body).payloads).toContain('8 PCMA/8000');
  raw.rtp.talk(OTHER_HZ, { port: raw.gatewayRtp, payloadType: 8 });
  await until(() => consumerHears(raw, OTHER_HZ) && raw.rtp.received.at(-1)?.payloadType === 8);
  await offer(raw, sdp({ port: raw.rtp.port, version: 3 }), method);
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.received.at(-1)?.payloadType === 0);
  await until(() => raw.rtp.hears(CONSUMER_HZ));
  await hangUp(raw);
});

it('one without SDP that changes nothing: UPDATE gets 200 without a body, the call goes on', async () => {
  const raw = await talk(start);
  raw.peer.requestIn(raw.invite, 'UPDATE');
  expect((await raw.peer.response(200, 'UPDATE')).body).toBe('');
  const before = raw.rtp.received.length;
  await until(() => raw.rtp.received.length > before + 25);
  expect(raw.rtp.hears(CONSUMER_HZ)).toBe(true);
  await hangUp(raw);
});

it('an offer without a common codec gets 488 and changes nothing (RFC 3261 14.2)', async () => {
  const raw = await talk(start);
  raw.peer.requestIn(raw.invite, 'INVITE', {
    body: sdp({ port: raw.rtp.port, version: 2, payloads: ['18 G729/8000'] }),
  });
  const refusal = await raw.peer.response(488, 'INVITE');
  raw.peer.ack(refusal);
  const before = raw.rtp.received.length;
  await until(() => raw.rtp.received.length > before + 25);
  expect(raw.rtp.hears(CONSUMER_HZ) && consumerHears(raw, PHONE_HZ)).toBe(true);
  await hangUp(raw);
});

it('a video line that is offered beside the audio is refused alone', async () => {
  const raw = await talk(start);
  const video = 'm=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
  const ok = await offer(raw, `${sdp({ port: raw.rtp.port, version: 2 })}${video}`);
  expect(ok.body).toMatch(/^m=audio [1-9]/m);
  expect(ok.body).toMatch(/^m=video 0 /m);
  await hangUp(raw);
});

it('goes where the new Contact of a re-INVITE is (target refresh, RFC 3261 12.2.2)', async () => {
  const raw = await talk(start);
  const moved = await Peer.start();
  raw.peer.requestIn(raw.invite, 'INVITE', {
    body: sdp({ port: raw.rtp.port, version: 2 }),
    headers: { Contact: `<${moved.uri}>` },
  });
  raw.peer.ack(await raw.peer.response(200, 'INVITE'));
  const done = raw.call.hangup();
  const bye = await moved.request('BYE');
  expect(bye.start).toContain(moved.uri);
  moved.respond(bye, 200);
  await done;
  await raw.world.nextRecord();
  await until(() => raw.world.gateway.calls === 0);
});

it('goes through the proxy that recorded its route', async () => {
  const raw = await ring(start);
  const proxy = await Peer.start();
  await pickUp(raw, {}, { 'Record-Route': `<sip:127.0.0.1:${proxy.port};lr>` }, proxy);
  await until(() => consumerHears(raw, PHONE_HZ));
  const done = raw.call.hangup();
  const bye = await proxy.request('BYE');
  expect(bye.start).toContain(raw.peer.uri);
  expect(bye.headers.get('route')).toContain(`127.0.0.1:${proxy.port}`);
  proxy.respond(bye, 200);
  await done;
  await raw.world.nextRecord();
  await until(() => raw.world.gateway.calls === 0);
});

it('one of no dialog gets 481, and the call beside it does not notice', async () => {
  const raw = await talk(start);
  raw.peer.requestIn(raw.invite, 'UPDATE', { headers: { From: '<sip:x@127.0.0.1>;tag=nobody' } });
  await raw.peer.response(481, 'UPDATE');
  raw.peer.requestIn(raw.invite, 'INVITE', {
    headers: { 'Call-ID': 'another@peer' },
    body: sdp({ port: raw.rtp.port, version: 2 }),
  });
  raw.peer.ack(await raw.peer.response(481, 'INVITE'));
  const before = raw.rtp.received.length;
  await until(() => raw.rtp.received.length > before + 25);
  expect(raw.rtp.hears(CONSUMER_HZ)).toBe(true);
  await hangUp(raw);
});
