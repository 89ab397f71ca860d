import { loadavg } from 'node:os';
import { argumentsOf, wrongUsage } from '../support/arguments.ts';
import { takeChildrenAlong } from '../support/children.ts';
import { type Bench, type BenchResult, table } from './bench.ts';
import { calls } from './calls/bench.ts';
import { flood } from './flood/bench.ts';
import { forwardBench } from './forward/bench.ts';
import { keepAwake, stolenSeconds } from './machine.ts';
import { overload } from './overload/bench.ts';
import { quality } from './quality/bench.ts';
import { setup } from './setup/bench.ts';
import { sip } from './sip/bench.ts';
import { srtpBench } from './srtp/bench.ts';
import { transcodeBench } from './transcode/bench.ts';

/**
 * `npm run bench -- [name...] [--json] [--seconds N] [--calls N,N] [--steps-only] [--halting]`: runs the named benchmarks (default all) and prints a table, or
 * with --json one line of JSON each. Progress goes to stderr. Exit status 1 when a target was missed.
 */
const BENCHES: readonly Bench[] = [
  sip,
  setup,
  srtpBench,
  forwardBench,
  transcodeBench,
  quality,
  calls,
  overload,
  flood,
];

const USAGE = `bench [${BENCHES.map(({ name }) => name).join('|')}]... [--json] [--seconds N, of one step; there are dozens] [--calls N,N: held, for calls] [--steps-only: calls, without the search for the most] [--halting: cores that idle may halt]`;
const { values, positionals } = argumentsOf(
  USAGE,
  {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    calls: { type: 'string' },
    'steps-only': { type: 'boolean', default: false },
    halting: { type: 'boolean', default: false },
  },
  true,
);
const unknown = positionals.find((name) => !BENCHES.some((bench) => bench.name === name));
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
const steps = values.calls?.split(',').map(Number);
if (unknown !== undefined) wrongUsage(USAGE, `no benchmark is called ${unknown}`);
if (seconds !== undefined && !(seconds >= 1)) wrongUsage(USAGE, '--seconds: a number from 1');
if (steps?.some((each) => !(Number.isInteger(each) && each >= 1)))
  wrongUsage(USAGE, '--calls: whole numbers from 1, with commas');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

takeChildrenAlong();
for (const bench of BENCHES) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  say(`${bench.name}: load of the machine before: ${loadavg()[0]?.toFixed(2)}`);
  const rest = bench.awake && !values.halting ? await keepAwake() : () => {};
  const [began, stolen] = [performance.now(), stolenSeconds()];
  const cases = await bench
    .run({
      seconds: seconds ?? bench.seconds ?? 5,
      say,
      stepsOnly: values['steps-only'],
      ...(steps ? { calls: steps } : {}),
    })
    .finally(rest);
  const lost = (stolenSeconds() ?? Number.NaN) - (stolen ?? Number.NaN);
  const taken = Number.isNaN(lost) ? '' : `, in which the host took ${lost.toFixed(1)} s from the cores`;
  say(`${bench.name}: took ${((performance.now() - began) / 1_000).toFixed(0)} s${taken}`);
  const result: BenchResult = { name: bench.name, cases };
  process.stdout.write(`${values.json ? JSON.stringify(result) : table(result)}\n`);
  if (cases.some(({ ok }) => !ok)) process.exitCode = 1;
}
// A carrier that broke under its load may have left sockets behind.
process.exit();
