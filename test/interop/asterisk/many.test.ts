import { describe, expect, it } from 'vitest';
import { caller, finished } from '../../e2e/world.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';

const CALLS = 30;
/** Two minutes; CI as a whole has twenty. */
const SECONDS = process.env['CI'] ? 15 : 120;

describe.runIf(hasAsterisk())('many calls at once', () => {
  const { asterisk, world: start } = asteriskLab();

  it(`${CALLS} calls hear their own tone`, { timeout: 300_000, retry: 0 }, async () => {
    const world = await start({ extension: 'echo', codecs: ['PCMU'] });
    const calls = Array.from({ length: CALLS }, (_, i) => {
      const consumer = world.simulator.consumer({ ...caller, psid: `76543210987654${10 + i}` });
      const toneHz = 400 + 20 * i;
      return { toneHz, call: consumer.call({ toneHz }) };
    });
    await Promise.all(calls.map(({ call }) => call.firstAudio));
    expect(await asterisk().command('core show channels count')).toContain(`${CALLS} active channels`);
    // Listening costs, and a busy machine starves a call for a moment: each must come to hear its own tone.
    const heard = (): boolean =>
      calls.every(({ toneHz, call }) => {
        const { heardHz, rxPackets } = call.heard();
        return rxPackets > SECONDS * 50 && Math.abs(heardHz / toneHz - 1) < 0.02;
      });
    while (!heard()) await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(calls.every(({ call }) => call.state === 'connected')).toBe(true);
    await Promise.all(calls.map(({ call }) => call.hangup()));
    for (const _ of calls) expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup' });
  });
});
