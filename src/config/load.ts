import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { err, ok, type Result } from '../shared/result.ts';
import { adminChecks } from './admin-checks.ts';
import { crossChecks, type Found } from './cross-checks.ts';
import { explainAll } from './explain.ts';
import { FORMATS } from './formats.ts';
import { headerChecks } from './header-checks.ts';
import { type ConfigPath, type ConfigProblem, keyOf } from './problem.ts';
import { recordChecks } from './record-checks.ts';
import { resolveValues } from './resolve.ts';
import { routingChecks } from './routing-checks.ts';
import { CONFIG_SCHEMA, type GatewayConfig } from './schema.ts';
import { CONFIG_NODE, keyPlaces } from './schema-node.ts';
import type { SecretSources } from './secrets.ts';
import { soundChecks } from './sound-checks.ts';
import { storeChecks } from './store-checks.ts';
import { tlsChecks } from './tls-checks.ts';
import { type ConfigWarning, foundWarnings } from './warnings.ts';
import { type Place, readYaml } from './yaml-file.ts';

let compiled: ValidateFunction | undefined;

/** Compiled by the first who reads a configuration: that costs a third of a second, which others need not wait for. */
function validator(): ValidateFunction {
  if (compiled) return compiled;
  // Optimizing the code takes longer than all that is ever checked with it.
  const code = { optimize: false };
  const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false, code });
  for (const [name, isOne] of Object.entries(FORMATS)) ajv.addFormat(name, isOne);
  compiled = ajv.compile(CONFIG_SCHEMA);
  return compiled;
}

const KEY_PLACES = keyPlaces(CONFIG_NODE);

const ofThisMachine: SecretSources = {
  env: process.env,
  readFile: (file) => readFileSync(file, 'utf8'),
  folderProblem: (folder) => {
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  // Windows has none that would say anything.
  modeOf: (file) => (process.platform === 'win32' ? undefined : statSync(file).mode),
};

/** A configuration or what is wrong with it; and what may be meant otherwise, which stops nothing. In the order of the file. */
export type LoadedConfig = Result<GatewayConfig, readonly ConfigProblem[]> & {
  readonly warnings: readonly ConfigWarning[];
  /** Where a key is in the file, or the nearest one above it; line 0 where there is no file that could be read. */
  readonly placeOf: (path: ConfigPath) => Place;
};

const NOWHERE = (): Place => ({ line: 0, column: 0 });

/** Reads and checks a file. All problems at once, each with its line; none is fatal before the others are found. */
export function loadConfig(path: string, sources: SecretSources = ofThisMachine): LoadedConfig {
  let text: string;
  try {
    text = sources.readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the file cannot be read (${reason}).`;
    const remedy = 'Check the path given with --config, and its permissions.';
    return { ...err([{ key: '', ...NOWHERE(), message, remedy }]), warnings: [], placeOf: NOWHERE };
  }
  return parseConfig(text, sources);
}

/** The same for a text. Never throws. */
export function parseConfig(text: string, sources: SecretSources): LoadedConfig {
  const file = readYaml(text);
  if (!('placeOf' in file)) return { ...err(sorted(file)), warnings: [], placeOf: NOWHERE };
  const { placeOf } = file;
  const problems = new Map<string, ConfigProblem[]>();
  const warnings: ConfigProblem[] = [];
  const report = (
    path: ConfigPath,
    { message, remedy, isWarning = false }: { message: string; remedy: string; isWarning?: boolean },
  ): void => {
    const key = keyOf(path);
    const found = { key, ...placeOf(path), message, remedy };
    if (isWarning) warnings.push(found);
    else problems.set(key, [...(problems.get(key) ?? []), found]);
  };
  const value = resolveValues(file.value ?? {}, CONFIG_NODE, sources, report);
  // What could not be taken from where it is said to be has no form to be checked.
  const unresolved = new Set(problems.keys());
  const validate = validator();
  if (!validate(value)) {
    for (const found of explainAll(value, validate.errors ?? [], KEY_PLACES)) {
      if (!unresolved.has(keyOf(found.path))) report(found.path, found);
    }
  }
  // References are checked only in something that has the right shape.
  if (problems.size === 0) {
    const config = value as GatewayConfig;
    for (const found of [
      ...pureChecks(config, sources),
      ...tlsChecks(config, sources.readFile),
      ...adminChecks(config, sources.readFile),
      ...recordChecks(config),
      ...storeChecks(config, sources.folderProblem),
    ])
      report(found.path, found);
  }
  if (problems.size > 0)
    return { ...err(sorted([...problems.values()].flat())), warnings: sorted(warnings), placeOf };
  for (const { path, ...found } of foundWarnings(value as GatewayConfig))
    report(path, { ...found, isWarning: true });
  return { ...ok(value as GatewayConfig), warnings: sorted(warnings), placeOf };
}

/** What of the configuration alone can be told. */
const pureChecks = (
  config: GatewayConfig,
  { folderProblem }: Pick<SecretSources, 'folderProblem'>,
): Found[] => [
  ...crossChecks(config),
  ...headerChecks(config.trunks),
  ...routingChecks(config),
  ...soundChecks(config, folderProblem),
];

/**
 * What keeps a mix of two configurations, each of which is right, from being one: a new trunk may need a listener that
 * only the next start opens. No lines: no file says it.
 */
export function checkMixed(
  config: GatewayConfig,
  { readFile }: Pick<SecretSources, 'readFile'> = ofThisMachine,
): readonly ConfigProblem[] {
  return [...pureChecks(config, {}), ...adminChecks(config, readFile)].map(({ path, message, remedy }) => ({
    key: keyOf(path),
    ...NOWHERE(),
    message,
    remedy,
  }));
}

function sorted<T extends { readonly line: number; readonly column: number }>(
  found: readonly T[],
): readonly T[] {
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
