import { accessSync, constants, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { err, ok, type Result } from '../shared/result.ts';
import { adminChecks } from './admin-checks.ts';
import { crossChecks } from './cross-checks.ts';
import { explainAll } from './explain.ts';
import { FORMATS } from './formats.ts';
import { headerChecks } from './header-checks.ts';
import { type ConfigPath, type ConfigProblem, keyOf } from './problem.ts';
import { recordChecks } from './record-checks.ts';
import { resolveValues } from './resolve.ts';
import { routingChecks } from './routing-checks.ts';
import { CONFIG_SCHEMA, type GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';
import { soundChecks } from './sound-checks.ts';
import { storeChecks } from './store-checks.ts';
import { tlsChecks } from './tls-checks.ts';
import { readYaml } from './yaml-file.ts';

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false });
for (const [name, isOne] of Object.entries(FORMATS)) ajv.addFormat(name, isOne);
const validate = ajv.compile(CONFIG_SCHEMA);

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
};

/** Reads and checks a file. All problems at once, each with its line; none is fatal before the others are found. */
export function loadConfig(
  path: string,
  sources: SecretSources = ofThisMachine,
): Result<GatewayConfig, readonly ConfigProblem[]> {
  let text: string;
  try {
    text = sources.readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return err([
      {
        key: '',
        line: 0,
        column: 0,
        message: `the file cannot be read (${reason}).`,
        remedy: 'Check the path given with --config, and its permissions.',
      },
    ]);
  }
  return parseConfig(text, sources);
}

/** The same for a text: problems are sorted by their place in it. Never throws. */
export function parseConfig(
  text: string,
  sources: SecretSources,
): Result<GatewayConfig, readonly ConfigProblem[]> {
  const file = readYaml(text);
  if (!('placeOf' in file)) return err(sorted(file));
  const problems = new Map<string, ConfigProblem[]>();
  const report = (path: ConfigPath, found: { readonly message: string; readonly remedy: string }): void => {
    const key = keyOf(path);
    const { message, remedy } = found;
    problems.set(key, [...(problems.get(key) ?? []), { key, ...file.placeOf(path), message, remedy }]);
  };
  const value = resolveValues(file.value ?? {}, CONFIG_SCHEMA, sources, report);
  // What could not be taken from where it is said to be has no form to be checked.
  const unresolved = new Set(problems.keys());
  if (!validate(value)) {
    for (const found of explainAll(value, validate.errors ?? [])) {
      if (!unresolved.has(keyOf(found.path))) report(found.path, found);
    }
  }
  // References are checked only in something that has the right shape.
  if (problems.size === 0) {
    const config = value as GatewayConfig;
    for (const found of [
      ...crossChecks(config),
      ...headerChecks(config.trunks),
      ...routingChecks(config),
      ...tlsChecks(config, sources.readFile),
      ...adminChecks(config, sources.readFile),
      ...recordChecks(config),
      ...storeChecks(config, sources.folderProblem),
      ...soundChecks(config, sources.folderProblem),
    ])
      report(found.path, found);
  }
  return problems.size > 0 ? err(sorted([...problems.values()].flat())) : ok(value as GatewayConfig);
}

function sorted(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
