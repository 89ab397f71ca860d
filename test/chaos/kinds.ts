import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { DISK_KINDS } from './disk-kinds.ts';
import { before, notOver } from './judge.ts';
import { HANG_UP_MS, type Kind, type Met, over, type Stage } from './kind.ts';
import { PROCESS_KINDS } from './process-kinds.ts';
import type { Site } from './site.ts';
import { STATE_KINDS } from './state-kinds.ts';

const HOUR_MS = 3_600_000;

/** Kills the process and starts it again on the same files; sometimes once more, while it ends what the first one left. */
async function killed(site: Site, random: Random, met: Met): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 20, 1_200);
  await sleep(200 + random.below(2_300));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  await site.gateway.kill();
  await sleep(random.below(400));
  await site.start();
  if (random.chance(0.25)) {
    await sleep(random.below(600));
    await site.gateway.kill();
    await site.start();
  }
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

async function mediaKilled({ site }: Stage, random: Random, met: Met): Promise<string[]> {
  const since = before(site);
  const trials = site.crowd(random, 10, 800);
  await sleep(200 + random.below(1_500));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  await site.gateway.ask({ ask: 'crash-media' });
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

/** The connection to the SIP server goes, once or more. */
async function cut({ apart: site }: Stage, random: Random, met: Met): Promise<string[]> {
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
async function graph({ site }: Stage, random: Random, met: Met): Promise<string[]> {
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
async function dns({ site }: Stage, random: Random, met: Met): Promise<string[]> {
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

/** The wall clock jumps by hours, both ways; sometimes the process dies meanwhile. */
async function clock({ site }: Stage, random: Random, met: Met): Promise<string[]> {
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
  {
    name: 'kill',
    what: 'kill -9 at a random moment under 20 calls, and a restart',
    on: 'site',
    weight: 6,
    run: ({ site }, random, met) => killed(site, random, met),
  },
  {
    name: 'kill-apart',
    what: 'the same with the SIP server in a process of its own',
    on: 'apart',
    weight: 2,
    run: ({ apart }, random, met) => killed(apart, random, met),
  },
  { name: 'media', what: 'the media worker is killed', on: 'site', weight: 2, run: mediaKilled },
  { name: 'cut', what: 'the connection to the SIP server is cut', on: 'apart', weight: 3, run: cut },
  {
    name: 'graph',
    what: 'Graph answers 429, 500, garbage, nothing, or not in time',
    on: 'site',
    weight: 4,
    run: graph,
  },
  { name: 'dns', what: 'no name is found any more', on: 'site', weight: 2, run: dns },
  {
    name: 'clock',
    what: 'the wall clock jumps by hours, forwards or back',
    on: 'site',
    weight: 2,
    run: clock,
  },
  ...STATE_KINDS,
  ...PROCESS_KINDS,
  ...DISK_KINDS,
];
