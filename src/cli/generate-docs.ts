import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configJsonSchema, configReference } from '../config/index.ts';
import { callDiagramPage } from '../gateway/docs.ts';
import { recordJsonSchema, recordReference } from '../gateway/record-docs.ts';
import { apiReference, openApiOf, ROUTES } from '../http/api/index.ts';
import { causesPage } from '../media/index.ts';
import { CODES } from '../shared/codes/index.ts';
import { contractPage } from './contract/index.ts';
import { withInteropMatrix } from './interop-matrix.ts';
import { cliReference } from './reference.ts';
import { packageVersion } from './version.ts';

/** Every page that is generated from the source it describes: file below the package's root, and its text now. */
function pages(): { readonly file: string; readonly text: string }[] {
  return [
    { file: 'config/reference.md', text: configReference() },
    { file: 'config/schema.json', text: configJsonSchema() },
    { file: 'config/records.md', text: recordReference() },
    { file: 'config/records.schema.json', text: recordJsonSchema() },
    { file: 'src/shared/codes/README.md', text: codesPage() },
    { file: 'src/cli/reference.md', text: cliReference() },
    { file: 'src/http/openapi.json', text: openApiText() },
    { file: 'src/http/reference.md', text: apiReference(ROUTES) },
    { file: 'src/meta/README.md', text: contractPage(read('src/meta/README.md')) },
    { file: 'README.md', text: withInteropMatrix(read('README.md'), read('test/interop/results.json')) },
    { file: 'src/media/one-way/causes.md', text: causesPage() },
    { file: 'src/call/README.md', text: callDiagramPage(read('src/call/README.md')) },
  ];
}

function openApiText(): string {
  return `${JSON.stringify(openApiOf(ROUTES, packageVersion()), undefined, 2)}\n`;
}

/** One row for every failure of the gateway. */
function codesPage(): string {
  const rows = Object.entries(CODES)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, { what, remedy }]) => `| \`${code}\` | ${what} | ${remedy} |`);
  return [
    '# Error codes',
    '',
    'Generated from the tables beside this file (`npm run docs`). Logs, records and commands name these codes.',
    '',
    '| code | what happened | what to do |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function read(file: string): string {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const check = process.argv.includes('--check');
const stale = pages().filter(({ file, text }) => read(file) !== text);
if (check) {
  for (const { file } of stale) console.error(`${file} is not what its source says. Remedy: npm run docs`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { file, text } of stale) {
    writeFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), text);
    console.log(`wrote ${file}`);
  }
}
