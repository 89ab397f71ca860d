import { describe, expect, it } from 'vitest';
import { caller, finished } from '../../e2e/world.ts';
import { hasPeers } from '../../support/peer.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { OUTBOUND } from '../support/desk.ts';
import { consumerHears } from '../support/ears.ts';
import { isTone } from '../support/recording.ts';

const PHONE_HZ = 700;
const CONSUMER_HZ = 440;

describe.runIf(hasAsterisk() && hasPeers('baresip'))('the trunk as FreePBX writes it', () => {
  const { world: start, phone: startPhone, originate } = asteriskLab();

  it('brings a consumer to the extension of a DID, and calls of the PBX to a consumer', async () => {
    const anna = await startPhone('anna', { toneHz: PHONE_HZ });
    const world = await start({
      extension: '101',
      trunk: 'freepbx',
      configure: (yaml) => {
        yaml['outbound'] = OUTBOUND;
      },
    });
    const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
    const { peeruri } = await anna.event('CALL_ESTABLISHED');
    expect(peeruri).toContain('70001');
    await consumerHears(call, PHONE_HZ);
    await anna.hears(2);
    anna.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
    expect(isTone(anna.heard(), CONSUMER_HZ)).toBe(true);
    const back = await originate(world, 'freepbx', '70001');
    expect(back.psid).toBe(caller.psid);
    await consumerHears(back, CONSUMER_HZ);
    await back.hangup();
    expect(await finished(world)).toMatchObject({ direction: 'business_initiated' });
  });
});
