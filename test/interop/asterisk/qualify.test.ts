import { describe, expect, it } from 'vitest';
import { caller, until } from '../../e2e/world.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';

describe.runIf(hasAsterisk())('Asterisk that is asked by OPTIONS', () => {
  const { world: start, asterisk, restart } = asteriskLab();

  it('is up, is down when it was killed, and is up again when it is back', async () => {
    const world = await start({
      extension: 'echo',
      codecs: ['PCMU'],
      settings: { qualify: { everyS: 1, timeoutMs: 1_000, failures: 2 } },
    });
    const seen = async (): Promise<Record<string, unknown> | undefined> => {
      const reply = await fetch(`${world.gateway.adminUrl}/trunks`);
      return ((await reply.json()) as Record<string, unknown>[])[0];
    };
    await until(async () => (await seen())?.['roundTripMs'] !== undefined);
    expect(await seen()).toMatchObject({ trunk: 'phone1', up: true, troubles: [] });
    await asterisk().close();
    await until(async () => (await seen())?.['up'] === false);
    expect(await seen()).toMatchObject({ troubles: [{ source: 'qualify' }] });
    await restart();
    await until(async () => (await seen())?.['up'] === true);
    expect(await seen()).toMatchObject({ why: expect.stringMatching(/^(200|401|404) to OPTIONS$/) });
    await asterisk().reaches();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.firstAudio;
    await until(() => call.heard().rxPackets > 120);
    await call.hangup();
    await until(() => world.gateway.calls === 0);
    expect(Math.abs(call.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
  });
});
