import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Drift, PageWatch } from '../../src/gateway/page-watch.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { APP, clientOfSim, SIM_PAGE } from '../sim/graph-client.ts';
import { start } from '../sim/world.ts';

async function rig(
  more: { repair?: boolean; intervalMs?: number; prepare?: (simulator: MetaSimulator) => void } = {},
) {
  const { simulator } = await start({ appId: APP });
  more.prepare?.(simulator);
  const clock = new FakeClock();
  const lines: string[] = [];
  const note = (fields: object, event: string): number => lines.push(`${event} ${JSON.stringify(fields)}`);
  const told: (readonly Drift[])[] = [];
  /** What a reload changes. */
  const live = { pages: [{ id: SIM_PAGE, app: APP }], intervalMs: more.intervalMs ?? 300_000 };
  const watch = new PageWatch({
    get pages() {
      return live.pages;
    },
    get intervalMs() {
      return live.intervalMs;
    },
    graph: clientOfSim(simulator).client,
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    repair: more.repair ?? false,
    onDrift: (_pageId, drift) => told.push(drift),
  });
  onTestFinished(() => watch.close());
  const amiss = (): readonly Drift[] => watch.stats.amiss.map(({ what }) => what);
  return { simulator, watch, clock, lines, amiss, told, live };
}

/** Ways in which a Page stops sending calls here. */
const DRIFTS: [Drift, (simulator: MetaSimulator) => void][] = [
  [
    'audio',
    (simulator) => {
      simulator.audioEnabled = false;
    },
  ],
  [
    'routing',
    ({ page }) => {
      page.settings = { ...page.settings, ring_target: 'META' };
    },
  ],
  [
    'subscription',
    ({ page }) => {
      page.subscribed = ['messages'];
    },
  ],
  [
    'feature',
    ({ page }) => {
      page.feature = 'disabled';
    },
  ],
];

describe('the watch over a Page', () => {
  it('is content with a Page that is set up', async () => {
    const { watch, lines, amiss } = await rig();
    await watch.check(SIM_PAGE);
    expect([amiss(), lines, watch.stats.checks]).toEqual([[], [], 1]);
  });

  it.each(DRIFTS)('tells of %s, writes nothing, and tells when it is over', async (what, prepare) => {
    const { simulator, watch, lines, amiss } = await rig({ prepare });
    await watch.check(SIM_PAGE);
    await watch.check(SIM_PAGE);
    expect(amiss()).toEqual([what]);
    expect(lines.filter((line) => line.startsWith('meta.drift '))).toHaveLength(2);
    expect(watch.stats).toMatchObject({ drifts: 1, repairs: 0 });
    expect(simulator.requests.some(({ action }) => action.startsWith('set-') || action === 'subscribe')).toBe(
      false,
    );
    simulator.audioEnabled = true;
    simulator.page.settings = { ...simulator.page.settings, ring_target: 'PARTNERS' };
    simulator.page.subscribed = ['calls'];
    simulator.page.feature = 'enabled';
    await watch.check(SIM_PAGE);
    expect(amiss()).toEqual([]);
    expect(lines.at(-1)).toMatch(/^meta\.drift-over/);
  });

  it('repairs all that can be, the subscription first, when it may', async () => {
    const { simulator, watch, lines, amiss } = await rig({
      repair: true,
      prepare: (simulator) => {
        for (const [what, spoil] of DRIFTS) if (what !== 'feature') spoil(simulator);
      },
    });
    await watch.check(SIM_PAGE);
    expect(amiss()).toEqual([]);
    expect(watch.stats).toMatchObject({ drifts: 1, repairs: 1 });
    expect(simulator.page.settings).toMatchObject({ audio_enabled: true, ring_target: 'PARTNERS' });
    expect(simulator.page.subscribed).toEqual([
      'messages',
      'calls',
      'call_permission_reply',
      'call_settings_update',
    ]);
    expect(lines.some((line) => line.startsWith('meta.repaired '))).toBe(true);
  });

  it('looks after half a minute, then in each interval', async () => {
    const { watch, clock } = await rig();
    clock.advance(29_999);
    expect(watch.stats.checks).toBe(0);
    clock.advance(1);
    expect(watch.stats.checks).toBe(1);
    await watch.check(SIM_PAGE);
    while (clock.armed === 0) await turn();
    clock.advance(300_000);
    expect(watch.stats.checks).toBe(2);
  });

  it('does not look while the quota runs low', async () => {
    const { simulator, watch } = await rig();
    simulator.usage = { percent: 80, regainMinutes: 0 };
    await watch.check(SIM_PAGE);
    await watch.check(SIM_PAGE);
    expect(watch.stats).toMatchObject({ checks: 1, shed: 1 });
  });

  it('a settings webhook is an alarm at once, asked about even when nobody polls', async () => {
    const { watch, amiss, lines } = await rig({ intervalMs: 0, prepare: DRIFTS[1]![1] });
    watch.settingsUpdated(SIM_PAGE, { audioEnabled: true, ringTarget: 'META' });
    expect(amiss()).toEqual(['routing']);
    expect(lines[0]).toMatch(/^meta\.drift .*"routing".*PARTNERS/);
    await watch.check(SIM_PAGE);
    expect(watch.stats.checks).toBe(1);
    watch.settingsUpdated(SIM_PAGE, { iconEnabled: false });
    expect(watch.stats.checks).toBe(2);
  });

  it('a webhook that says all is well asks nothing', async () => {
    const { watch } = await rig({ intervalMs: 0 });
    watch.settingsUpdated(SIM_PAGE, { audioEnabled: true, ringTarget: 'PARTNERS' });
    expect(watch.stats.checks).toBe(0);
  });

  it('a call that is refused for the settings (1893056) is an alarm, and repaired', async () => {
    const { simulator, watch } = await rig({ repair: true, prepare: DRIFTS[0]![1] });
    watch.settingsRefused(SIM_PAGE);
    await watch.check(SIM_PAGE);
    expect(simulator.audioEnabled).toBe(true);
    expect(watch.stats).toMatchObject({ repairs: 1, amiss: [] });
  });

  it('says when Graph does not answer, and takes no silence for a drift', async () => {
    const { simulator, watch, lines, amiss } = await rig();
    simulator.faults.add({ action: 'subscriptions', kind: 'error', code: 200, httpStatus: 403 });
    await watch.check(SIM_PAGE);
    expect([amiss(), watch.stats.failed]).toEqual([[], 1]);
    expect(lines.at(-1)).toMatch(/^meta\.watch-failed/);
  });
});

