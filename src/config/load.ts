import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../shared/result.ts';
import { adminChecks } from './admin-checks.ts';
import { crossChecks } from './cross-checks.ts';
import { openKeyFiles, writableByAll } from './file-mode.ts';
import type { Found } from './found.ts';
import { headerChecks } from './header-checks.ts';
import { type ConfigPath, type ConfigProblem, keyOf } from './problem.ts';
import { recordChecks } from './record-checks.ts';
import { routingChecks } from './routing-checks.ts';
import type { GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';
import { type Shape, shapeOf } from './shape.ts';
import { soundChecks } from './sound-checks.ts';
import { storeChecks } from './store-checks.ts';
import { tlsChecks } from './tls-checks.ts';
import { type ConfigWarning, foundWarnings } from './warnings.ts';
import { type Place, readYaml, type YamlFile } from './yaml-file.ts';

export const ofThisMachine: SecretSources = {
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
const NOTHING = { warnings: [], placeOf: NOWHERE };

/** Reads and checks a file. All problems at once, each with its line; none is fatal before the others are found. */
export function loadConfig(path: string, sources: SecretSources = ofThisMachine): LoadedConfig {
  const text = readText(path, sources);
  return text.ok ? parseConfig(text.value, { ...sources, file: path }) : { ...err([text.error]), ...NOTHING };
}

/** The text of the file, or why there is none. */
export function readText(
  path: string,
  { readFile }: Pick<SecretSources, 'readFile'>,
): Result<string, ConfigProblem> {
  try {
    return ok(readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the file cannot be read (${reason}).`;
    const remedy = 'Check the path given with --config, and its permissions.';
    return err({ key: '', ...NOWHERE(), message, remedy });
  }
}

/** The same for a text. Never throws. */
export function parseConfig(text: string, sources: SecretSources): LoadedConfig {
  const file = readYaml(text);
  if (!('placeOf' in file)) return { ...err(sorted(file)), ...NOTHING };
  const { value, found, ...shape } = examine(file.value, sources);
  const open = sources.file === undefined ? undefined : writableByAll(sources.file, sources.modeOf);
  const warnings = [...(open ? [{ path: [], ...open }] : []), ...shape.warnings];
  const placed = (all: readonly Found[]): readonly ConfigProblem[] => sorted(withPlaces(file, all));
  const { placeOf } = file;
  if (found.length > 0) return { ...err(placed(found)), warnings: placed(warnings), placeOf };
  const config = value as GatewayConfig;
  const told = [...warnings, ...foundWarnings(config), ...openKeyFiles(config, sources.modeOf)];
  return { ...ok(config), warnings: placed(told), placeOf };
}

/** All that can be said of a configuration. @param raw what the YAML says */
function examine(raw: unknown, sources: SecretSources): Shape {
  const shape = shapeOf(raw ?? {}, {}, sources);
  // References are checked only in something that has the right form, as one may that lacks secrets or names.
  if (!shape.hasForm) return shape;
  const config = shape.value as GatewayConfig;
  const told = [...pureChecks(config, sources), ...machineChecks(config, sources)];
  const more = told.filter(({ path }) => !shape.unresolved.has(keyOf(path)));
  return { ...shape, found: [...shape.found, ...more] };
}

/** What files and folders it needs, and whether each is there and is one thing. */
export const machineChecks = (config: GatewayConfig, sources: SecretSources): Found[] => [
  ...tlsChecks(config, sources.readFile),
  ...adminChecks(config, sources.readFile),
  ...recordChecks(config),
  ...storeChecks(config, sources.folderProblem),
];

export function withPlaces(
  { placeOf }: Pick<YamlFile, 'placeOf'>,
  found: readonly Found[],
): readonly ConfigProblem[] {
  return found.map(({ path, message, remedy }) => ({ key: keyOf(path), ...placeOf(path), message, remedy }));
}

/** What of the configuration alone can be told. */
export const pureChecks = (
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

export function sorted<T extends { readonly line: number; readonly column: number }>(
  found: readonly T[],
): readonly T[] {
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
