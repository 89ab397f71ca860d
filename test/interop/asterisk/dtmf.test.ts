import { describe, expect, it } from 'vitest';
import { caller, finished, until } from '../../e2e/world.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';

describe.runIf(hasAsterisk())('keys', () => {
  const { asterisk, world: start } = asteriskLab();

  it.each([
    { dtmf: 'rfc4733', trunk: 'messenger', codec: 'PCMU', digits: '159#' },
    { dtmf: 'rfc4733', trunk: 'messenger', codec: 'opus', digits: '268*' },
    { dtmf: 'info', trunk: 'info', codec: 'PCMU', digits: '3709' },
    { dtmf: 'inband', trunk: 'inband', codec: 'PCMU', digits: '4816' },
  ] as const)('of the consumer are read by Read(): $dtmf, $codec', async ({ digits, ...by }) => {
    const world = await start({
      extension: 'read',
      trunk: by.trunk,
      codecs: [by.codec],
      settings: { dtmf: by.dtmf },
    });
    const from = asterisk().ami.events.length;
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.connected;
    await asterisk().ami.event({ UserEvent: 'Listening' }, { after: from });
    // A tone in the audio is told from keys only where nobody talks over it.
    if (by.dtmf === 'inband') call.mute(true);
    await call.sendDtmf(digits);
    const read = await asterisk().ami.event({ UserEvent: 'Keys' }, { after: from });
    // Read takes # for the end.
    expect(read['Keys']).toBe(digits.replace('#', ''));
    await call.hangup();
    expect(await finished(world)).toMatchObject({ dtmfDigits: 4 });
  });

  it.each([
    { dtmf: 'rfc4733', trunk: 'messenger', codec: 'PCMU' },
    { dtmf: 'rfc4733', trunk: 'messenger', codec: 'opus' },
    { dtmf: 'info', trunk: 'info', codec: 'PCMU' },
    { dtmf: 'inband', trunk: 'inband', codec: 'PCMU' },
  ] as const)('of SendDTMF() reach the consumer: $dtmf, $codec', async (by) => {
    const world = await start({
      extension: 'send',
      trunk: by.trunk,
      codecs: [by.codec],
      settings: { dtmf: by.dtmf },
    });
    const from = asterisk().ami.events.length;
    const call = world.simulator.consumer(caller).call({ toneHz: 440, reply: { telephoneEvent: true } });
    await asterisk().ami.event({ UserEvent: 'Sent' }, { after: from });
    await until(() => (call.relay()?.keys.length ?? 0) >= 4);
    expect(call.relay()).toMatchObject({ keys: '27*0', strays: 0 });
    await call.hangup();
    await finished(world);
  });
});
