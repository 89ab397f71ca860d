import { isDeepStrictEqual } from 'node:util';
import type { GatewayConfig } from './schema.ts';
import { CONFIG_NODE, childOf, DEFAULT_RELOAD, type ReloadKind, type SchemaNode } from './schema-node.ts';

/** One difference between two configurations. */
export interface ConfigChange {
  /** `trunks.pbx.port`; an item of a list that has ids by its id: `meta.pages[102030405060708].route`. */
  readonly key: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** The next start takes it up, a reload does not. */
  readonly needsRestart: boolean;
  /** Before and after, where each is one value and no secret; absent where there was, or is, none. */
  readonly from?: Scalar;
  readonly to?: Scalar;
}

type Scalar = string | number | boolean;

/** What a reload does. */
export interface ReloadPlan {
  /** In the order of the schema. */
  readonly changes: readonly ConfigChange[];
  /** Keys of the changes that wait for the next start. */
  readonly needsRestart: readonly string[];
  /**
   * What is in effect after it: the new configuration, but for what waits. Parts that did not change are the very objects
   * of before, so that `===` tells who has to do something.
   */
  readonly config: GatewayConfig;
}

/** Pure. Both configurations passed every check; what is mixed of them may not, see `checkMixed`. */
export function planReload(before: GatewayConfig, after: GatewayConfig): ReloadPlan {
  const changes: ConfigChange[] = [];
  const config = merge(
    { node: CONFIG_NODE, key: '', reload: DEFAULT_RELOAD, changes },
    before,
    after,
  ) as GatewayConfig;
  return {
    changes,
    needsRestart: changes.filter(({ needsRestart }) => needsRestart).map(({ key }) => key),
    config,
  };
}

interface At {
  readonly node: SchemaNode | undefined;
  readonly key: string;
  readonly reload: ReloadKind;
  readonly changes: ConfigChange[];
}

/** What is to be in effect of the two; notes every difference on its way. */
function merge(at: At, before: unknown, after: unknown): unknown {
  if (isDeepStrictEqual(before, after)) return before;
  // One of several forms is taken or left as a whole.
  if (at.node?.anyOf === undefined) {
    if (isGroup(before) && isGroup(after)) return mergeGroups(at, before, after);
    if (Array.isArray(before) && Array.isArray(after)) {
      const { identity } = at.node ?? {};
      if (identity !== undefined) return mergeNamed(at, identity, before, after);
      if (before.length === after.length && after.every(isGroup)) {
        return unlessSame(
          before,
          after.map((item, i) => merge(below(at, at.node?.items, `[${i}]`), before[i], item)),
        );
      }
    }
  }
  note(at, before, after);
  return at.reload === 'live' ? after : before;
}

function mergeGroups(at: At, before: Group, after: Group): Group {
  const keys = new Set([...Object.keys(after), ...Object.keys(before)]);
  const known = Object.keys(at.node?.properties ?? {});
  const ordered = [
    ...known.filter((key) => keys.has(key)),
    ...[...keys].filter((key) => !known.includes(key)),
  ];
  const merged = ordered.flatMap((key) => {
    const here = below(at, childOf(at.node, key), at.key === '' ? key : `.${key}`);
    const [had, has] = [Object.hasOwn(before, key), Object.hasOwn(after, key)];
    if (had && has) return [[key, merge(here, before[key], after[key])] as const];
    note(here, before[key], after[key]);
    return kept(here, has) ? [[key, has ? after[key] : before[key]] as const] : [];
  });
  const isSame =
    merged.length === Object.keys(before).length && merged.every(([key, value]) => value === before[key]);
  return isSame ? before : Object.fromEntries(merged);
}

/** Items of a list that have an id: their order says nothing. */
function mergeNamed(
  at: At,
  identity: string,
  before: readonly unknown[],
  after: readonly unknown[],
): unknown {
  const idOf = (item: unknown): string => (isGroup(item) ? String(item[identity]) : '');
  const here = (id: string): At => below(at, at.node?.items, `[${id}]`);
  const merged = after.flatMap((item) => {
    const id = idOf(item);
    const old = before.find((each) => idOf(each) === id);
    if (old !== undefined) return [merge(here(id), old, item)];
    note(here(id), undefined, item);
    return kept(here(id), true) ? [item] : [];
  });
  const gone = before.filter((item) => !after.some((each) => idOf(each) === idOf(item)));
  for (const item of gone) note(here(idOf(item)), item, undefined);
  const all = [...merged, ...gone.filter((item) => kept(here(idOf(item)), false))];
  return unlessSame(before, all);
}

const unlessSame = (before: readonly unknown[], merged: readonly unknown[]): readonly unknown[] =>
  merged.length === before.length && merged.every((item, i) => item === before[i]) ? before : merged;

/** Whether something that came (or went) is there afterwards. */
const kept = ({ reload }: At, came: boolean): boolean => (reload === 'live') === came;

function note({ node, key, reload, changes }: At, before: unknown, after: unknown): void {
  const isTold = node?.secret !== true;
  changes.push({
    key,
    kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    needsRestart: reload === 'restart',
    ...(isTold && isScalar(before) ? { from: before } : {}),
    ...(isTold && isScalar(after) ? { to: after } : {}),
  });
}

const below = (at: At, node: SchemaNode | undefined, step: string): At => ({
  node,
  key: `${at.key}${step}`,
  reload: node?.reload ?? at.reload,
  changes: at.changes,
});

type Group = Readonly<Record<string, unknown>>;

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** One line of a plan: `trunks.pbx.port: 5060 -> 5080`, `routes.night: added`. */
export function formatChange({ key, kind, from, to, needsRestart }: ConfigChange): string {
  const values = from === undefined && to === undefined ? '' : ` ${shown(from)} -> ${shown(to)}`;
  const what = kind === 'changed' && values !== '' ? values : ` ${kind}${values}`;
  return `${key}:${what}${needsRestart ? ' (needs a restart)' : ''}`;
}

const shown = (value: Scalar | undefined): string => (value === undefined ? 'none' : String(value));
