import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { type Before, before, judge, notOver } from './judge.ts';
import type { Site } from './site.ts';
import type { SmallDisk } from './small-disk.ts';
import type { Trial } from './trial.ts';

/** How long those that a fault left on the line may take to be hung up by the gateway itself, ms. */
const HANG_UP_MS = 20_000;
const HOUR_MS = 3_600_000;

/** What a kind works with. */
export interface Stage {
  /** With the embedded SIP server. */
  readonly site: Site;
  /** Gateway and SIP server in two processes. */
  readonly apart: Site;
  /** A site on a disk that can be filled; undefined where none can be made. */
  readonly small: { readonly site: Site; readonly disk: SmallDisk } | undefined;
}

export interface Kind {
  readonly name: string;
  /** Which site it needs. */
  readonly on: keyof Stage;
  /** Share of the runs. */
  readonly weight: number;
  /** @param met where the calls were when it struck */
  readonly run: (stage: Stage, random: Random, met: (trials: readonly Trial[]) => void) => Promise<string[]>;
}

const once = { records: 'exactly one' } as const;

async function over(
  site: Site,
  trials: readonly Trial[],
  since: Before,
  wrong: readonly string[],
  promise: Parameters<typeof judge>[3] = once,
): Promise<string[]> {
  const all = [...wrong, ...(await judge(site, trials, since, promise)), ...(await site.proof())];
  for (const trial of trials) site.forget(trial);
  return all;
}

/** Kills the process and starts it again on the same files. */
async function killed(
  site: Site,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 20, 1_200);
  await sleep(200 + random.below(2_300));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  await site.gateway.kill();
  await sleep(random.below(400));
  await site.start();
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

async function mediaKilled(
  { site }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 10, 800);
  await sleep(200 + random.below(1_500));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  await site.gateway.ask({ ask: 'crash-media' });
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

/** The connection to the SIP server goes, once or more. */
async function cut(
  { apart: site }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 10, 800);
  await sleep(100 + random.below(1_800));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  site.control?.cut();
  if (random.chance(0.3)) {
    await sleep(random.below(500));
    site.control?.cut();
  }
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

const FAULTS = [
  { kind: 'error', code: 4, httpStatus: 429 },
  { kind: 'error', code: 1, httpStatus: 500 },
  { kind: 'html-500' },
  { kind: 'flat-error', code: 2 },
  { kind: 'error-in-200', code: 2 },
  { kind: 'success-false' },
  { kind: 'result-failure' },
  { kind: 'empty-200' },
  { kind: 'hang' },
  { kind: 'hang-after' },
  { kind: 'reset' },
  { kind: 'reset-after' },
  { kind: 'slow', delayMs: 800 },
] as const;
const FAULTY = ['accept', 'connect', 'reject', 'terminate', 'permission', 'profile', undefined] as const;

/** Graph misbehaves for a while: single requests, or all of it. */
async function graph(
  { site }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 8, 800);
  const { faults } = site.simulator;
  for (let left = 2 + random.below(5); left > 0; left -= 1) {
    const action = random.pick(FAULTY);
    faults.add({ ...random.pick(FAULTS), times: 1 + random.below(3), ...(action ? { action } : {}) });
  }
  await sleep(200 + random.below(1_000));
  met(trials);
  if (random.chance(0.4)) {
    site.graph.become(random.pick(['silent', 'garbage'] as const));
    await sleep(200 + random.below(1_500));
    site.graph.become('through');
  }
  await sleep(random.below(800));
  faults.clear();
  return over(site, trials, since, []);
}

/** Names cannot be looked up, and there is no connection left to go on with. */
async function dns(
  { site }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 8, 800);
  await sleep(random.below(1_000));
  met(trials);
  await site.gateway.ask({ ask: 'dns', gone: true });
  site.graph.cut();
  await sleep(300 + random.below(1_700));
  await site.gateway.ask({ ask: 'dns', gone: false });
  return over(site, trials, since, []);
}

/** No byte can be written any more; records of calls that end meanwhile are lost, calls are not. */
async function disk(
  { small }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  if (!small) return [];
  const { site } = small;
  const since = before(site);
  const trials = site.crowd(random, 8, 800);
  await sleep(random.below(1_000));
  met(trials);
  small.disk.fill();
  await sleep(300 + random.below(1_200));
  const restarts = random.chance(0.4);
  for (const trial of trials) trial.letGo();
  const wrong = await notOver(trials, HANG_UP_MS);
  small.disk.free();
  if (restarts) {
    await site.gateway.kill();
    await site.start();
  }
  return over(site, trials, since, wrong, { records: 'at most one' });
}

/** The wall clock jumps by hours, both ways; sometimes the process dies meanwhile. */
async function clock(
  { site }: Stage,
  random: Random,
  met: (trials: readonly Trial[]) => void,
): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 8, 1_000);
  await sleep(random.below(1_200));
  met(trials);
  const offsetMs = (random.chance(0.5) ? 1 : -1) * (60_000 + random.below(6 * HOUR_MS));
  await site.gateway.ask({ ask: 'clock', offsetMs });
  await sleep(200 + random.below(1_200));
  let wrong: string[] = [];
  if (random.chance(0.3)) {
    const held = trials.filter(({ isUp }) => isUp);
    await site.gateway.kill();
    await site.start();
    wrong = await notOver(held, HANG_UP_MS);
  } else await site.gateway.ask({ ask: 'clock', offsetMs: 0 });
  return over(site, trials, since, wrong);
}

export const KINDS: readonly Kind[] = [
  { name: 'kill', on: 'site', weight: 6, run: ({ site }, random, met) => killed(site, random, met) },
  { name: 'kill-apart', on: 'apart', weight: 2, run: ({ apart }, random, met) => killed(apart, random, met) },
  { name: 'media', on: 'site', weight: 2, run: mediaKilled },
  { name: 'cut', on: 'apart', weight: 4, run: cut },
  { name: 'graph', on: 'site', weight: 4, run: graph },
  { name: 'dns', on: 'site', weight: 2, run: dns },
  { name: 'disk', on: 'small', weight: 2, run: disk },
  { name: 'clock', on: 'site', weight: 2, run: clock },
];
