import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Score } from './score.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const TESTS = join(ROOT, 'test', 'sip-server');

/** What vitest's json reporter writes, as far as it is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs the tests of the files whose names match, on their fake clock, by vitest; counts each test. */
export async function runSuites(matching: RegExp): Promise<Score> {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => matching.test(file))
    .map((file) => relative(ROOT, join(TESTS, file)));
  if (files.length === 0) return { passed: 0, total: 1, failed: [`no tests match ${matching}`] };
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    return score(await vitest(files, join(folder, 'report.json')), files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function vitest(files: readonly string[], report: string): Promise<Report> {
  const entry = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const reporting = ['--reporter=json', `--outputFile=${report}`];
  const args = [entry, 'run', '--config', 'test/vitest.config.ts', ...reporting, ...files];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + String(chunk)).slice(-4000);
  });
  // Exit code 1 says that tests failed, which the report tells.
  await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } catch (cause) {
    throw new Error(`vitest wrote no report\n${errors}`, { cause });
  }
}

function score(report: Report, files: readonly string[]): Score {
  const failed: string[] = [];
  let total = 0;
  for (const { name, status, assertionResults } of report.testResults) {
    const tests = assertionResults.filter((each) => each.status !== 'passed').map((each) => each.fullName);
    failed.push(...tests);
    total += assertionResults.length;
    // A file that does not load has no tests.
    if (status !== 'passed' && tests.length === 0) {
      total += 1;
      failed.push(relative(ROOT, name));
    }
  }
  if (report.testResults.length !== files.length) {
    total += 1;
    failed.push(`vitest ran ${report.testResults.length} files of ${files.length}`);
  }
  return { passed: total - failed.length, total, failed };
}
