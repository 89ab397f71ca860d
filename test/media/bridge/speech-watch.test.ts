import { afterEach, describe, expect, it } from 'vitest';
import { SpeechWatch } from '../../../src/media/bridge/speech-watch.ts';
import { Harness } from './harness.ts';

const packets = (watch: SpeechWatch, count: number, atMs: number): void => {
  for (let n = 0; n < count; n++) watch.packet(atMs);
};

describe('a phone that is to speak', () => {
  it('and does not is told of once, when its time is over', () => {
    const watch = new SpeechWatch();
    expect(watch.take(1_000_000)).toBeUndefined();
    watch.begin(100, 5_000);
    expect([watch.take(5_099), watch.take(5_100), watch.take(90_000)]).toEqual([undefined, 5_000, undefined]);
  });

  it('has spoken with half a second of RTP, and not with what was under way before', () => {
    const watch = new SpeechWatch();
    // What came before it was asked for is nothing.
    packets(watch, 100, 0);
    watch.begin(0, 5_000);
    packets(watch, 24, 2_000);
    expect(watch.take(5_000)).toBe(5_000);
    watch.begin(6_000, 5_000);
    packets(watch, 25, 8_000);
    expect(watch.take(11_000)).toBeUndefined();
  });

  it('has not spoken with what comes in the first two seconds, or the first half: of a phone that is being taken away', () => {
    const watch = new SpeechWatch();
    watch.begin(0, 10_000);
    packets(watch, 99, 1_999);
    expect(watch.take(10_000)).toBe(10_000);
    watch.begin(0, 3_000);
    packets(watch, 74, 1_499);
    expect(watch.take(3_000)).toBe(3_000);
    watch.begin(0, 3_000);
    packets(watch, 25, 1_500);
    expect(watch.take(3_000)).toBeUndefined();
  });

  it('has its time anew when something else is agreed, only while somebody waits', () => {
    const watch = new SpeechWatch();
    watch.again(0);
    expect(watch.take(1_000_000)).toBeUndefined();
    watch.begin(0, 5_000);
    packets(watch, 20, 3_000);
    watch.again(4_000);
    packets(watch, 20, 7_000);
    expect([watch.take(8_999), watch.take(9_000)]).toEqual([undefined, 5_000]);
  });
});

describe('on a leg', () => {
  let harness: Harness;
  afterEach(() => harness.close());
  const told = (): unknown[] => harness.events.filter(({ kind }) => kind === 'unspoken');
  const say = async (from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n++) await harness.fromPhone(new Uint8Array(160), n, n * 160);
  };

  it('silence is told to the tick; RTP that goes on is no silence', async () => {
    harness = await Harness.open('PCMU');
    harness.bridge.expectPhone(5_000);
    harness.clock.advance(4_960);
    expect(told()).toEqual([]);
    harness.clock.advance(60);
    expect(told()).toEqual([{ kind: 'unspoken', ms: expect.any(Number) }]);
    harness.bridge.expectPhone(5_000);
    harness.clock.advance(2_000);
    await say(1, 25);
    harness.clock.advance(20_000);
    expect(told()).toHaveLength(1);
  });

  it('a packet that comes twice is one, and one of nobody is none', async () => {
    harness = await Harness.open('PCMU');
    harness.bridge.expectPhone(5_000);
    harness.clock.advance(2_000);
    await say(1, 24);
    await say(24, 1);
    harness.clock.advance(3_020);
    expect(told()).toHaveLength(1);
  });

  it('a re-INVITE gives it its time anew, the same again does not, and another phone ends it', async () => {
    harness = await Harness.open('PCMU', { phone: 1 });
    harness.bridge.expectPhone(5_000);
    harness.clock.advance(4_000);
    harness.bridge.setPhonePlan(harness.plan({ phone: 1, direction: 'recvonly' }));
    harness.clock.advance(4_000);
    harness.bridge.setPhonePlan(harness.plan({ phone: 1, direction: 'recvonly' }));
    expect(told()).toEqual([]);
    harness.clock.advance(1_020);
    expect(told()).toHaveLength(1);
    harness.bridge.expectPhone(5_000);
    harness.bridge.setPhonePlan(harness.plan({ phone: 2 }));
    harness.clock.advance(20_000);
    expect(told()).toHaveLength(1);
  });
});
