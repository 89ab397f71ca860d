import { createSocket } from 'node:dgram';
import { afterEach, expect, it, onTestFinished } from 'vitest';
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

it("a stranger's flood is dropped unread, and costs the phone nothing of its budget", async () => {
  harness = await Harness.open('PCMU');
  const { bridge } = harness;
  const pcmu = new Uint8Array(160).fill(0xff);
  await harness.fromPhone(pcmu, 0, 0);
  const stranger = createSocket('udp4');
  onTestFinished(() => void stranger.close());
  // Not even RTP: what is looked at is malformed, what is dropped unread has the wrong source.
  const send = (): Promise<void> =>
    new Promise((resolve) =>
      stranger.send(new Uint8Array(172), harness!.gatewayPort, '127.0.0.1', () => resolve()),
    );
  const came = async (count: number): Promise<void> => {
    while (bridge.dump().phone.received < count) await new Promise((resolve) => setImmediate(resolve));
  };
  for (let i = 1; i <= 250; i++) {
    await send();
    await came(1 + i);
  }
  expect(bridge.dump().phone).toMatchObject({
    received: 251,
    used: 1,
    dropped: { malformed: 100, source: 150, flood: 0 },
    strangers: 150,
  });
  stranger.send(new Uint8Array(8), harness.gatewayPort + 1, '127.0.0.1');
  while (bridge.dump().phone.strangers < 151) await new Promise((resolve) => setImmediate(resolve));
  expect(bridge.dump().phone.received).toBe(251);
  expect(harness.engine.totals()).toMatchObject({ consumer: { strangers: 0 }, phone: { strangers: 151 } });
  for (let i = 1; i < 300; i++) await harness.fromPhone(pcmu, i, 160 * i);
  expect(bridge.dump().phone).toMatchObject({ used: 300, dropped: { flood: 0 } });
  expect(bridge.dump().consumer.sent).toBeGreaterThan(0);
});
