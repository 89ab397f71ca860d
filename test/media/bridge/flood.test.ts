import { afterEach, expect, it } from 'vitest';
import { Harness } from './harness.ts';
import { voice } from './voice.ts';

let harness: Harness | undefined;
afterEach(() => harness?.close());

it('takes 300 packets at once of either side, drops the rest of a flood, and hears both again after it', async () => {
  harness = await Harness.open('PCMU');
  const [packet] = voice(1_000, 1);
  if (!packet) throw new Error('no packet');
  const pcmu = new Uint8Array(160).fill(0xff);
  for (let i = 0; i < 400; i++) {
    harness.fromConsumer(packet, i, 960 * i);
    await harness.fromPhone(pcmu, i, 160 * i);
  }
  for (const leg of [harness.bridge.dump().consumer, harness.bridge.dump().phone]) {
    expect(leg).toMatchObject({ received: 400, used: 300, dropped: { flood: 100 } });
  }
  harness.clock.advance(1_000);
  harness.fromConsumer(packet, 400, 960 * 400);
  await harness.fromPhone(pcmu, 400, 160 * 400);
  for (const leg of [harness.bridge.dump().consumer, harness.bridge.dump().phone]) {
    expect(leg).toMatchObject({ received: 401, used: 301 });
  }
});
