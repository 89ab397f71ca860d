import { afterEach, describe, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
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
} from './support/call.ts';
import { MUSIC_HZ, withMusic } from './support/music.ts';
import { type AudioSdp, readSdp, sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** The phone stops talking, and nothing is sent to it any more. */
async function isHeld(raw: RawCall): Promise<void> {
  raw.rtp.hush();
  await until(() => consumerHears(raw, MUSIC_HZ));
  const before = raw.rtp.received.length;
  const heard = raw.call.recording().pcm.length;
  await until(() => raw.call.recording().pcm.length > heard + 16_000 / 2);
  expect(raw.rtp.received.length - before).toBe(0);
}

async function resumes(raw: RawCall, method: 'INVITE' | 'UPDATE' = 'INVITE'): Promise<void> {
  const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 3, direction: 'sendrecv' }), method);
  expect(readSdp(ok.body).direction).toBe('sendrecv');
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
}

describe('a phone that holds the call (RFC 3264 8.4)', () => {
  const forms: readonly (readonly [string, 'INVITE' | 'UPDATE', Partial<AudioSdp>, string])[] = [
    ['inactive by re-INVITE', 'INVITE', { direction: 'inactive' }, 'inactive'],
    ['inactive by UPDATE', 'UPDATE', { direction: 'inactive' }, 'inactive'],
    ['inactive for the session', 'INVITE', { session: ['a=inactive'] }, 'inactive'],
    ['sendonly, and sends nothing', 'INVITE', { direction: 'sendonly' }, 'recvonly'],
    ['sendonly for the session, by UPDATE', 'UPDATE', { session: ['a=sendonly'] }, 'recvonly'],
    ['c=0.0.0.0 without a direction', 'INVITE', { address: '0.0.0.0' }, 'inactive'],
    ['c=0.0.0.0 and inactive', 'INVITE', { address: '0.0.0.0', direction: 'inactive' }, 'inactive'],
  ];
  it.each(forms)(
    '%s: answered so, music for the consumer, silence for the phone',
    async (_n, method, form, answered) => {
      const raw = await talk(start, withMusic());
      const before = readSdp(raw.invite.body).version;
      const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 2, ...form }), method);
      const answer = readSdp(ok.body);
      expect(answer.direction).not.toBe('sendrecv');
      expect([answered, 'recvonly']).toContain(answer.direction);
      expect(answer.version).toBeGreaterThan(before);
      await isHeld(raw);
      await resumes(raw, method);
      await hangUp(raw);
    },
  );
});

it('sendonly with music of its own: the consumer hears that, the phone nothing', async () => {
  const raw = await talk(start, withMusic());
  const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 2, direction: 'sendonly' }));
  expect(readSdp(ok.body).direction).toBe('recvonly');
  raw.rtp.talk(1_300, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, 1_300));
  await resumes(raw);
  await hangUp(raw);
});

it('held from its first answer on: the consumer waits with music, and talks after the resume', async () => {
  const raw = await ring(start, withMusic());
  await pickUp(raw, { direction: 'inactive' });
  await isHeld(raw);
  await resumes(raw);
  await hangUp(raw);
});

it('held twice over, by both forms: one resume ends it', async () => {
  const raw = await talk(start, withMusic());
  await offer(raw, sdp({ port: raw.rtp.port, version: 2, direction: 'sendonly' }));
  const again = await offer(raw, sdp({ port: raw.rtp.port, version: 3, direction: 'inactive' }));
  expect(readSdp(again.body).direction).toBe('inactive');
  await isHeld(raw);
  const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 4 }));
  expect(readSdp(ok.body).direction).toBe('sendrecv');
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  await hangUp(raw);
});
