import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../../src/cli/demo/world.ts';
import { caller, finished } from '../../e2e/world.ts';
import { hasPeers } from '../../support/peer.ts';
import { MUSIC_HZ } from '../support/asterisk/config.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { BARESIP_CODECS } from '../support/baresip.ts';
import { consumerHears } from '../support/ears.ts';
import { heardHz } from '../support/recording.ts';

const PHONE_HZ = 700;
const CONSUMER_HZ = 440;
const OWN_MUSIC_HZ = 990;

describe.runIf(hasAsterisk() && hasPeers('baresip'))('Asterisk and its phones', () => {
  const { asterisk, world: start, phone: startPhone } = asteriskLab();

  it.each([
    { trunk: 'PCMU', desk: 'PCMU', last: 'phone' },
    { trunk: 'G722', desk: 'G722', last: 'consumer' },
    { trunk: 'opus', desk: 'PCMU', last: 'phone' },
    { trunk: 'opus', desk: 'opus', last: 'consumer' },
    { trunk: 'PCMA', desk: 'G722', last: 'phone' },
  ] as const)('rings a desk phone by name: $trunk, the phone has $desk; the $last hangs up', async (by) => {
    const anna = await startPhone('anna', { ...BARESIP_CODECS[by.desk], toneHz: PHONE_HZ });
    const world = await start({ extension: 'anna', codecs: [by.trunk] });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    const { peeruri } = await anna.event('CALL_ESTABLISHED');
    expect(peeruri).toContain(caller.psid);
    await anna.established();
    await consumerHears(call, PHONE_HZ);
    await anna.hears(2);
    if (by.last === 'phone') anna.hangup();
    else await call.hangup();
    await Promise.all([call.ended, anna.ended()]);
    expect(await finished(world)).toMatchObject({ cause: `${by.last}-hangup`, codec: by.trunk });
    expect(Math.abs(heardHz(anna.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
  });

  it('waits in a queue with its music until the agent picks up', async () => {
    const anna = await startPhone('anna', { toneHz: PHONE_HZ, answers: false });
    const world = await start({ extension: 'support', codecs: ['G722'] });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, MUSIC_HZ);
    await anna.ringing();
    anna.answer();
    await consumerHears(call, PHONE_HZ);
    await anna.hears();
    await call.hangup();
    await anna.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
    expect(Math.abs(heardHz(anna.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
  });

  it.each([
    { trunk: 'messenger', whose: "Asterisk's", hz: MUSIC_HZ },
    { trunk: 'held', whose: "the gateway's", hz: OWN_MUSIC_HZ },
  ] as const)('the phone holds: the consumer hears $whose music, and the phone after', async (by) => {
    const anna = await startPhone('anna', { toneHz: PHONE_HZ });
    const world = await start({
      extension: 'anna',
      trunk: by.trunk,
      configure: (yaml) => {
        yaml['sounds'] = { files: { music: asterisk().tone(OWN_MUSIC_HZ) }, hold: 'music' };
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, PHONE_HZ);
    await anna.hold();
    await consumerHears(call, by.hz);
    await anna.resume();
    await consumerHears(call, PHONE_HZ);
    anna.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup' });
  });

  it.each(['phone', 'consumer'] as const)('a phone calls a consumer; the %s hangs up', async (last) => {
    const anna = await startPhone('anna', { toneHz: PHONE_HZ });
    const world = await start({
      extension: 'anna',
      codecs: ['G722'],
      configure: (yaml) => {
        yaml['outbound'] = {
          rules: [{ trunk: 'phone1', page: DEMO_PAGE }],
          directory: { first: 70_001, last: 79_999 },
        };
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    const next = world.simulator.nextPlaced();
    anna.dial(`sip:${caller.psid}@127.0.0.1:${asterisk().ports.sip}`);
    const call = await next;
    await anna.event('CALL_RINGING');
    await anna.established();
    await consumerHears(call, PHONE_HZ);
    await anna.hears(2);
    if (last === 'phone') anna.hangup();
    else await call.hangup();
    await Promise.all([call.ended, anna.ended()]);
    expect(await finished(world)).toMatchObject({
      direction: 'business_initiated',
      cause: `${last}-hangup`,
    });
    expect(Math.abs(heardHz(anna.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
  });

  it('a phone calls back by the short number that it was shown', async () => {
    const anna = await startPhone('anna', { toneHz: PHONE_HZ });
    const world = await start({
      extension: 'anna',
      configure: (yaml) => {
        yaml['outbound'] = {
          rules: [{ trunk: 'phone1', page: DEMO_PAGE }],
          directory: { first: 70_001, last: 79_999 },
        };
      },
    });
    const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
    const { peeruri = '' } = await anna.event('CALL_ESTABLISHED');
    await call.firstAudio;
    anna.hangup();
    await Promise.all([anna.ended(), world.nextRecord()]);
    const number = /sip:(\d+)@/.exec(peeruri)?.[1];
    expect(number).toBe('70001');
    const next = world.simulator.nextPlaced();
    anna.dial(`sip:${number}@127.0.0.1:${asterisk().ports.sip}`);
    const back = await next;
    expect(back.psid).toBe(caller.psid);
    await consumerHears(back, PHONE_HZ);
    anna.hangup();
    await back.ended;
    expect(await finished(world)).toMatchObject({ direction: 'business_initiated' });
  });
});
