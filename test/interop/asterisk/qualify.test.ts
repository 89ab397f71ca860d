import { describe, expect, it, onTestFinished } from 'vitest';
import { DeskPhone } from '../../../src/sim/index.ts';
import { caller, finished } from '../../e2e/world.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { trunkIs } from '../support/desk.ts';
import { consumerHears } from '../support/ears.ts';

const PHONE_HZ = 620;

describe.runIf(hasAsterisk())('Asterisk that is asked by OPTIONS', () => {
  const { world: start, asterisk, restart } = asteriskLab();

  it('is up, is down when it was killed: calls go to the next trunk, and back when it is', async () => {
    const phone = await DeskPhone.start({ codecs: ['PCMU'], toneHz: PHONE_HZ });
    onTestFinished(() => phone.close());
    const world = await start({
      extension: 'echo',
      codecs: ['PCMU'],
      settings: { qualify: { everyS: 1, timeoutMs: 1_000, failures: 2 } },
      configure: (yaml) => {
        const { trunks, routes } = yaml as {
          trunks: Record<string, object>;
          routes: { desk: { targets: object[] } };
        };
        trunks['next'] = { host: phone.host, port: phone.port, codecs: ['PCMU'] };
        routes.desk.targets.push({ trunk: 'next', user: '100' });
      },
    });
    expect(await trunkIs(world, true)).toMatchObject({ troubles: [] });
    await asterisk().close();
    expect(await trunkIs(world, false)).toMatchObject({ troubles: [{ source: 'qualify' }] });
    const meanwhile = world.simulator.consumer(caller).call({ toneHz: 440 });
    await consumerHears(meanwhile, PHONE_HZ);
    await meanwhile.hangup();
    expect(await finished(world)).toMatchObject({ target: 'next/100', attempts: [{ target: 'next/100' }] });
    await restart();
    expect(await trunkIs(world, true)).toMatchObject({
      why: expect.stringMatching(/^(200|401|404) to OPTIONS$/),
    });
    await asterisk().reaches();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await consumerHears(call, 440);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ attempts: [{ target: 'phone1/echo' }] });
  });
});
