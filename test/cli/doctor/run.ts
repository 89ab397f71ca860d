import { argumentsOf } from '../../support/arguments.ts';
import { runSeed, type SeedResult } from './support/run-seed.ts';
import { SEEDS } from './support/seeds.ts';

/** `npm run doctor:seeds`: every seeded misconfiguration, and what `msgw doctor --json` finds; exit code 1 when one is missed. */
const { values } = argumentsOf('npm run --silent doctor:seeds -- [--json] [--only TEXT]', {
  json: { type: 'boolean' },
  only: { type: 'string' },
});

const results: SeedResult[] = [];
for (const seed of SEEDS.filter(({ name, check }) => `${name} ${check}`.includes(values.only ?? ''))) {
  const result = await runSeed(seed);
  results.push(result);
  const { name, ok, expected, found, unmade, message } = result;
  const said = unmade ? 'could not be made here (it needs root)' : found.join(', ') || 'nothing';
  if (!values.json)
    console.log(
      `${ok ? 'found ' : 'MISSED'} ${name.padEnd(58)} ${ok ? `${expected}: ${message}` : `${expected}, and found ${said}`}`,
    );
}
const missed = results.filter(({ ok }) => !ok);
if (values.json)
  console.log(JSON.stringify({ seeds: results.length, found: results.length - missed.length, missed }));
else console.log(`${results.length - missed.length} of ${results.length}`);
process.exitCode = missed.length === 0 ? 0 : 1;
