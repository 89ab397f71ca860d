import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { before, notOver } from './judge.ts';
import { HANG_UP_MS, type Kind, type Met, over, type Stage } from './kind.ts';

/** No byte can be written any more; records of calls that end meanwhile are lost, calls are not. */
async function full({ small }: Stage, random: Random, met: Met): Promise<string[]> {
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

/**
 * The disk takes writes at once and is slow to sync them, as one that others keep busy; then the process is killed. What
 * was answered 200 is known to the next one.
 */
async function slow({ site }: Stage, random: Random, met: Met): Promise<string[]> {
  const since = before(site);
  await site.gateway.ask({ ask: 'disk', syncMs: 300 + random.below(3_000) });
  const trials = site.crowd(random, 12, 800);
  await sleep(200 + random.below(1_800));
  met(trials);
  const held = trials.filter(({ isUp }) => isUp);
  await site.gateway.kill();
  await site.start();
  return over(site, trials, since, await notOver(held, HANG_UP_MS));
}

/**
 * The system finds an error and takes the disk away from writers, files that are open included. Calls go on and end on both
 * sides; a gateway that is started on such a disk says so and does not start; once the disk is mended all is well.
 */
async function readOnly({ failing }: Stage, random: Random, met: Met): Promise<string[]> {
  if (!failing) return [];
  const { site, disk } = failing;
  const since = before(site);
  const trials = site.crowd(random, 8, 800);
  await sleep(random.below(1_000));
  met(trials);
  disk.fail();
  await sleep(300 + random.below(1_200));
  if (!site.gateway.isAlive) return ['the gateway ended with its disk'];
  for (const trial of trials) trial.letGo();
  const wrong = await notOver(trials, HANG_UP_MS);
  await site.gateway.kill();
  const refusal = await site.start().then(
    () => 'it started',
    (error: unknown) => String(error),
  );
  if (!/STORE_OPEN/.test(refusal) || !/EROFS/.test(refusal))
    wrong.push(`a start on a read-only disk was not refused by its name: ${refusal.slice(-400)}`);
  disk.mend();
  await site.start();
  return over(site, trials, since, wrong, { records: 'at most one' });
}

export const DISK_KINDS: readonly Kind[] = [
  {
    name: 'disk',
    what: 'the disk is full; records of calls that end meanwhile may be lost, calls are not',
    on: 'small',
    weight: 2,
    run: full,
  },
  {
    name: 'read-only',
    what: 'the disk fails and is read-only, files that are open included; the same',
    on: 'failing',
    weight: 2,
    run: readOnly,
  },
  {
    name: 'slow-disk',
    what: 'kill -9 while the disk takes seconds to sync',
    on: 'site',
    weight: 2,
    run: slow,
  },
];
