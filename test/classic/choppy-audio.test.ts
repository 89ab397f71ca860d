import { afterEach, describe, expect, it } from 'vitest';
import { levelDbfs } from '../../src/media/index.ts';
import { until, worlds } from '../e2e/world.ts';
import {
  CONSUMER_HZ,
  consumerHears,
  hangUp,
  PHONE_HZ,
  pickUp,
  type RawCall,
  ring,
  talk,
} from './support/call.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** The part of 20 ms windows in which a steady tone is not there: holes that a listener hears. */
function holes(pcm: Int16Array, rate: number): number {
  const window = rate / 50;
  let [silent, all] = [0, 0];
  for (let at = 0; at + window <= pcm.length; at += window, all++)
    if (levelDbfs(pcm.subarray(at, at + window)) < -40) silent += 1;
  return all === 0 ? 1 : silent / all;
}

const consumerHoles = ({ call }: RawCall, seconds: number): number => {
  const { pcm, sampleRate } = call.recording();
  return holes(pcm.subarray(-seconds * sampleRate), sampleRate);
};

/** Numbers and clock of our stream to the phone: none missing, none doubled, each packet's time where it belongs. */
function isSteady(raw: RawCall): void {
  const { received } = raw.rtp;
  expect(new Set(received.map(({ ssrc }) => ssrc)).size).toBe(1);
  for (let i = 1; i < received.length; i++) {
    const [before, now] = [received[i - 1], received[i]];
    if (!before || !now) throw new Error('no packets');
    expect((now.sequence - before.sequence) & 0xffff).toBe(1);
    expect((now.timestamp - before.timestamp) >>> 0).toBeGreaterThanOrEqual(160);
  }
}

describe('what the consumer says over a bad network', () => {
  it.each([
    ['with loss and FEC', { lossPercent: 5 }],
    ['with jitter', { jitterMs: 30 }],
    ['doubled and out of order', { reorderPercent: 5, duplicatePercent: 5 }],
  ])('%s reaches the phone in an unbroken stream', async (_name, network) => {
    const raw = await talk(start, {
      consumer: { toneHz: CONSUMER_HZ, ...network },
      trunk: { jitterBuffer: { mode: 'adaptive' } },
    });
    const from = raw.rtp.received.length;
    // A whole second without a hole; a machine that is busy for a moment is no fault of the audio path.
    await until(() => raw.rtp.received.length > from + 50 && holes(raw.rtp.pcm(1_000), 8_000) < 0.03);
    expect(raw.rtp.hears(CONSUMER_HZ)).toBe(true);
    isSteady(raw);
    await hangUp(raw);
  });

  it('goes on in one stream through a mute, without a burst of what was kept back', async () => {
    const raw = await talk(start);
    raw.call.mute(true);
    await until(() => raw.rtp.levelDb < -60);
    raw.call.mute(false);
    await until(() => raw.rtp.hears(CONSUMER_HZ));
    isSteady(raw);
    // A packet time is 20 ms of RTP clock; more clock than that is a pause, less would be a backlog.
    const { received } = raw.rtp;
    const [first, last] = [received[0], received.at(-1)];
    if (!first || !last) throw new Error('no packets');
    const toldMs = ((last.timestamp - first.timestamp) >>> 0) / 8;
    expect(received.length * 20).toBeLessThanOrEqual(toldMs + 40);
    await hangUp(raw);
  });
});

describe('what the phone says', () => {
  it.each([
    ['in bursts of five packets', 5],
    ['in bursts of ten packets', 10],
  ])('%s reaches the consumer without holes, and no later than the trunk allows', async (_name, burst) => {
    const raw = await ring(start, {
      trunk: { jitterBuffer: { mode: 'adaptive', minDelayMs: 60, maxDelayMs: 400 } },
    });
    await pickUp(raw);
    raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp, everyMs: burst * 20 });
    await until(() => consumerHears(raw, PHONE_HZ));
    const from = raw.call.recording().pcm.length;
    await until(() => raw.call.recording().pcm.length > from + 4 * 16_000);
    const { phone } = (await hangUp(raw))['media'] as { phone: Record<string, number> };
    const part = (name: string, of: string): number => (phone[name] ?? Number.NaN) / (phone[of] ?? 0);
    // Without the buffer some 40 % of what the consumer hears of bursts of ten is filled with silence.
    expect(part('silentConcealedSamples', 'totalSamplesReceived')).toBeLessThan(0.15);
    expect(part('jitterBufferDelay', 'jitterBufferEmittedCount')).toBeGreaterThan(0.02);
    expect(part('jitterBufferDelay', 'jitterBufferEmittedCount')).toBeLessThan(0.4);
  });

  it('in packets of 60 ms and of 10 ms reaches the consumer as it is', async () => {
    for (const ms of [60, 10]) {
      const raw = await ring(start);
      await pickUp(raw);
      raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp, packetMs: ms });
      await until(() => consumerHears(raw, PHONE_HZ) && consumerHoles(raw, 0.5) < 0.05);
      await hangUp(raw);
    }
  });
});
