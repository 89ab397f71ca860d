import { describe, expect, it } from 'vitest';
import { caller, finished, until } from '../../e2e/world.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';

describe.runIf(hasAsterisk())('consumer, gateway, Asterisk', () => {
  const { world: start } = asteriskLab();

  it.each(['PCMU', 'PCMA', 'G722', 'opus'] as const)('hears the consumer in Echo, %s', async (codec) => {
    const world = await start({ extension: 'echo', codecs: [codec] });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.firstAudio;
    await until(() => call.heard().rxPackets > 120);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true, codec });
    expect(Math.abs(call.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
  });
});
