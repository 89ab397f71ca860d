import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { openScheduling } from '../../../../src/media/index.ts';

const policyOf = (stat: string): [number, number] => {
  // Behind the name, which may have blanks, field 3 comes first.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return [Number(fields[38]), Number(fields[37])];
};
const own = (): [number, number] => policyOf(readFileSync('/proc/thread-self/stat', 'latin1'));

const scheduling = await openScheduling();
const errno = scheduling?.setRealtime(true);
const raised = own();
const child = policyOf(spawnSync('cat', ['/proc/self/stat']).stdout.toString('latin1'));
if (process.argv.includes('--as-nobody')) process.setuid?.(65_534);
const lowering = scheduling?.setRealtime(false);
process.stdout.write(JSON.stringify({ errno, lowering, raised, child, lowered: own() }));
