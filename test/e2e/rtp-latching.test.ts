import { afterEach, expect, it } from 'vitest';
import {
  CONSUMER_HZ,
  consumerHears,
  hangUp,
  offer,
  PHONE_HZ,
  pickUp,
  type RawCall,
  ring,
  talk,
} from '../classic/support/call.ts';
import { sdp } from '../classic/support/sdp.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const STRANGER_HZ = 1_100;
/** Another host, as far as addresses tell. */
const ELSEWHERE = '127.0.0.2';

/** The phone goes on talking with the consumer, and the stranger is neither heard nor sent to. */
async function isKept(raw: RawCall, stranger: RtpEnd, phone = raw.rtp): Promise<void> {
  const from = raw.call.recording().pcm.length;
  await until(() => raw.call.recording().pcm.length > from + 16_000);
  await until(() => consumerHears(raw, PHONE_HZ) && phone.hears(CONSUMER_HZ));
  expect(stranger.received).toEqual([]);
}

it.each([
  ['of another host', ELSEWHERE, 5],
  ["of another host with the phone's own SSRC", ELSEWHERE, 0x0a0b0c0d],
  ["of the phone's host from another port", '127.0.0.1', 5],
])('a stranger %s who joins a call gets nothing of it', async (_name, address, ssrc) => {
  const raw = await talk(start);
  const stranger = await RtpEnd.start(address);
  stranger.talk(STRANGER_HZ, { port: raw.gatewayRtp, ssrc });
  await isKept(raw, stranger);
  await hangUp(raw);
});

it('a stranger who speaks before the phone loses the call to it', async () => {
  const raw = await ring(start);
  const stranger = await RtpEnd.start(ELSEWHERE);
  stranger.talk(STRANGER_HZ, { port: raw.gatewayRtp, ssrc: 5 });
  raw.peer.respond(raw.invite, 200, { body: sdp({ port: raw.rtp.port }) });
  await raw.peer.request('ACK');
  await until(() => consumerHears(raw, STRANGER_HZ));
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  const taken = stranger.received.length;
  await until(() => raw.rtp.received.length > 50);
  expect(stranger.received.length - taken).toBeLessThan(3);
  await hangUp(raw);
});

it('a phone behind NAT is found where it speaks from; then nobody else is', async () => {
  const raw = await ring(start);
  // What it declares is an address that leads nowhere (RFC 5737).
  await pickUp(raw, { address: '203.0.113.77' });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  const stranger = await RtpEnd.start(ELSEWHERE);
  stranger.talk(STRANGER_HZ, { port: raw.gatewayRtp, ssrc: 5 });
  await isKept(raw, stranger);
  await hangUp(raw);
});

it('a re-INVITE to another host moves the call, and whoever was the phone before is a stranger', async () => {
  const raw = await talk(start);
  const moved = await RtpEnd.start(ELSEWHERE);
  await offer(raw, sdp({ port: moved.port, address: ELSEWHERE, version: 2 }));
  raw.rtp.talk(STRANGER_HZ, { port: raw.gatewayRtp });
  moved.talk(PHONE_HZ, { port: raw.gatewayRtp, ssrc: 9 });
  await until(() => consumerHears(raw, PHONE_HZ) && moved.hears(CONSUMER_HZ));
  const before = raw.rtp.received.length;
  const at = moved.received.length;
  await until(() => moved.received.length > at + 25);
  expect(raw.rtp.received.length).toBe(before);
  await hangUp(raw);
});
