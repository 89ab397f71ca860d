import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ContractRow, contractRows } from '../../src/cli/contract/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ContractReport {
  readonly rows: number;
  readonly covered: number;
  /** Nobody named a test, or there is none of that title. */
  readonly missing: readonly Pick<ContractRow, 'of' | 'kind' | 'what' | 'test'>[];
}

/** Judges the rows by the titles that there are, each as `file#title`. */
export function report(rows: readonly ContractRow[], titles: ReadonlySet<string>): ContractReport {
  const missing = rows.filter(({ test }) => !test || !titles.has(`${test.file}#${test.title}`));
  return { rows: rows.length, covered: rows.length - missing.length, missing };
}

/** Collects the titles of the tests that the table names, as vitest itself would run them. */
export async function contractReport(): Promise<ContractReport> {
  const rows = contractRows();
  const files = [...new Set(rows.flatMap(({ test }) => (test ? [test.file] : [])))];
  const folder = await mkdtemp(join(tmpdir(), 'msgw-contract-'));
  try {
    const out = join(folder, 'list.json');
    const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
    const args = [vitest, 'list', '--config', 'test/vitest.config.ts', `--json=${out}`, ...files];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 16_000_000 });
    const listed = JSON.parse(await readFile(out, 'utf8')) as {
      readonly name: string;
      readonly file: string;
    }[];
    return report(rows, new Set(listed.map(({ name, file }) => `${relative(ROOT, file)}#${name}`)));
  } finally {
    await rm(folder, { recursive: true });
  }
}
