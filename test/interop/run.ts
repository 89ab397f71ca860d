import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matrix } from '../../src/cli/interop-matrix.ts';
import { CLAIMS, WANTED } from './matrix/claims.ts';
import { judge, PEERS, readReport } from './matrix/matrix.ts';

/** `npm run test:interop`: calls with real peers, and what they have shown, written where everybody reads it. */
const root = new URL('../..', import.meta.url).pathname;
const checkedIn = new URL('results.json', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'msgw-interop-'));
const report = join(folder, 'report.json');
try {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = ['run', '--config', 'test/interop/vitest.config.ts', ...process.argv.slice(2)];
  // The configuration has the reporters that people read; this one is for `conclude`.
  const run = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, INTEROP_REPORT: report },
  });
  process.exitCode = run.status ?? 1;
  if (existsSync(report)) conclude(readFileSync(report, 'utf8'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function conclude(text: string): void {
  const { rows, unproved } = judge(CLAIMS, WANTED, readReport(text));
  const results = `${JSON.stringify({ peers: PEERS, rows }, null, 2)}\n`;
  console.log(matrix(results));
  for (const each of unproved) console.log(`NOTE: not shown: ${each}`);
  const before = existsSync(checkedIn) ? readFileSync(checkedIn, 'utf8') : '';
  if (before === results) return;
  if (unproved.length > 0 || process.env['CI']) {
    console.log('NOTE: test/interop/results.json says otherwise and stays as it is');
    // What the README promises must be what CI has seen.
    if (process.env['CI']) process.exitCode = 1;
    return;
  }
  writeFileSync(checkedIn, results);
  console.log('wrote test/interop/results.json; npm run docs brings it into the README');
}
