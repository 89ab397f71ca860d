import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../fuzz/random.ts';
import { argumentsOf, wrongUsage } from '../support/arguments.ts';
import type { Kind, Met } from './kind.ts';
import { KINDS } from './kinds.ts';
import { Sites } from './sites.ts';

/**
 * `npm run chaos -- [--runs N] [--seed S] [--only kind,kind] [--json]`: calls of both ways through a real gateway's
 * process, and something terrible in the middle of them. A run is repeated by its kind and its seed. Exit status 1 when
 * something that is promised did not hold.
 */
const NAMES = KINDS.map(({ name, what }) => `  ${name.padEnd(13)} ${what}`).join('\n');
const USAGE = `chaos [--runs N, default 200] [--seed S, of the first run; each has the next] [--only KIND,KIND] [--each: one run of each kind] [--json]

kinds:
${NAMES}
`;
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

// Each run starts gateways that load our sources: compiled once, not a hundred times.
process.env['NODE_COMPILE_CACHE'] ??= new URL('../../node_modules/.cache/node', import.meta.url).pathname;

/** Longer than everything that a run waits for, one after the other. */
const RUN_PATIENCE_MS = 15 * 60_000;

interface Failure {
  readonly kind: string;
  readonly seed: number;
  readonly violations: readonly string[];
  /** The folder of the gateway's log and files. */
  readonly logs: string;
  readonly repeat: string;
}

const sites = new Sites(say);
const chosen = KINDS.filter(({ name }) => !only || only.includes(name));
const usable = chosen.filter(({ on }) => sites.missing(on) === undefined);
for (const { name, on } of chosen) {
  const why = sites.missing(on);
  if (why !== undefined) say(`NOTE: ${name} is left out: ${why}`);
}
if (usable.length === 0) wrongUsage(USAGE, 'nothing is left to run');
const order = usable.flatMap((kind) => Array.from({ length: values.each ? 1 : kind.weight }, () => kind));
const runs = values.each ? order.length : wanted;
const failures: Failure[] = [];
const kinds: Record<string, number> = {};
const met: Record<string, Record<string, number>> = {};

async function attempt(kind: Kind, seed: number, note: Met): Promise<string[]> {
  const given = new AbortController();
  const late = sleep(RUN_PATIENCE_MS, [`the run did not end in ${RUN_PATIENCE_MS / 60_000} min`], {
    signal: given.signal,
  });
  late.catch(() => {});
  try {
    return await Promise.race([kind.run(sites.stage, Random.of(seed, 0), note), late]);
  } finally {
    given.abort();
  }
}

/** @param count which of all it is, from 1 */
async function one(kind: Kind, seed: number, count: number): Promise<void> {
  const phases = met[kind.name] ?? {};
  met[kind.name] = phases;
  const began = performance.now();
  let violations: string[];
  let folder = '';
  try {
    ({ folder } = await sites.need(kind.on));
    violations = await attempt(kind, seed, (trials) => {
      for (const { phase } of trials) phases[phase] = (phases[phase] ?? 0) + 1;
    });
  } catch (error) {
    violations = [
      `the run broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ];
  }
  kinds[kind.name] = (kinds[kind.name] ?? 0) + 1;
  const took = `${((performance.now() - began) / 1_000).toFixed(1)} s, load ${loadavg()[0]?.toFixed(1)}`;
  say(
    `${count}/${runs} ${kind.name} seed ${seed}: ${violations.length === 0 ? 'clean' : 'FAILED'} (${took})`,
  );
  if (violations.length === 0) return;
  const repeat = `npm run chaos -- --runs 1 --only ${kind.name} --seed ${seed}`;
  for (const each of [...violations, `logs: ${folder}`, `again: ${repeat}`]) say(`  ${each}`);
  failures.push({ kind: kind.name, seed, violations, logs: folder, repeat });
  await sites.renew(kind.on);
}

let done = 0;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    isStopped = true;
    say('this run is the last one; once more ends it at once');
  });
try {
  for (let run = 0; run < runs && !isStopped; run += 1) {
    const seed = firstSeed + run;
    // By the seed's own stream, so that `--only` with the same seed is the same run.
    const kind = order[run % order.length];
    if (kind) await one(kind, seed, run + 1);
    done += 1;
  }
} finally {
  await sites.close(new Set(failures.map(({ logs }) => logs)));
}
if (values.json) process.stdout.write(`${JSON.stringify({ runs: done, failures, kinds, met })}\n`);
else
  process.stdout.write(
    `${done} runs from seed ${firstSeed}, ${failures.length} failed\n${failures.map(({ repeat, logs }) => `  ${repeat}   (logs: ${logs})\n`).join('')}`,
  );
process.exit(failures.length === 0 ? 0 : 1);
