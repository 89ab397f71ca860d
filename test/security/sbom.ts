// The bill of materials of what runs: `npm run sbom` writes dist/sbom.cdx.json (CycloneDX) and fails when a package
// is missing in it or has a licence that is not permitted.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Licences under which packages may be shipped beside MIT code (SPDX ids). MPL-2.0 binds its own files only. */
export const PERMITTED: readonly string[] = [
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'],
  ...['BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'MPL-2.0'],
];
/** Packages that name no licence in their package.json, read by eye: readme and LICENSE say which. */
const READ: Readonly<Record<string, string>> = { 'only@0.0.2': 'MIT' };

interface Licence {
  readonly license?: { readonly id?: string; readonly name?: string };
  readonly expression?: string;
}
interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly licenses?: readonly Licence[];
  readonly 'bom-ref'?: string;
}
interface Bill {
  readonly components: readonly Component[];
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

const nameOf = ({ group, name, version }: Component): string =>
  `${group !== undefined && !name.startsWith('@') ? `${group}/` : ''}${name}@${version}`;

/** What is wrong with a bill. @param wanted `name@version` of all that must be in it */
export function sbomProblems(bill: Pick<Bill, 'components'>, wanted: readonly string[]): string[] {
  const named = new Set(bill.components.map(nameOf));
  return [
    ...wanted.filter((each) => !named.has(each)).map((each) => `${each}: not in the bill`),
    ...bill.components.flatMap((each) => badLicences(each).map((licence) => `${nameOf(each)}: ${licence}`)),
  ];
}

function badLicences(component: Component): string[] {
  const { licenses = [] } = component;
  if (licenses.length > 0) return licenses.flatMap(unfit);
  return nameOf(component) in READ ? [] : ['no licence'];
}

/** Names in a licence that are not permitted; of alternatives one is enough. */
function unfit({ license, expression }: Licence): string[] {
  if (expression === undefined) {
    const said = license?.id ?? license?.name ?? 'no licence';
    return PERMITTED.includes(said) ? [] : [said];
  }
  const parts = expression.replace(/[()]/g, '').split(/\s+AND\s+/);
  return parts.flatMap((part) => {
    const choices = part.trim().split(/\s+OR\s+/);
    return choices.some((choice) => PERMITTED.includes(choice)) ? [] : choices;
  });
}

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
}

/** `name@version` of the packages that run, and of those among them that every installation has. */
export function runtimeOf(lock: string): {
  readonly all: readonly string[];
  readonly always: readonly string[];
} {
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, Locked>> };
  const runs = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  const named = ([path, { version }]: readonly [string, Locked]): string =>
    `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`;
  const always = runs.filter(([, { devOptional, optional, peer }]) => !devOptional && !optional && !peer);
  return { all: runs.map(named), always: always.map(named) };
}

/** `--omit dev` of npm leaves out what tools need too (yaml, split2): the whole is taken, and cut by the lock file. */
function main(): number {
  const words = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--loglevel', 'error'];
  const npm = spawnSync('npm', words, { encoding: 'utf8', maxBuffer: 64_000_000 });
  if (npm.status !== 0) {
    console.error(npm.stderr || String(npm.error));
    return 1;
  }
  const whole = JSON.parse(npm.stdout) as Bill;
  const { all, always } = runtimeOf(readFileSync('package-lock.json', 'utf8'));
  const components = whole.components.filter((each) => all.includes(nameOf(each)));
  const kept = new Set([...components.map((each) => each['bom-ref']), whole.metadata.component['bom-ref']]);
  const dependencies = whole.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
  const bill = { ...whole, components, dependencies };
  const problems = sbomProblems(bill, always);
  for (const problem of problems) console.error(problem);
  mkdirSync('dist', { recursive: true });
  writeFileSync('dist/sbom.cdx.json', `${JSON.stringify(bill, undefined, 2)}\n`);
  console.log(`dist/sbom.cdx.json: ${components.length} packages, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main();
