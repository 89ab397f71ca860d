import { afterEach, describe, expect, it } from 'vitest';
import { CONSUMER_HZ, consumerHears, hangUp, PHONE_HZ, pickUp, ring } from '../classic/support/call.ts';
import { readSdp, sdp } from '../classic/support/sdp.ts';
import { Peer } from '../sip/support/peer.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { graphOf, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const MUSIC_HZ = 900;
const OTHER_HZ = 1_100;
const RINGBACK_HZ = 425;
const early = { route: { earlyMedia: 'accept' } };

it.each(['messenger', 'whatsapp'] as const)(
  '%s: the consumer hears the announcement of a 183 before anybody answers, and is heard only then',
  async (platform) => {
    const raw = await ring(start, { ...early, platform });
    const { peer, rtp, invite, gatewayRtp, world } = raw;
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    expect(graphOf(world).at(-1)).toBe('accept');
    // The phone is sent silence, from where its RTP is wanted.
    await until(() => rtp.received.length > 25);
    expect(rtp.levelDb).toBeLessThan(-60);
    expect(rtp.received[0]?.from.port).toBe(gatewayRtp);
    await pickUp(raw);
    await until(() => consumerHears(raw, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
    expect(await hangUp(raw)).toMatchObject({ cause: 'consumer-hangup', answered: true });
  },
);

it('ignores early media unless the route wants it: nothing is accepted, nothing of it is heard later', async () => {
  const raw = await ring(start);
  const { peer, rtp, invite, gatewayRtp, world } = raw;
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  const media = await RtpEnd.start();
  peer.respond(invite, 180, { reason: 'Ringing' });
  await until(() => world.gateway.calls === 1);
  expect(graphOf(world)).toEqual([]);
  rtp.hush();
  peer.respond(invite, 200, { body: sdp({ port: media.port, version: 2 }) });
  await peer.request('ACK');
  media.talk(PHONE_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && media.hears(CONSUMER_HZ));
  await hangUp(raw);
});

it('keys go to the PBX before it answers, for a menu that it plays', async () => {
  const raw = await ring(start, early);
  const { peer, rtp, invite, gatewayRtp } = raw;
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, MUSIC_HZ));
  await raw.call.sendDtmf('5');
  await until(() => rtp.events(101).some(({ payload }) => payload[0] === 5 && (payload[1] as number) > 0x7f));
  expect(rtp.levelDb).toBeLessThan(-60);
  await pickUp(raw);
  await until(() => consumerHears(raw, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
  await hangUp(raw);
});

it('takes another answer in the 200: codec, address and payload type (RFC 6337 3.1.1)', async () => {
  const raw = await ring(start, { ...early, codecs: ['PCMU', 'PCMA'] });
  const { peer, rtp, invite, gatewayRtp } = raw;
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, MUSIC_HZ));
  const agent = await RtpEnd.start();
  peer.respond(invite, 200, { body: sdp({ port: agent.port, version: 2, payloads: ['8 PCMA/8000'] }) });
  await peer.request('ACK');
  agent.talk(PHONE_HZ, { port: gatewayRtp, payloadType: 8, ssrc: 7 });
  await until(() => consumerHears(raw, PHONE_HZ) && agent.hears(CONSUMER_HZ));
  // The announcement that goes on beside it is a stranger now.
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  const heard = raw.call.recording().pcm.length;
  await until(() => raw.call.recording().pcm.length > heard + 16_000);
  expect(consumerHears(raw, PHONE_HZ)).toBe(true);
  expect(agent.received.every(({ payloadType }) => payloadType === 8)).toBe(true);
  await hangUp(raw);
});

