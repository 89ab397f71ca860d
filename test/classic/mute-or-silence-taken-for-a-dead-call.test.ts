import { afterEach, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
import {
  CONSUMER_HZ,
  consumerHears,
  hangUp,
  offer,
  PHONE_HZ,
  pickUp,
  type RawOptions,
  ring,
  talk,
} from './support/call.ts';
import { sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const TIMEOUT_MS = 2_000;

/** A gateway that gives silence two seconds. */
const impatient = (options: RawOptions = {}): RawOptions => ({
  ...options,
  configure: (yaml) => {
    (yaml['rtp'] as Record<string, unknown>)['mediaTimeoutMs'] = TIMEOUT_MS;
    options.configure?.(yaml);
  },
});

/** What the far side of a leg goes on hearing is the clock: so much audio, so much time. */
const heardFor = (heard: () => number, perSecond: number, ms: number): Promise<void> => {
  const from = heard();
  return until(() => heard() - from > (perSecond * ms) / 1_000);
};

it('a consumer who mutes: the phone hears silence, and the voice again after it', async () => {
  const raw = await talk(start, impatient());
  raw.call.mute(true);
  await heardFor(() => raw.rtp.received.length, 50, 1.5 * TIMEOUT_MS);
  expect(raw.call.state).toBe('connected');
  expect(raw.rtp.levelDb).toBeLessThan(-60);
  raw.call.mute(false);
  await until(() => raw.rtp.hears(CONSUMER_HZ));
  expect(await hangUp(raw)).toMatchObject({ cause: 'consumer-hangup' });
});

it('a consumer whose client pauses its packets between words (DTX)', async () => {
  const raw = await ring(start, impatient({ consumer: { toneHz: CONSUMER_HZ, dtx: true } }));
  await pickUp(raw);
  await heardFor(() => raw.rtp.received.length, 50, 1.5 * TIMEOUT_MS);
  expect(raw.call.state).toBe('connected');
  expect(await hangUp(raw)).toMatchObject({ cause: 'consumer-hangup' });
});

it('a phone that pauses in silence with comfort noise now and then (RFC 3389)', async () => {
  const raw = await talk(start, impatient({ trunk: { comfortNoise: true } }));
  raw.rtp.hush();
  const from = raw.call.recording().pcm.length;
  let told = 0;
  // A word of it each 400 ms; the consumer is sent an unbroken stream all the while.
  await until(() => {
    const ms = (raw.call.recording().pcm.length - from) / 16;
    if (ms > told * 400) {
      told += 1;
      raw.rtp.send({ port: raw.gatewayRtp, payloadType: 13, payload: Uint8Array.of(60) });
    }
    return ms > 1.5 * TIMEOUT_MS;
  });
  expect(raw.call.state).toBe('connected');
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ));
  expect(await hangUp(raw)).toMatchObject({ cause: 'consumer-hangup' });
});

it.each(['inactive', 'sendonly'] as const)(
  'a phone that holds (%s) and sends nothing for longer than the time-out',
  async (direction) => {
    const raw = await talk(start, impatient());
    await offer(raw, sdp({ port: raw.rtp.port, version: 2, direction }));
    raw.rtp.hush();
    await heardFor(() => raw.call.recording().pcm.length, 16_000, 1.5 * TIMEOUT_MS);
    expect(raw.call.state).toBe('connected');
    await offer(raw, sdp({ port: raw.rtp.port, version: 3 }));
    raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
    await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
    expect(await hangUp(raw)).toMatchObject({ cause: 'consumer-hangup' });
  },
);

it('a phone that rings long after its early media stopped', async () => {
  const raw = await ring(start, impatient({ route: { earlyMedia: 'accept' } }));
  raw.peer.respond(raw.invite, 183, { body: sdp({ port: raw.rtp.port }) });
  raw.rtp.talk(900, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, 900));
  raw.rtp.hush();
  await heardFor(() => raw.rtp.received.length, 50, 1.5 * TIMEOUT_MS);
  await pickUp(raw);
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  expect(await hangUp(raw)).toMatchObject({ answered: true });
});

it('but one that answers then and says nothing is gone, told apart from one that rings', async () => {
  const raw = await ring(start, impatient({ route: { earlyMedia: 'accept' } }));
  raw.peer.respond(raw.invite, 183, { body: sdp({ port: raw.rtp.port }) });
  raw.rtp.talk(900, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, 900));
  raw.rtp.hush();
  await heardFor(() => raw.rtp.received.length, 50, 1.5 * TIMEOUT_MS);
  raw.peer.respond(raw.invite, 200, { body: sdp({ port: raw.rtp.port }) });
  await raw.peer.request('ACK');
  raw.peer.respond(await raw.peer.request('BYE'), 200);
  expect(await raw.world.nextRecord()).toMatchObject({ cause: 'media-lost', answered: true });
  await until(() => raw.world.gateway.calls === 0);
});

it('but a phone that is really gone ends the call on both sides, told apart in the record', async () => {
  const raw = await talk(start, impatient());
  raw.rtp.hush();
  raw.peer.respond(await raw.peer.request('BYE'), 200);
  expect(await raw.call.ended).toMatchObject({ by: 'business' });
  expect(await raw.world.nextRecord()).toMatchObject({ cause: 'media-lost' });
  await until(() => raw.world.gateway.calls === 0);
});
