import { afterEach, describe, expect, it } from 'vitest';
import { CONSUMER_HZ, consumerHears, hangUp, PHONE_HZ, type RawCall, ring } from '../classic/support/call.ts';
import { readSdp, sdp } from '../classic/support/sdp.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { graphOf, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const MUSIC_HZ = 900;
const OTHER_HZ = 1_100;
const RINGBACK_HZ = 425;
const early = (earlyMedia: 'accept' | 'authorized' = 'accept') => ({ route: { earlyMedia } });
const says = (value: string) => ({ headers: { 'P-Early-Media': value } });

/** The consumer hears the music of a 183. */
async function heard(raw: RawCall, headers: Record<string, string> = {}): Promise<void> {
  const { peer, rtp, invite, gatewayRtp } = raw;
  peer.respond(invite, 183, { body: sdp({ port: rtp.port }), headers });
  rtp.talk(MUSIC_HZ, { port: gatewayRtp });
  await until(() => consumerHears(raw, MUSIC_HZ));
}

describe('an offer by UPDATE before the answer (RFC 3311)', () => {
  it('moves early media to another address and codec, and the 200 without SDP leaves it there', async () => {
    const raw = await ring(start, { ...early(), codecs: ['PCMU', 'PCMA'] });
    const { peer, invite, gatewayRtp } = raw;
    peer.respond(invite, 183, {
      body: sdp({ port: raw.rtp.port }),
      headers: { Require: '100rel', RSeq: '1' },
    });
    peer.respond(await peer.request('PRACK'), 200);
    raw.rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    const queue = await RtpEnd.start();
    peer.requestIn(invite, 'UPDATE', {
      body: sdp({ port: queue.port, version: 2, payloads: ['8 PCMA/8000'] }),
    });
    const answer = await peer.response(200, 'UPDATE');
    expect(readSdp(answer.body)).toMatchObject({
      port: gatewayRtp,
      payloads: ['8 PCMA/8000'],
      version: readSdp(invite.body).version + 1,
    });
    queue.talk(OTHER_HZ, { port: gatewayRtp, payloadType: 8, ssrc: 9 });
    await until(() => consumerHears(raw, OTHER_HZ));
    peer.respond(invite, 200, { headers: { Allow: 'INVITE, ACK, BYE, UPDATE' } });
    await peer.request('ACK');
    queue.talk(PHONE_HZ, { port: gatewayRtp, payloadType: 8, ssrc: 9 });
    await until(() => consumerHears(raw, PHONE_HZ) && queue.hears(CONSUMER_HZ));
    expect(queue.received.every(({ payloadType }) => payloadType === 8)).toBe(true);
    // The next answer of ours goes on counting from there (RFC 3264 8).
    peer.requestIn(invite, 'UPDATE', {
      body: sdp({ port: queue.port, version: 3, payloads: ['8 PCMA/8000'] }),
    });
    expect(readSdp((await peer.response(200, 'UPDATE')).body).version).toBe(readSdp(answer.body).version + 1);
    expect(await hangUp(raw)).toMatchObject({ codec: 'PCMA' });
  });

  itEmbedded('each fork has a session of its own; that of the one that answers counts', async () => {
    const raw = await ring(start, early());
    const { peer, rtp, invite, gatewayRtp } = raw;
    const second = await RtpEnd.start();
    peer.respond(invite, 183, { tag: 'one', body: sdp({ port: rtp.port }) });
    peer.respond(invite, 183, { tag: 'two', body: sdp({ port: second.port, sessionId: 78 }) });
    second.talk(OTHER_HZ, { port: gatewayRtp, ssrc: 9 });
    await until(() => consumerHears(raw, OTHER_HZ));
    const moved = await RtpEnd.start();
    const from = { From: `${invite.headers.get('to')};tag=one` };
    peer.requestIn(invite, 'UPDATE', { headers: from, body: sdp({ port: moved.port, version: 2 }) });
    await peer.response(200, 'UPDATE');
    moved.talk(MUSIC_HZ, { port: gatewayRtp, ssrc: 11 });
    await until(() => consumerHears(raw, MUSIC_HZ));
    // What the first 183 said is old: the PBX repeats it in its 200.
    peer.respond(invite, 200, { tag: 'one', body: sdp({ port: rtp.port }) });
    await peer.request('ACK');
    moved.talk(PHONE_HZ, { port: gatewayRtp, ssrc: 11 });
    await until(() => consumerHears(raw, PHONE_HZ) && moved.hears(CONSUMER_HZ));
    expect(rtp.received).toEqual([]);
    await hangUp(raw);
  });

  it('is answered where nobody is to hear early media; one that we cannot take gets 488', async () => {
    const raw = await ring(start);
    const { peer, invite, gatewayRtp, world } = raw;
    peer.respond(invite, 183, { body: sdp({ port: raw.rtp.port }) });
    peer.requestIn(invite, 'UPDATE', {
      body: sdp({ port: raw.rtp.port, version: 2, payloads: ['18 G729/8000'] }),
    });
    await peer.response(488, 'UPDATE');
    const agent = await RtpEnd.start();
    peer.requestIn(invite, 'UPDATE', { body: sdp({ port: agent.port, version: 2 }) });
    await peer.response(200, 'UPDATE');
    expect(graphOf(world)).toEqual([]);
    peer.respond(invite, 200);
    await peer.request('ACK');
    agent.talk(PHONE_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, PHONE_HZ) && agent.hears(CONSUMER_HZ));
    await hangUp(raw);
  });

  it('that holds early media gives the consumer our ringback tone until it is resumed', async () => {
    const raw = await ring(start, early());
    const { peer, rtp, invite } = raw;
    await heard(raw);
    peer.requestIn(invite, 'UPDATE', {
      body: sdp({ port: rtp.port, version: 2, direction: 'inactive' }),
    });
    expect(readSdp((await peer.response(200, 'UPDATE')).body).direction).toBe('inactive');
    await until(() => consumerHears(raw, RINGBACK_HZ));
    peer.requestIn(invite, 'UPDATE', { body: sdp({ port: rtp.port, version: 3 }) });
    await peer.response(200, 'UPDATE');
    await until(() => consumerHears(raw, MUSIC_HZ));
    await end(raw);
  });
});

