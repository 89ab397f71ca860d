import { loadavg } from 'node:os';
import { Random } from '../fuzz/random.ts';
import { argumentsOf, wrongUsage } from '../support/arguments.ts';
import { KINDS, type Kind } from './kinds.ts';
import { Sites } from './sites.ts';
import type { Trial } from './trial.ts';

/**
 * `npm run chaos -- [--runs N] [--seed S] [--only kind,kind] [--json]`: calls of both ways through a real gateway's
 * process, and something terrible in the middle of them. A run is repeated by its kind and its seed. Exit status 1 when
 * something that is promised did not hold.
 */
const NAMES = KINDS.map(({ name }) => name).join(',');
const USAGE = `chaos [--runs N, default 200] [--seed S, of the first run; each has the next] [--only ${NAMES}] [--each: one run of each kind] [--json]`;
const { values } = argumentsOf(USAGE, {
  runs: { type: 'string', default: '200' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
  only: { type: 'string' },
  each: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
});
const wanted = Number(values.runs);
const firstSeed = Number(values.seed);
if (!(Number.isInteger(wanted) && wanted >= 1)) wrongUsage(USAGE, '--runs: a whole number from 1');
if (!Number.isInteger(firstSeed)) wrongUsage(USAGE, '--seed: a whole number');
const only = values.only?.split(',');
const unknown = only?.find((name) => !KINDS.some((kind) => kind.name === name));
if (unknown !== undefined) wrongUsage(USAGE, `no kind is called ${unknown}`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Failure {
  readonly kind: string;
  readonly seed: number;
  readonly violations: readonly string[];
  /** The folder of the gateway's log and files. */
  readonly logs: string;
  readonly repeat: string;
}

const sites = new Sites(say);
const usable = KINDS.filter(
  ({ name, on }) => (!only || only.includes(name)) && (on !== 'small' || sites.disk),
);
if (!sites.disk && (!only || only.includes('disk')))
  say('NOTE: no small disk can be mounted here (root is needed): the runs with a full disk are left out');
if (usable.length === 0) wrongUsage(USAGE, 'nothing is left to run');
const order = usable.flatMap((kind) => Array.from({ length: values.each ? 1 : kind.weight }, () => kind));
const runs = values.each ? order.length : wanted;
const failures: Failure[] = [];
const kinds: Record<string, number> = {};
const met: Record<string, Record<string, number>> = {};

async function one(kind: Kind, seed: number): Promise<void> {
  const site = await sites.need(kind.on);
  const phases = met[kind.name] ?? {};
  met[kind.name] = phases;
  const note = (trials: readonly Trial[]): void => {
    for (const { phase } of trials) phases[phase] = (phases[phase] ?? 0) + 1;
  };
  const began = performance.now();
  let violations: string[];
  try {
    violations = await kind.run(sites.stage, Random.of(seed, 0), note);
  } catch (error) {
    violations = [
      `the run broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ];
  }
  kinds[kind.name] = (kinds[kind.name] ?? 0) + 1;
  const took = `${((performance.now() - began) / 1_000).toFixed(1)} s, load ${loadavg()[0]?.toFixed(1)}`;
  say(`${kind.name} seed ${seed}: ${violations.length === 0 ? 'clean' : 'FAILED'} (${took})`);
  if (violations.length === 0) return;
  for (const each of violations) say(`  ${each}`);
  const repeat = `npm run chaos -- --runs 1 --only ${kind.name} --seed ${seed}`;
  failures.push({ kind: kind.name, seed, violations, logs: site.folder, repeat });
  await sites.renew(kind.on);
}

try {
  for (let run = 0; run < runs; run += 1) {
    const seed = firstSeed + run;
    // By the seed's own stream, so that `--only` with the same seed is the same run.
    const kind = order[run % order.length];
    if (kind) await one(kind, seed);
  }
} finally {
  await sites.close(new Set(failures.map(({ logs }) => logs)));
}
if (values.json) process.stdout.write(`${JSON.stringify({ runs, failures, kinds, met })}\n`);
else
  process.stdout.write(
    `${runs} runs from seed ${firstSeed}, ${failures.length} failed\n${failures.map(({ repeat, logs }) => `  ${repeat}   (logs: ${logs})\n`).join('')}`,
  );
process.exit(failures.length === 0 ? 0 : 1);
