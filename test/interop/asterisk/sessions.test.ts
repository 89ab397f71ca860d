import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../../src/cli/demo/world.ts';
import { caller, finished, gone, until } from '../../e2e/world.ts';
import { hasPeers } from '../../support/peer.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { consumerHears } from '../support/ears.ts';
import { heardHz } from '../support/recording.ts';

const MILLIWATT_HZ = 1_004;
const PHONE_HZ = 700;
const CONSUMER_HZ = 440;

describe.runIf(hasAsterisk() && hasPeers('baresip'))('sessions with Asterisk', () => {
  const { asterisk, world: start, phone: startPhone, restart, originate } = asteriskLab();

  it('direct_media: re-INVITEs lead the RTP from phone to gateway, past Asterisk', async () => {
    const carla = await startPhone('carla', { toneHz: PHONE_HZ });
    const world = await start({ extension: 'carla', trunk: 'direct' });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await carla.established();
    await carla.event('CALL_REMOTE_SDP', 2);
    await consumerHears(call, PHONE_HZ);
    await carla.hears(2);
    expect(await asterisk().command('core show channels verbose')).toMatch(/2 active channels/);
    expect(asterisk().tail()).toMatch(/emotely bridged/);
    await call.hangup();
    await carla.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup' });
    expect(Math.abs(heardHz(carla.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
  });

  it.each([
    { what: 'is killed', how: 'SIGKILL', cause: 'media-lost' },
    { what: 'is stopped', how: 'stop', cause: 'phone-hangup' },
  ] as const)('Asterisk $what in mid-call: both sides end, and the next call works', async (by) => {
    const world = await start({
      extension: 'milliwatt',
      configure: (yaml) => {
        (yaml['rtp'] as Record<string, unknown>)['mediaTimeoutMs'] = 2_000;
        (yaml['sip'] as Record<string, unknown>)['requestTimeoutMs'] = 1_000;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, MILLIWATT_HZ);
    if (by.how === 'stop') await asterisk().stop();
    await restart();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await finished(world)).toMatchObject({ cause: by.cause, answered: true });
    const next = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(next, MILLIWATT_HZ);
    await next.hangup();
    await finished(world);
  });

  it.each(['PCMU', 'opus'] as const)(
    'SDES-SRTP over TLS, both ways by calls both ways, %s',
    async (codec) => {
      const anna = await startPhone('anna', { toneHz: PHONE_HZ });
      const { ports, ca, certificate } = asterisk();
      const world = await start({
        extension: 'anna',
        trunk: 'secure',
        codecs: [codec],
        settings: { transport: 'tls', port: ports.sip + 1, srtp: 'required' },
        configure: (yaml) => {
          const { sip } = yaml as { sip: { listen: Record<string, unknown>[] } };
          for (const each of sip.listen) {
            Object.assign(each, {
              protocol: 'tls',
              port: ports.gateway + 1,
              tls: { certificates: [certificate], ca },
            });
          }
          yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
        },
      });
      const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
      await anna.established();
      await consumerHears(call, PHONE_HZ);
      await anna.hears(2);
      expect(await asterisk().command('core show channels concise')).toContain('secure');
      await call.hangup();
      await anna.ended();
      expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', codec });
      expect(Math.abs(heardHz(anna.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
      const back = await originate(world, 'secure', caller.psid);
      await consumerHears(back, CONSUMER_HZ);
      await back.hangup();
      await finished(world);
    },
  );
});

/** Of how many calls the SIP trace of Asterisk's log has a refresh: INVITE or UPDATE in the dialog. */
function refreshedCalls(log: string): number {
  const refreshes = log
    .split('<--- ')
    .filter(
      (each) => /SIP request/.test(each) && /^(INVITE|UPDATE) /m.test(each) && /^To:.*;tag=/m.test(each),
    )
    .filter((each) => /^Session-Expires: 90/m.test(each));
  return new Set(refreshes.map((each) => /^Call-ID: (\S+)/m.exec(each)?.[1])).size;
}

describe.runIf(hasAsterisk())('session timers of Asterisk', () => {
  const { asterisk, world: start, originate } = asteriskLab();

  it('are kept, whoever called: both calls are refreshed and go on', { timeout: 120_000 }, async () => {
    const world = await start({
      extension: 'milliwatt',
      trunk: 'timers',
      settings: { sessionTimer: { expiresS: 90 } },
      configure: (yaml) => {
        yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      },
    });
    await asterisk().command('pjsip set logger on');
    const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, MILLIWATT_HZ);
    const other = { psid: '1234567890123456', name: 'Baraka', permission: true };
    world.simulator.consumer(other);
    const back = await originate(world, 'timers', other.psid);
    await consumerHears(back, CONSUMER_HZ);
    // After half of 90 s a request inside of each session, which names them anew.
    while (refreshedCalls(asterisk().tail(Number.POSITIVE_INFINITY)) < 2) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await until(() => call.state === 'connected' && back.state === 'connected');
    await Promise.all([consumerHears(call, MILLIWATT_HZ), consumerHears(back, CONSUMER_HZ)]);
    await Promise.all([call.hangup(), back.hangup()]);
    await Promise.all([world.nextRecord(), world.nextRecord()]);
    await gone(world);
  });
});