it('tells of changes once each, and of their end', async () => {
  const { simulator, watch, told } = await rig();
  await watch.check(SIM_PAGE);
  simulator.audioEnabled = false;
  await watch.check(SIM_PAGE);
  await watch.check(SIM_PAGE);
  simulator.page.feature = 'disabled';
  await watch.check(SIM_PAGE);
  simulator.audioEnabled = true;
  simulator.page.feature = 'enabled';
  await watch.check(SIM_PAGE);
  expect(told).toEqual([['audio'], ['audio', 'feature'], []]);
});

describe('a reload', () => {
  it('forgets what was amiss of a Page that is gone, and looks at it no more', async () => {
    const { simulator, watch, clock, amiss, live } = await rig({ prepare: DRIFTS[0]![1] });
    await watch.check(SIM_PAGE);
    expect(amiss()).toEqual(['audio']);
    live.pages = [];
    watch.changed();
    expect(amiss()).toEqual([]);
    expect(watch.look(SIM_PAGE)).toEqual({ amiss: [] });
    const asked = simulator.requests.length;
    clock.advance(30_000);
    await turn();
    expect(simulator.requests).toHaveLength(asked);
  });

  it('that takes a Page away while it is looked at hears no verdict over it', async () => {
    const { watch, amiss, live, told } = await rig({ prepare: DRIFTS[0]![1] });
    const look = watch.check(SIM_PAGE);
    live.pages = [];
    watch.changed();
    await look;
    expect([amiss(), told, watch.look(SIM_PAGE)]).toEqual([[], [], { amiss: [] }]);
  });

  it('with another interval: the next look comes by it, and not before half a minute is over', async () => {
    const { watch, clock, live } = await rig();
    clock.advance(29_000);
    live.intervalMs = 60_000;
    watch.changed();
    clock.advance(29_999);
    expect(watch.stats.checks).toBe(0);
    clock.advance(1);
    expect(watch.stats.checks).toBe(1);
    await watch.check(SIM_PAGE);
    while (clock.armed === 0) await turn();
    clock.advance(60_000);
    expect(watch.stats.checks).toBe(2);
  });

  it('without an interval: nobody looks any more; with one again: somebody does', async () => {
    const { watch, clock, live } = await rig();
    live.intervalMs = 0;
    watch.changed();
    expect(clock.armed).toBe(0);
    live.intervalMs = 10_000;
    watch.changed();
    clock.advance(10_000);
    expect(watch.stats.checks).toBe(1);
  });

  it('in the middle of a round makes no second row of rounds', async () => {
    const { watch, clock, live } = await rig();
    clock.advance(30_000);
    live.intervalMs = 60_000;
    watch.changed();
    await watch.check(SIM_PAGE);
    await turn();
    expect(clock.armed).toBe(1);
  });

  it('after the end changes nothing', async () => {
    const { watch, clock, live } = await rig();
    await watch.close();
    live.intervalMs = 60_000;
    watch.changed();
    expect(clock.armed).toBe(0);
  });
});
