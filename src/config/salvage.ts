import type { Found } from './found.ts';
import { machineChecks, ofThisMachine, pureChecks, readText } from './load.ts';
import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import { CONFIG_NODE, childOf, type SchemaNode } from './schema-node.ts';
import type { SecretSources } from './secrets.ts';
import { misshapen, shapeOf } from './shape.ts';
import { readYaml } from './yaml-file.ts';

/** What is left of a configuration that has problems. */
export interface Salvage {
  /** Of the right shape; where something was amiss there is a default, or nothing. */
  readonly config: GatewayConfig;
  readonly amiss: readonly Amiss[];
}

/** Something that has a problem, and may have been taken out: nobody knows what it was meant to be. */
export interface Amiss {
  /** As in the file: `['meta', 'pages', 0]`. */
  readonly path: ConfigPath;
  /** The id of an item that has one. */
  readonly id?: string;
}

/** What must be there, when nothing of it can be kept. */
const NOTHING_KEPT: readonly (readonly [ConfigPath, () => unknown])[] = [
  [['meta'], () => ({ apps: [] })],
  [['meta', 'apps'], () => []],
  [['trunks'], () => ({})],
  [['routes'], () => ({})],
];

/** That of recordings, which is looked at with the names of sounds. */
const FOLDER: ConfigPath = ['recording', 'directory'];

/** Taking one thing out may leave another without what it names. */
const MOST_ROUNDS = 8;

/**
 * For whoever looks at a configuration that no gateway would start with: whatever has not the right form, or names a file
 * that cannot be used, is taken out, the smallest thing that can be. undefined: no end was found.
 */
export function salvageConfig(path: string, sources: SecretSources = ofThisMachine): Salvage | undefined {
  const text = readText(path, sources);
  const file = text.ok ? readYaml(text.value) : undefined;
  if (!file || !('placeOf' in file)) return nothingOf(sources);
  const { value, found } = shapeOf(file.value ?? {}, {}, sources);
  if (!isGroup(value) || Array.isArray(value)) return nothingOf(sources);
  return salvaged(structuredClone(value), found, sources);
}

/** The defaults, none of which is to be relied on. */
function nothingOf(sources: SecretSources): Salvage | undefined {
  const rest = salvaged({}, [], sources);
  return rest && { ...rest, amiss: [{ path: [] }] };
}

function salvaged(value: Group, problems: readonly Found[], sources: SecretSources): Salvage | undefined {
  const amiss = new Map<string, Amiss>();
  const tell = (path: ConfigPath): void => {
    const id = idOf(value, path);
    amiss.set(JSON.stringify(path), { path, ...(id === undefined ? {} : { id }) });
  };
  let found = problems;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const cuts = new Map<string, ConfigPath>();
    for (const { path } of found) {
      const { cut, told } = cutFor(path, value);
      tell(told);
      cuts.set(JSON.stringify(cut), cut);
    }
    for (const cut of [...cuts.values()].toSorted(backwards)) takeOut(value, cut);
    found = misshapen(value).filter(({ path }) => !isEmptyList(value, path));
    if (found.length > 0) continue;
    const config = value as unknown as GatewayConfig;
    const told = pureChecks(config, sources);
    found = [...machineChecks(config, sources), ...told.filter(({ path }) => isSame(path, FOLDER))].filter(
      ({ path }) => ![...amiss.values()].some((known) => isOfOneItem(known.path, path)),
    );
    if (found.length > 0) continue;
    // Names of nothing, and numbers that do not fit, keep nobody from looking at the rest.
    for (const { path } of told) tell(path);
    return { config, amiss: [...amiss.values()] };
  }
  return undefined;
}

type Group = Record<string | number, unknown>;

const isGroup = (value: unknown): value is Group => typeof value === 'object' && value !== null;

/** What is taken out for a problem at `path`, and what must not be relied on then. */
function cutFor(path: ConfigPath, value: Group): { readonly cut: ConfigPath; readonly told: ConfigPath } {
  const unknownAt = path.findIndex((part, i) => {
    const node = groupOf(nodeAt(path.slice(0, i)));
    return typeof part === 'string' && node !== undefined && childOf(node, part) === undefined;
  });
  if (unknownAt >= 0) {
    const cut = path.slice(0, unknownAt + 1);
    // Of the group any key may have been meant; at the top nobody reads it.
    return { cut, told: unknownAt === 0 ? cut : cut.slice(0, -1) };
  }
  for (let length = path.length; length > 0; length--) {
    const cut = path.slice(0, length);
    const isThere = length === 1 || isGroup(at(value, cut.slice(0, -1)));
    if (isThere && mayGo(cut)) return { cut, told: cut };
  }
  return { cut: path.slice(0, 1), told: path.slice(0, 1) };
}

/** Whether the schema does without it. */
function mayGo(path: ConfigPath): boolean {
  const last = path.at(-1);
  if (typeof last === 'number' || NOTHING_KEPT.some(([each]) => isSame(each, path))) return true;
  const parent = groupOf(nodeAt(path.slice(0, -1)));
  const isNamed = Object.hasOwn(parent?.properties ?? {}, String(last));
  if (!isNamed) return true;
  return !parent?.required?.includes(String(last)) || nodeAt(path)?.default !== undefined;
}

function nodeAt(path: ConfigPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = CONFIG_NODE;
  for (const part of path) {
    const owner = groupOf(node);
    node = typeof part === 'number' ? owner?.items : childOf(owner, part);
  }
  return node;
}

/** Of a choice the form that has keys. */
const groupOf = (node: SchemaNode | undefined): SchemaNode | undefined =>
  node?.anyOf?.find(({ properties, items }) => properties ?? items) ?? node;

function at(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((found, part) => (isGroup(found) ? found[part] : undefined), value);
}

function takeOut(value: Group, path: ConfigPath): void {
  const parent = at(value, path.slice(0, -1));
  const last = path.at(-1);
  const stub = NOTHING_KEPT.find(([each]) => isSame(each, path))?.[1];
  if (Array.isArray(parent) && typeof last === 'number') parent.splice(last, 1);
  else if (isGroup(parent) && last !== undefined) {
    if (stub) parent[last] = stub();
    else delete parent[last];
  }
}

/** That of apps may be: then there is nobody to be asked. */
const isEmptyList = (value: Group, path: ConfigPath): boolean =>
  isSame(path, ['meta', 'apps']) && Array.isArray(at(value, path));

/** Of the item of a list that the path leads through. */
function idOf(value: Group, path: ConfigPath): string | undefined {
  const index = path.findIndex((part) => typeof part === 'number');
  const item = index < 0 ? undefined : at(value, path.slice(0, index + 1));
  return isGroup(item) && typeof item['id'] === 'string' ? item['id'] : undefined;
}

/** Or one and the same: what was taken out of an item may leave it without what it needs. */
function isOfOneItem(known: ConfigPath, path: ConfigPath): boolean {
  const index = path.findIndex((part) => typeof part === 'number');
  const shared = index < 0 ? path : path.slice(0, index + 1);
  return known.length >= shared.length && shared.every((part, i) => part === known[i]);
}

const isSame = (a: ConfigPath, b: ConfigPath): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);

/** Items of one list from the last to the first, and what is in something before it. */
function backwards(a: ConfigPath, b: ConfigPath): number {
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (other === undefined) return -1;
    if (typeof part === 'number' && typeof other === 'number' && part !== other) return other - part;
    if (part !== other) return String(part) < String(other) ? -1 : 1;
  }
  return b.length - a.length;
}
