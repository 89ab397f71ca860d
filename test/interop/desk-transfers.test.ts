import { describe, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, finished } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { CONSUMER_HZ, desks, PHONE_HZ, PHONE_KINDS } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';
import { Linphone } from './support/linphone.ts';
import type { Phone } from './support/phone.ts';
import { isTone } from './support/recording.ts';

const BERND_HZ = 550;
/** A linphone names the other phone without its port: by the address alone it must be known. */
const BERND_HOST = '127.0.0.7';

const { world: start, phone: startPhone, closes } = desks();

/** A gateway with a trunk for each of two phones, the first of which rings; it may transfer to the other. */
const worldOf = (anna: Phone, bernd: Phone, host = '127.0.0.1'): Promise<World> =>
  start({
    to: anna,
    trunk: { transferTo: ['bernd'] },
    configure: (yaml) => {
      const { trunks } = yaml as { trunks: Record<string, object> };
      trunks['phone2'] = { ...trunks['phone1'], host, port: bernd.port };
    },
  });

describe.runIf(hasPeers('baresip', 'linphonec'))('a phone without a PBX that transfers a consumer', () => {
  it.each(PHONE_KINDS)('blind, %s: the other phone is rung by us and hears the consumer', async (kind) => {
    const anna = await startPhone(kind, { user: 'anna' });
    const bernd = await startPhone('baresip', { user: 'bernd', toneHz: BERND_HZ });
    const world = await worldOf(anna, bernd);
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await anna.established();
    await consumerHears(call, PHONE_HZ);
    anna.transfer(bernd.uri);
    await bernd.established();
    await consumerHears(call, BERND_HZ);
    await bernd.hears(2);
    await anna.ended();
    bernd.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({
      cause: 'phone-hangup',
      transfers: [{ kind: 'blind', outcome: 'done' }],
    });
    expect(isTone(bernd.heard(), CONSUMER_HZ)).toBe(true);
  });

  it.each([
    { how: 'REFER with Replaces to us', one: 1, other: 2, host: BERND_HOST },
    { how: 'INVITE with Replaces to us, by the phone that it asked', one: 2, other: 1, host: '127.0.0.1' },
  ] as const)('attended, linphone: $how', async ({ one, other, host }) => {
    const [anna, bernd] = await Promise.all([
      Linphone.start({ user: 'anna', toneHz: PHONE_HZ, answers: true }),
      Linphone.start({ user: 'bernd', toneHz: BERND_HZ, answers: true, address: host }),
    ]);
    for (const each of [anna, bernd]) closes(each);
    const world = await worldOf(anna, bernd, host);
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await anna.established();
    await consumerHears(call, PHONE_HZ);
    await anna.hold();
    anna.dial(bernd.uri);
    await Promise.all([anna.line(/Call 2 with .* connected/), bernd.established()]);
    anna.joinCalls(one, other);
    await consumerHears(call, BERND_HZ);
    await anna.ended(2);
    await bernd.hears(4);
    bernd.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup' });
    // The other linphone is in its file before that.
    const { pcm, sampleRate, channels } = bernd.heard();
    const last = pcm.subarray(-sampleRate * channels);
    expect(isTone({ pcm: last, sampleRate, channels }, CONSUMER_HZ)).toBe(true);
  });
});
