import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { before, notOver } from './judge.ts';
import { HANG_UP_MS, type Kind, type Met, over, type Stage } from './kind.ts';
import type { Site } from './site.ts';

const READY_MS = 60_000;
/** As long as a gateway that is told twice may take: calls are ended on both sides, then all is closed. */
const END_MS = 60_000;

/** A service manager stops it while it starts: it ends at once or when it has started, and leaves no trouble behind. */
async function stoppedAtItsStart(site: Site, random: Random): Promise<string[]> {
  const gateway = site.msgw();
  await sleep(random.below(1_500));
  gateway.signal('SIGTERM');
  const exit = await gateway.ended(END_MS);
  return exit === 0 || exit === 'SIGTERM'
    ? []
    : [`SIGTERM at its start: it ended by ${exit ?? 'force alone'}`];
}

/**
 * `msgw run` itself, as a service manager treats it: SIGTERM while it starts; SIGTERM, which lets calls go on; then either
 * a second one, which ends them on both sides, or kill -9, or both.
 */
async function signals({ site }: Stage, random: Random, met: Met): Promise<string[]> {
  await site.gateway.stop();
  const since = before(site);
  const wrong = random.chance(0.4) ? await stoppedAtItsStart(site, random) : [];
  const gateway = site.msgw();
  if (!(await gateway.ready(READY_MS))) {
    await gateway.ended(0);
    await site.start();
    return [...wrong, 'msgw run was not ready'];
  }
  const trials = site.crowd(random, 12, 800);
  await sleep(200 + random.below(1_500));
  gateway.signal('SIGTERM');
  await sleep(random.below(800));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  const end = random.pick(['second', 'kill', 'second, kill'] as const);
  if (end !== 'kill') gateway.signal('SIGTERM');
  if (end === 'second, kill') await sleep(random.below(300));
  if (end !== 'second') gateway.signal('SIGKILL');
  const exit = await gateway.ended(END_MS);
  if (exit === undefined) wrong.push('it did not end after the second SIGTERM');
  if (end === 'second') {
    if (exit !== undefined && exit !== 0) wrong.push(`it ended by ${exit} after the second SIGTERM`);
    // Nobody is there to do it later.
    wrong.push(...(await notOver(held, 1_000)).map((each) => `after the second SIGTERM: ${each}`));
  }
  await site.start();
  return over(site, trials, since, [...wrong, ...(await notOver(held, HANG_UP_MS))]);
}

export const PROCESS_KINDS: readonly Kind[] = [
  {
    name: 'signals',
    what: 'SIGTERM at the start, under calls, twice; kill -9 while it drains or closes',
    on: 'site',
    weight: 2,
    run: signals,
  },
];
