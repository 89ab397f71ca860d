import { describe, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, finished, until } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { freeSipPort } from '../support/ports.ts';
import { CONSUMER_HZ, type DeskWorld, desks } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';
import { scenario, sipp } from './support/sipp.ts';

const CODECS = {
  PCMU: ['0', 'PCMU/8000'],
  PCMA: ['8', 'PCMA/8000'],
  G722: ['9', 'G722/8000'],
  opus: ['107', 'opus/48000/2'],
} as const;

const { world } = desks();

/** Its scenario would take an OPTIONS for its call. */
const start = (to: { port: number }, options: Omit<DeskWorld, 'to'> = {}): Promise<World> =>
  world({ to: { user: 'desk', port: to.port }, ...options, trunk: { qualify: { everyS: 0 } } });

/** It sends back what it hears. */
async function echo(codec: keyof typeof CODECS): Promise<string[]> {
  const [payload, rtpmap] = CODECS[codec];
  const media = ['-rtp_echo', '-mp', String(await freeSipPort())];
  return [...media, '-key', 'payload', payload, '-key', 'codec', rtpmap];
}

describe.runIf(hasPeers('sipp'))('sipp without a PBX', () => {
  it.each(['PCMU', 'PCMA', 'G722', 'opus'] as const)(
    'sends back what the consumer says, %s; the consumer hangs up',
    async (codec) => {
      const phone = await sipp([...scenario('uas-echo.xml'), ...(await echo(codec))]);
      const world = await start(phone, { codecs: [codec] });
      const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
      await consumerHears(call, CONSUMER_HZ);
      await call.hangup();
      await phone.done;
      expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', codec, answered: true });
    },
  );

  it('holds, resumes, hangs up', async () => {
    const phone = await sipp([...scenario('uas-hold.xml'), ...(await echo('PCMU'))]);
    const world = await start(phone, {
      configure: (yaml) => {
        yaml['sounds'] = { hold: 'silence' };
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, CONSUMER_HZ);
    // While it is held nothing comes back.
    const { sampleRate } = call.recording();
    const last = (): Int16Array => call.recording().pcm.subarray(-sampleRate / 4);
    await until(() => last().every((sample) => Math.abs(sample) < 100));
    await consumerHears(call, CONSUMER_HZ);
    await phone.done;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
  });

  it('gets keys of the consumer by RFC 4733, and they come back', async () => {
    const phone = await sipp([...scenario('uas-echo.xml'), ...(await echo('PCMU'))]);
    const world = await start(phone);
    const call = world.simulator
      .consumer(caller)
      .call({ toneHz: CONSUMER_HZ, reply: { telephoneEvent: true } });
    await consumerHears(call, CONSUMER_HZ);
    await call.sendDtmf('159#');
    await until(() => (call.relay()?.keys.length ?? 0) >= 4);
    expect(call.relay()).toMatchObject({ keys: '159#', strays: 0 });
    await call.hangup();
    await phone.done;
    expect(await finished(world)).toMatchObject({ dtmfDigits: 4 });
  });

  it.each(['phone', 'consumer'] as const)('calls a consumer; the %s hangs up', async (last) => {
    const port = await freeSipPort();
    const world = await start({ port }, { outbound: true });
    world.simulator.consumer({ ...caller, permission: true });
    const [at] = world.gateway.sipContacts;
    const placed = world.simulator.nextPlaced();
    const args = [...scenario('uac-talk.xml'), ...(await echo('PCMU')), '-s', caller.psid];
    const phone = await sipp(args, `127.0.0.1:${at?.port}`, port);
    const call = await placed;
    await consumerHears(call, CONSUMER_HZ);
    if (last === 'consumer') await call.hangup();
    await Promise.all([call.ended, phone.done]);
    const direction = 'business_initiated';
    expect(await finished(world)).toMatchObject({ direction, cause: `${last}-hangup`, answered: true });
  });

  it.each([
    { what: 'is busy', answer: 'uas-busy.xml', cause: 'busy' },
    { what: 'declines', answer: 'uas-decline.xml', cause: 'declined' },
  ] as const)('$what, and the consumer is rejected', async ({ answer, cause }) => {
    const phone = await sipp(scenario(answer));
    const world = await start(phone);
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    await phone.done;
    expect(await finished(world)).toMatchObject({ cause, answered: false });
  });

  it.each([
    { what: 'nobody answers', cause: 'no-answer' },
    { what: 'the consumer hangs up', cause: 'cancelled' },
  ] as const)('rings, and $what: it is cancelled', async ({ cause }) => {
    const phone = await sipp(scenario('uas-ring.xml'));
    const route = { targets: [{ trunk: 'phone1', user: 'desk', ringTimeoutMs: 1_500 }] };
    const world = await start(phone, cause === 'no-answer' ? { route } : {});
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    if (cause === 'cancelled') {
      // It must have the INVITE: a consumer who gives up sooner rings nobody.
      const attempts = async (): Promise<string> =>
        (await fetch(new URL('/calls', world.gateway.adminUrl))).text();
      await until(async () => (await attempts()).includes('ringing'));
      await call.hangup();
    }
    await Promise.all([call.ended, phone.done]);
    expect(await finished(world)).toMatchObject({ cause, answered: false });
  });
});
