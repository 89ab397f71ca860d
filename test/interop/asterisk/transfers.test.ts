import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../../src/cli/demo/world.ts';
import { caller, finished } from '../../e2e/world.ts';
import { hasPeers } from '../../support/peer.ts';
import { ANNOUNCEMENT_HZ } from '../support/asterisk/config.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { consumerHears } from '../support/ears.ts';
import { heardHz } from '../support/recording.ts';

const ANNA_HZ = 700;
const BERND_HZ = 550;
const CONSUMER_HZ = 440;

describe.runIf(hasAsterisk() && hasPeers('baresip', 'linphonec'))('transfers and registrations', () => {
  const { asterisk, world: start, phone: startPhone, linphone, originate } = asteriskLab();

  it("blind, by Asterisk's Transfer(): we ring the phone that it names, and the consumer stays", async () => {
    const anna = await startPhone('anna', { toneHz: ANNA_HZ });
    const world = await start({ extension: 'transfer', settings: { transferTo: ['anna'] } });
    const from = asterisk().ami.events.length;
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, ANNOUNCEMENT_HZ);
    await anna.established();
    expect((await asterisk().ami.event({ UserEvent: 'Transferred' }, { after: from }))['Status']).toBe(
      'SUCCESS',
    );
    await consumerHears(call, ANNA_HZ);
    await anna.hears(2);
    await call.hangup();
    await anna.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup' });
    expect(Math.abs(heardHz(anna.heard()) / CONSUMER_HZ - 1)).toBeLessThan(0.02);
  });

  it('blind, to nobody that the trunk allows: refused, and Asterisk goes on', async () => {
    const world = await start({ extension: 'transfer' });
    const from = asterisk().ami.events.length;
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    const { Status } = await asterisk().ami.event({ UserEvent: 'Transferred' }, { after: from });
    expect(Status).toBe('FAILURE');
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup' });
  });

  it('attended, between two phones of Asterisk: the consumer hears one, then the other', async () => {
    const anna = await startPhone('anna', { toneHz: ANNA_HZ });
    const bernd = await linphone('bernd', BERND_HZ);
    const world = await start({ extension: 'bernd' });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await bernd.ringing();
    bernd.answer();
    await consumerHears(call, BERND_HZ);
    await bernd.hold();
    bernd.dial(`sip:anna@127.0.0.1:${asterisk().ports.sip}`);
    await anna.established();
    await bernd.line(/Call 2 with .* connected/);
    bernd.joinCalls();
    await consumerHears(call, ANNA_HZ);
    await bernd.ended();
    await anna.hears(2);
    anna.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup' });
  });

  it('a trunk that registers: Asterisk calls its Contact, and challenges its calls', async () => {
    const from = asterisk().ami.events.length;
    const world = await start({
      extension: 'echo',
      trunk: 'registering',
      settings: {
        register: { user: 'registering' },
        credentials: { username: 'gateway', password: '${PAGE_TOKEN}' },
      },
      configure: (yaml) => {
        yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      },
    });
    await asterisk().ami.event({ Event: 'ContactStatus', AOR: 'registering' }, { after: from });
    const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, CONSUMER_HZ);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
    const back = await originate(world, 'registering', caller.psid);
    await consumerHears(back, CONSUMER_HZ);
    await back.hangup();
    await finished(world);
  });
});
