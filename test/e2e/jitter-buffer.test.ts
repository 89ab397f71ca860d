import { afterEach, expect, it } from 'vitest';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

it.each(['PCMU', 'opus'] as const)(
  'a trunk with a jitter buffer: both ends hear each other by frequency over a bad network, phone of %s',
  async (codec) => {
    const world = await start({
      codecs: [codec],
      configure: (yaml) => {
        const { phone1 } = yaml['trunks'] as { phone1: Record<string, unknown> };
        phone1['jitterBuffer'] = { mode: 'adaptive', minDelayMs: 60, maxDelayMs: 300 };
      },
    });
    const call = world.simulator
      .consumer(caller)
      .call({ toneHz: 440, jitterMs: 40, reorderPercent: 3, duplicatePercent: 3, lossPercent: 2 });
    const phone = await world.phones[0]?.nextCall();
    if (!phone) throw new Error('no phone');
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await until(() => phone.heard().rxPackets > 150 && call.heard().rxPackets > 150);
    await call.hangup();
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    // What is encoded anew has no holes: losses are made up. What passes through keeps them for the phone to conceal.
    if (codec === 'PCMU') expect(phone.heard().lost).toBe(0);
    const record = (await world.nextRecord()) as {
      media: { consumer: { jitterBufferEmittedCount: number; jitterBufferDelay: number } };
    };
    const { jitterBufferDelay, jitterBufferEmittedCount } = record.media.consumer;
    // Seconds a sample waited, in the mean: some, and no more than was allowed.
    const mean = jitterBufferDelay / jitterBufferEmittedCount;
    expect(mean).toBeGreaterThan(0.02);
    expect(mean).toBeLessThan(0.32);
    await until(() => world.gateway.calls === 0);
  },
);
