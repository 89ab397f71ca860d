import { contractReport } from './collect.ts';

/** `npm run contract`: which parts of Meta's contract have a test; exit code 1 when one has none. */
const report = await contractReport();
if (process.argv.includes('--json')) console.log(JSON.stringify(report));
else {
  console.log(`${report.covered} of ${report.rows} rows of the contract have a test`);
  for (const { of, what, test } of report.missing)
    console.log(`missing: ${of}: ${what}${test ? ` (no test "${test.title}" in ${test.file})` : ''}`);
}
process.exitCode = report.missing.length === 0 ? 0 : 1;