/** The PBX says no after all. */
async function end({ peer, rtp, invite, call, world }: RawCall): Promise<void> {
  rtp.hush();
  peer.respond(invite, 480);
  await peer.request('ACK');
  await call.ended;
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
}

describe('P-Early-Media (RFC 5009)', () => {
  it('is spoken where the trunk says so', async () => {
    const raw = await ring(start, { trunk: { pEarlyMedia: true } });
    expect(raw.invite.headers.get('p-early-media')).toBe('supported');
    await end(raw);
    const plain = await ring(start);
    expect(plain.invite.headers.has('p-early-media')).toBe(false);
    await end(plain);
  });

  it('gates what was heard: inactive in an UPDATE is our ringback tone, sendrecv in a 180 brings it back', async () => {
    const raw = await ring(start, early());
    const { peer, invite } = raw;
    await heard(raw, { 'P-Early-Media': 'sendrecv, gated' });
    peer.requestIn(invite, 'UPDATE', says('inactive'));
    await peer.response(200, 'UPDATE');
    await until(() => consumerHears(raw, RINGBACK_HZ));
    peer.respond(invite, 180, says('sendrecv'));
    await until(() => consumerHears(raw, MUSIC_HZ));
    await end(raw);
  });

  it('authorized: nothing is accepted or heard until it is; the answer to a PRACK may say so', async () => {
    const raw = await ring(start, early('authorized'));
    const { peer, rtp, invite, gatewayRtp, world } = raw;
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }) });
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }), ...says('inactive') });
    peer.respond(invite, 183, { body: sdp({ port: rtp.port }), ...says('recvonly') });
    peer.requestIn(invite, 'UPDATE');
    await peer.response(200, 'UPDATE');
    expect(graphOf(world)).toEqual([]);
    peer.respond(invite, 183, {
      body: sdp({ port: rtp.port }),
      headers: { Require: '100rel', RSeq: '1' },
    });
    const prack = await peer.request('PRACK');
    expect(graphOf(world)).toEqual([]);
    peer.respond(prack, 200, says('sendonly'));
    await until(() => consumerHears(raw, MUSIC_HZ));
    expect(graphOf(world)).toContain('accept');
    await end(raw);
  });

  itEmbedded('a fork that has ended (199, RFC 6228) is heard no more', async () => {
    const raw = await ring(start, early());
    const { peer, rtp, invite, gatewayRtp } = raw;
    peer.respond(invite, 183, { tag: 'one', body: sdp({ port: rtp.port }) });
    rtp.talk(MUSIC_HZ, { port: gatewayRtp });
    await until(() => consumerHears(raw, MUSIC_HZ));
    peer.respond(invite, 199, { tag: 'one' });
    await until(() => consumerHears(raw, RINGBACK_HZ));
    await end(raw);
  });
});
