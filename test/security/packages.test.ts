import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PERMITTED, sbomProblems } from './sbom.ts';

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;
const manifest = read('package.json');
const packages = Object.entries(read('package-lock.json')['packages'] as Record<string, Entry>).filter(
  ([path]) => path !== '',
);
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

it('no package runs anything when it is installed, but those that were looked at', () => {
  const running = packages
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => nameOf(path));
  expect(new Set(running)).toEqual(new Set(Object.keys(manifest['allowScripts'] as object)));
});

it('every package is of the registry, and its bytes are pinned', () => {
  const loose = packages.filter(
    ([, { resolved, integrity }]) =>
      (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) ||
      !integrity?.startsWith('sha512-'),
  );
  expect(loose.map(([path]) => path)).toEqual([]);
});

it('what runs is pinned to one version each', () => {
  const { dependencies, devDependencies } = manifest as Record<string, Record<string, string>>;
  const ranges = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(ranges).toEqual([]);
});

const component = (more: object) => ({ name: 'a', version: '1.0.0', ...more });
it.each([
  [{ licenses: [{ license: { id: 'MIT' } }] }, []],
  [{ licenses: [{ expression: '(MIT OR Apache-2.0)' }] }, []],
  [{ licenses: [{ expression: '(MIT AND GPL-3.0-only)' }] }, ['a@1.0.0: GPL-3.0-only']],
  [{ licenses: [{ license: { id: 'GPL-3.0-only' } }] }, ['a@1.0.0: GPL-3.0-only']],
  [{ licenses: [{ license: { name: 'SEE LICENSE' } }] }, ['a@1.0.0: SEE LICENSE']],
  [{}, ['a@1.0.0: no licence']],
])('a bill with %j: %j', (more, problems) => {
  expect(sbomProblems({ components: [component(more)] }, ['a@1.0.0'])).toEqual(problems);
});

it('a bill that leaves a package out is none', () => {
  expect(sbomProblems({ components: [] }, ['a@1.0.0'])).toEqual(['a@1.0.0: not in the bill']);
  expect(PERMITTED).toContain('MIT');
});
