import { describe, expect, it } from 'vitest';
import type { GatewayConfig, LoadedConfig } from '../../src/config/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { ReloadDesk, type ReloadDeskOptions } from '../../src/gateway/reload/desk.ts';
import { LiveConfig, remade } from '../../src/gateway/reload/live-config.ts';
import type { ReloadPart } from '../../src/gateway/reload/part.ts';
import { GatewayError } from '../../src/shared/error.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { configOf, example, sources, with_ } from '../config/example.ts';

const MAX_90 = with_('maxCalls: 100', 'maxCalls: 90');

function rig(options: Partial<ReloadDeskOptions> & { readonly text?: string } = {}) {
  const clock = new FakeClock();
  const live = new LiveConfig(configOf(example));
  const said: string[] = [];
  const events: [string, object][] = [];
  const state = { text: options.text ?? MAX_90, leaving: false, reads: 0 };
  /** Takes note of what is asked of it. */
  const part = (name: string, fail?: () => Error): ReloadPart => ({
    name,
    prepare: async (next) => {
      said.push(`${name} prepares ${next.limits.maxCalls}`);
      await Promise.resolve();
      if (fail) throw fail();
      return {
        commit: () => void said.push(`${name} has ${live.now.limits.maxCalls}`),
        discard: () => void said.push(`${name} discards`),
      };
    },
  });
  const desk = (parts: readonly ReloadPart[]): ReloadDesk =>
    new ReloadDesk({
      live,
      read: (): LoadedConfig => {
        state.reads += 1;
        return parseConfig(state.text, sources);
      },
      parts,
      started: Promise.resolve(),
      isLeaving: () => state.leaving,
      clock,
      log: silentLog,
      onEvent: (event, data) => events.push([event, data]),
      ...options,
    });
  return { clock, live, said, events, state, part, desk };
}

it('prepares every part, then puts all of it into effect at once', async () => {
  const { desk, part, said, live, events, clock } = rig();
  clock.advance(5_000);
  const one = desk([part('one'), part('two')]);
  const okAt = clock.now();
  expect(await one.reload()).toMatchObject({
    ok: true,
    outcome: 'applied',
    changes: [{ key: 'limits.maxCalls', from: 100, to: 90 }],
    needsRestart: [],
  });
  expect(said).toEqual(['one prepares 90', 'two prepares 90', 'one has 90', 'two has 90']);
  expect(live.now.limits.maxCalls).toBe(90);
  expect(events).toEqual([
    ['config_reloaded', { outcome: 'applied', changes: ['limits.maxCalls'], needsRestart: [] }],
  ]);
  expect(one.counts).toMatchObject({ outcomes: { applied: 1 }, ok: true, okAtMs: okAt });
  expect(await one.reload()).toMatchObject({ ok: true, outcome: 'unchanged', changes: [] });
});

describe('all or nothing', () => {
  it('a file with problems changes nothing, and says each of them', async () => {
    const { desk, part, said, live, events } = rig({
      text: with_('maxCalls: 100', 'maxCalls: many').replace('level: info', 'level: loud'),
    });
    const before = live.now;
    const one = desk([part('one')]);
    expect(await one.reload()).toMatchObject({
      ok: false,
      outcome: 'invalid',
      problems: [{ key: 'limits.maxCalls' }, { key: 'log.level' }],
    });
    expect([said, live.now === before]).toEqual([[], true]);
    expect(events).toMatchObject([['config_refused', { outcome: 'invalid' }]]);
    expect(one.counts).toMatchObject({ outcomes: { invalid: 1, applied: 0 }, ok: false });
  });

  it('a part that cannot have it keeps the others from having it', async () => {
    const { desk, part, said, live } = rig();
    const before = live.now;
    const refusing = part('two', () => new GatewayError('MEDIA_SOUND', 'no sound'));
    const one = desk([part('one'), refusing, part('three')]);
    expect(await one.reload()).toMatchObject({
      ok: false,
      outcome: 'failed',
      problems: [{ key: 'two', message: 'no sound', code: 'MEDIA_SOUND' }],
    });
    expect(said).toEqual(['one prepares 90', 'two prepares 90', 'one discards']);
    expect(live.now).toBe(before);
    // What failed once may succeed the next time.
    expect(await desk([part('one')]).reload()).toMatchObject({ outcome: 'applied' });
  });

  it('a bug of a part is told as one, and does not stop what comes after', async () => {
    const { desk, part, live } = rig();
    const before = live.now;
    const parts = [part('one', () => new Error('a bug'))];
    const one = desk(parts);
    expect(await one.reload()).toMatchObject({ ok: false, outcome: 'failed' });
    expect(live.now).toBe(before);
    parts.splice(0);
    expect(await one.reload()).toMatchObject({ ok: true });
  });

  it('what waits for a restart and what does not must fit', async () => {
    const text = with_('    port: 5060\n', '    port: 5061\n    transport: tcp\n').replace(
      '    - { protocol: udp, address: 192.0.2.10, port: 5060 }\n',
      '    - { protocol: udp, address: 192.0.2.10, port: 5060 }\n    - { protocol: tcp, address: 192.0.2.10 }\n',
    );
    const { desk, part, said } = rig({ text });
    expect(await desk([part('one')]).reload()).toMatchObject({
      ok: false,
      outcome: 'failed',
      problems: [
        { key: 'trunks.pbx.transport', remedy: expect.stringContaining('sip.listen cannot change') },
      ],
    });
    expect(said).toEqual([]);
  });
});

