import { argumentsOf } from '../../support/arguments.ts';
import { runRfc4475, runRfc5118 } from './run-messages.ts';
import { runScenarios } from './run-scenarios.ts';
import type { Conformance, Score } from './score.ts';
import { runSuites } from './suites.ts';

const { json } = argumentsOf('sip:conformance [--json]', {
  json: { type: 'boolean', default: false },
}).values;
/** With --json standard output belongs to the one object. */
const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);

const result: Conformance = {
  rfc4475: await runRfc4475(say),
  rfc5118: await runRfc5118(say),
  timers: await runSuites(/(^|\/)(timers|session-timer)[^/]*\.test\.ts$/),
  races: await runSuites(/(^|\/)races[^/]*\.test\.ts$/),
  scenarios: await runScenarios(say),
};

const rows = Object.entries(result) as [string, Score & { readonly notRun?: number }][];
say('');
for (const [name, { passed, total, failed, notRun }] of rows) {
  const rest = notRun === undefined ? failed.join(', ') : `${notRun} not run`;
  say(`${name.padEnd(10)} ${passed} of ${total}${rest === '' ? '' : `  ${rest}`}`);
}
if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
// Sockets of drachtio-srf that wait to connect again would keep the process.
process.exit(rows.some(([, { failed }]) => failed.length > 0) ? 1 : 0);
