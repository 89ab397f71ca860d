import { CONFIG_SCHEMA } from './schema.ts';

/** Whether a key is taken up by a reload, or by the next start only. */
export type ReloadKind = 'live' | 'restart';

/** The schema as data: what its readers (reference page, secrets, reload) look at. All of it is there or not. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly secret?: boolean;
  /** Of this key and those below it that say nothing else; the root says `restart`. */
  readonly reload?: ReloadKind;
  /** Of a list: the key by which its items are told apart. */
  readonly identity?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** A key that nobody said anything of is left to the next start: what is not applied must not look so. */
export const DEFAULT_RELOAD: ReloadKind = 'restart';

const whole: object = CONFIG_SCHEMA;
export const CONFIG_NODE: SchemaNode = whole;

/** A key of a group, or an entry of one whose names are the operator's. */
export function childOf(node: SchemaNode | undefined, key: string): SchemaNode | undefined {
  const { properties = {}, patternProperties = {} } = node ?? {};
  return Object.hasOwn(properties, key) ? properties[key] : Object.values(patternProperties)[0];
}

/** Where keys are known, by name: `maxCalls` is of `limits` and of `trunks.<name>`. */
export function keyPlaces(root: SchemaNode): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  const walk = (node: SchemaNode, at: string): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      places.set(key, [...(places.get(key) ?? []), at]);
      walk(child, at === '' ? key : `${at}.${key}`);
    }
    for (const child of Object.values(node.patternProperties ?? {})) walk(child, `${at}.<name>`);
    for (const child of node.anyOf ?? []) walk(child, at);
    if (node.items) walk(node.items, `${at}[]`);
  };
  walk(root, '');
  return places;
}
