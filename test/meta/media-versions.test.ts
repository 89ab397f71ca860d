import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MediaChanger, type MediaUpdate, type MediaUpdateOutcome } from '../../src/meta/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

const failure = (kind: 'conflict' | 'ended'): MediaUpdateOutcome => ({
  ok: false,
  failure: { kind, message: '', sipStatus: 500, metricReason: 'Unknown' },
});
const conflict = failure('conflict');
const done: MediaUpdateOutcome = { ok: true };

function rig(script: MediaUpdateOutcome[], random = 0.5) {
  const clock = new FakeClock();
  const sent: MediaUpdate[] = [];
  const changer = new MediaChanger({
    send: async (update) => {
      sent.push(update);
      return script[Math.min(sent.length, script.length) - 1] ?? done;
    },
    clock,
    random: () => random,
  });
  let offers = 0;
  const wanted = () => ({ offerSdp: `offer ${++offers}` });
  const versions = (): number[] => sent.map(({ fromVersion }) => fromVersion);
  return { clock, sent, changer, wanted, versions };
}

describe('versions of the session', () => {
  it('begin at 0, go up with each change of ours, and are what the last webhook says', async () => {
    const { changer, wanted, versions } = rig([done]);
    await changer.change(wanted);
    await changer.change(wanted);
    expect(changer.received(7)).toBe(true);
    await changer.change(wanted);
    expect([versions(), changer.version]).toEqual([[0, 1, 7], 8]);
  });

  it('the highest wins: 3 then 2, or 3 again, is not applied', () => {
    const { changer } = rig([]);
    expect([3, 2, 3, 4].map((version) => changer.received(version))).toEqual([true, false, false, true]);
    expect(changer.version).toBe(4);
  });

  it('a webhook that comes while ours is under way counts for more than arithmetic', async () => {
    const { changer, wanted } = rig([done]);
    const change = changer.change(wanted);
    await turn();
    changer.received(5);
    await change;
    expect(changer.version).toBe(5);
  });

  it('a change that Meta refused leaves the version as it is', async () => {
    const { changer, wanted, sent } = rig([failure('ended')]);
    expect(await changer.change(wanted)).toMatchObject({ failure: { kind: 'ended' } });
    expect([changer.version, sent.length]).toEqual([0, 1]);
  });
});

describe('when both sides change at once', () => {
  it.each([
    [0, 200],
    [0.5, 500],
    [1, 800],
  ])(
    'waits (random %d: %d ms) for the webhook, then begins from its version with a new offer',
    async (random, ms) => {
      const { clock, sent, changer, wanted } = rig([conflict, done], random);
      const change = changer.change(wanted);
      while (clock.armed === 0) await turn();
      changer.received(4);
      clock.advance(ms - 1);
      await turn();
      expect(sent).toHaveLength(1);
      clock.advance(1);
      expect(await change).toEqual(done);
      expect(sent).toEqual([
        { offerSdp: 'offer 1', fromVersion: 0 },
        { offerSdp: 'offer 2', fromVersion: 4 },
      ]);
      expect(changer.version).toBe(5);
    },
  );

  it('gives up in silence after the third try', async () => {
    const { clock, sent, changer, wanted } = rig([conflict]);
    const change = changer.change(wanted);
    for (let tries = 1; tries < 3; tries++) {
      while (clock.armed === 0) await turn();
      clock.advance(800);
    }
    expect(await change).toBeUndefined();
    expect([sent.length, clock.armed]).toEqual([3, 0]);
  });

  it('one change waits for the other', async () => {
    const { clock, sent, changer, wanted } = rig([conflict, done, done]);
    const [first, second] = [changer.change(wanted), changer.change(wanted)];
    while (clock.armed === 0) await turn();
    expect(sent).toHaveLength(1);
    clock.advance(800);
    expect([await first, await second]).toEqual([done, done]);
    expect(sent.map(({ fromVersion }) => fromVersion)).toEqual([0, 0, 1]);
  });

  it('sends nothing more once the call is over', async () => {
    const { clock, sent, changer, wanted } = rig([conflict]);
    const change = changer.change(wanted);
    while (clock.armed === 0) await turn();
    changer.close();
    expect(await change).toBeUndefined();
    expect(await changer.change(wanted)).toBeUndefined();
    expect([sent.length, clock.armed]).toEqual([1, 0]);
  });
});