itEmbedded('the latest early media of forks is heard; an extra 200 is ACKed and hung up', async () => {
  const raw = await ring(start, early);
  const { peer, rtp, invite, gatewayRtp } = raw;
  const second = await RtpEnd.start();
  peer.respond(invite, 183, { tag: 'one', body: sdp({ port: rtp.port }) });
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, MUSIC_HZ));
  // Both go on: what came last is what counts.
  peer.respond(invite, 183, { tag: 'two', body: sdp({ port: second.port, sessionId: 78 }) });
  second.talk(OTHER_HZ, { port: gatewayRtp, ssrc: 9 });
  await until(() => consumerHears(raw, OTHER_HZ));
  // RFC 6228: one branch has ended.
  peer.respond(invite, 199, { tag: 'two', reason: 'Early Dialog Terminated' });
  second.hush();
  peer.respond(invite, 200, { tag: 'one', body: sdp({ port: rtp.port }) });
  await peer.request('ACK');
  rtp.talk(PHONE_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
  peer.respond(invite, 200, { tag: 'two', body: sdp({ port: second.port, sessionId: 78 }) });
  expect((await peer.request('ACK')).headers.get('to')).toContain('tag=two');
  const bye = await peer.request('BYE');
  expect(bye.headers.get('to')).toContain('tag=two');
  peer.respond(bye, 200);
  expect(consumerHears(raw, PHONE_HZ)).toBe(true);
  const done = raw.call.hangup();
  const last = await peer.request('BYE');
  expect(last.headers.get('to')).toContain('tag=one');
  peer.respond(last, 200);
  await done;
  await raw.world.nextRecord();
  await until(() => raw.world.gateway.calls === 0);
});

it('a reliable 183 gets its PRACK and is heard; the 200 needs no SDP then (RFC 3262 5)', async () => {
  const raw = await ring(start, early);
  const { peer, rtp, invite, gatewayRtp } = raw;
  expect(invite.headers.get('supported')).toContain('100rel');
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }), headers: { Require: '100rel', RSeq: '4711' } });
  const prack = await peer.request('PRACK');
  expect(prack.headers.get('rack')).toBe(`4711 ${invite.headers.get('cseq')}`);
  peer.respond(prack, 200);
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, MUSIC_HZ));
  peer.respond(invite, 200);
  await peer.request('ACK');
  rtp.talk(PHONE_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && rtp.hears(CONSUMER_HZ));
  await hangUp(raw);
});

describe('phones that do not answer after all', () => {
  it.each([486, 480])('%i of the only one ends the call at Meta by terminate', async (status) => {
    const raw = await ring(start, early);
    const { peer, rtp, invite, gatewayRtp, world, call } = raw;
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    peer.respond(invite, status);
    await peer.request('ACK');
    expect(await call.ended).toMatchObject({ by: 'business' });
    const record = await world.nextRecord();
    expect(record).toMatchObject({ answered: false, talkMs: 0, sipStatus: status });
    expect(record['target']).toBeUndefined();
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept', 'terminate']);
  });

  it('the consumer hears our ringback tone while the next one rings, and then that one', async () => {
    const next = await Peer.start();
    const agent = await RtpEnd.start();
    const raw = await ring(start, { ...early, next: [next] });
    const { peer, rtp, invite, gatewayRtp, world } = raw;
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    peer.respond(invite, 480);
    await peer.request('ACK');
    const second = await next.request('INVITE');
    next.respond(second, 180, { reason: 'Ringing' });
    // The first one's music goes on, and is heard no more.
    await until(() => consumerHears(raw, RINGBACK_HZ));
    const sent = rtp.received.length;
    expect(readSdp(second.body).port).toBe(gatewayRtp);
    next.respond(second, 200, { body: sdp({ port: agent.port, sessionId: 78 }) });
    await next.request('ACK');
    agent.talk(PHONE_HZ, { port: gatewayRtp, ssrc: 9 });
    await until(() => consumerHears(raw, PHONE_HZ) && agent.hears(CONSUMER_HZ));
    expect(rtp.received.length - sent).toBeLessThan(5);
    const done = raw.call.hangup();
    next.respond(await next.request('BYE'), 200);
    await done;
    expect(await world.nextRecord()).toMatchObject({
      answered: true,
      target: 'next1/100',
      attempts: [{ status: 480 }, { status: 200 }],
    });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept']);
  });

  it('a consumer who hangs up meanwhile cancels the phone; nothing else is asked of Meta', async () => {
    const raw = await ring(start, early);
    const { peer, rtp, invite, gatewayRtp, world, call } = raw;
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    await call.hangup();
    peer.respond(await peer.request('CANCEL'), 200);
    peer.respond(invite, 487);
    expect(await world.nextRecord()).toMatchObject({ cause: 'cancelled', answered: false });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept']);
  });

  it('the ring budget ends it on both sides', async () => {
    const raw = await ring(start, { route: { earlyMedia: 'accept', ringBudgetMs: 2_000 } });
    const { peer, rtp, invite, gatewayRtp, world, call } = raw;
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    peer.respond(await peer.request('CANCEL'), 200);
    peer.respond(invite, 487);
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer', answered: false });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept', 'terminate']);
  });
});