it('what needs a restart is named, counted and left as it was', async () => {
  const { desk, live, state } = rig({ text: MAX_90.replace('port: 9090', 'port: 9091') });
  const one = desk([]);
  expect(await one.reload()).toMatchObject({ outcome: 'applied', needsRestart: ['admin.listen.port'] });
  expect([live.now.limits.maxCalls, live.now.admin.listen.port]).toEqual([90, 9090]);
  expect(one.counts.needsRestart).toBe(1);
  expect(await one.reload()).toMatchObject({ outcome: 'unchanged', needsRestart: ['admin.listen.port'] });
  state.text = MAX_90;
  await one.reload();
  expect(one.counts.needsRestart).toBe(0);
});

it('a dry run asks all that do not act, and changes nothing', async () => {
  const { desk, part, said, live, state, events } = rig();
  const before = live.now;
  const one = desk([part('one'), { ...part('sip'), acts: true }]);
  expect(await one.reload(true)).toMatchObject({ outcome: 'planned', changes: [{ key: 'limits.maxCalls' }] });
  expect(said).toEqual(['one prepares 90', 'one discards']);
  state.text = 'trunks: [';
  expect(await one.reload(true)).toMatchObject({ ok: false, outcome: 'invalid' });
  expect([live.now === before, events, one.counts.outcomes]).toEqual([
    true,
    [],
    { applied: 0, unchanged: 0, invalid: 0, failed: 0, refused: 0 },
  ]);
});

describe('one at a time', () => {
  it('who asks while another is under way shares the next, which reads the file as it is then', async () => {
    const { desk, part, said, state } = rig();
    const one = desk([part('one')]);
    const first = one.reload();
    // Its turn comes in a microtask: from then on it is under way.
    await Promise.resolve();
    await Promise.resolve();
    const second = one.reload();
    const third = one.reload();
    state.text = with_('maxCalls: 100', 'maxCalls: 80');
    expect(second).toBe(third);
    expect(await first).toMatchObject({ changes: [{ to: 90 }] });
    expect(await second).toMatchObject({ changes: [{ from: 90, to: 80 }] });
    expect(state.reads).toBe(2);
    expect(said).toEqual(['one prepares 90', 'one has 90', 'one prepares 80', 'one has 80']);
  });

  it('waits until the gateway has started', async () => {
    const started = Promise.withResolvers<void>();
    const { desk, state } = rig({ started: started.promise });
    const report = desk([]).reload();
    await Promise.resolve();
    expect(state.reads).toBe(0);
    started.resolve();
    expect(await report).toMatchObject({ outcome: 'applied' });
  });

  it('is refused by a gateway that ends, also when that begins meanwhile', async () => {
    const { desk, part, state, said, live } = rig();
    const before = live.now;
    state.leaving = true;
    const one = desk([part('one')]);
    expect(await one.reload()).toMatchObject({ ok: false, outcome: 'refused' });
    expect([said, state.reads]).toEqual([[], 0]);
    state.leaving = false;
    const leaving: ReloadPart = {
      name: 'leaving',
      prepare: () => {
        state.leaving = true;
        return undefined;
      },
    };
    expect(await desk([part('one'), leaving]).reload()).toMatchObject({ outcome: 'refused' });
    expect(said).toEqual(['one prepares 90', 'one discards']);
    expect(live.now).toBe(before);
  });

  it('is refused where there is no file', async () => {
    const { desk } = rig({ read: undefined });
    expect(await desk([]).reload()).toMatchObject({ ok: false, outcome: 'refused' });
  });
});

it('what is made of a configuration is made again for another one only', () => {
  const live = new LiveConfig(configOf(example));
  let made = 0;
  const count = remade(
    () => live.now,
    (config: GatewayConfig) => {
      made += 1;
      return config.limits.maxCalls;
    },
  );
  expect([count(), count(), made]).toEqual([100, 100, 1]);
  live.replace(configOf(MAX_90));
  expect([count(), count(), made]).toEqual([90, 90, 2]);
});
