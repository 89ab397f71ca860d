import { CONFIG_SCHEMA } from './schema.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly secret?: boolean;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/**
 * The JSON Schema for editors: what has a default is not required of the writer, and whatever has a form of its own
 * may be `${NAME}` as well.
 */
export function configJsonSchema(): string {
  return `${JSON.stringify(relaxed(CONFIG_SCHEMA as unknown as Node), null, 2)}\n`;
}

const FROM_ENVIRONMENT: Node = { type: 'string', pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$' };

function relaxed(node: Node): Node {
  const { description, default: fallback, ...form } = node;
  const hasForm = node.enum || node.pattern || node.type === 'integer' || node.type === 'boolean';
  if (hasForm) {
    return {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      anyOf: [form, FROM_ENVIRONMENT],
    };
  }
  const properties = mapValues(node.properties, relaxed);
  const required = node.required?.filter((key) => node.properties?.[key]?.default === undefined);
  return {
    ...node,
    ...(properties ? { properties } : {}),
    ...(node.patternProperties
      ? { patternProperties: mapValues(node.patternProperties, relaxed) ?? {} }
      : {}),
    ...(node.items ? { items: relaxed(node.items) } : {}),
    ...(node.anyOf ? { anyOf: node.anyOf.map(relaxed) } : {}),
    ...(required ? { required } : {}),
  };
}

/** The reference page. */
export function configReference(): string {
  const lines = [
    '# Configuration reference',
    '',
    'Generated from `src/config/schema.ts` (`npm run docs`). Any value may be `${NAME}`, taken from the environment;',
    'secrets must be `${NAME}` or `file:/path`. Unknown keys are errors. `example.yaml` is a file to begin with.',
    '',
    '| key | kind | default | meaning |',
    '| --- | --- | --- | --- |',
  ];
  walk(CONFIG_SCHEMA as unknown as Node, '', false, lines);
  return `${lines.join('\n')}\n`;
}

function walk(node: Node, key: string, required: boolean, lines: string[]): void {
  const properties = node.properties ?? node.anyOf?.find((branch) => branch.properties)?.properties;
  const isGroup = node.properties !== undefined;
  if (key && !(isGroup && !node.description)) {
    const fallback =
      node.default === undefined || isGroup
        ? required
          ? '**required**'
          : ''
        : `\`${JSON.stringify(node.default)}\``;
    lines.push(`| \`${key}\` | ${kindOf(node)} | ${fallback} | ${node.description ?? ''} |`);
  }
  const owner = node.properties ? node : node.anyOf?.find((branch) => branch.properties);
  for (const [name, child] of Object.entries(properties ?? {})) {
    const needed = (owner?.required ?? []).includes(name) && child.default === undefined;
    walk(child, key ? `${key}.${name}` : name, needed, lines);
  }
  for (const child of Object.values(node.patternProperties ?? {})) walk(child, `${key}.<name>`, false, lines);
  if (node.items && (node.items.properties || node.items.items)) walk(node.items, `${key}[]`, false, lines);
}

function kindOf(node: Node): string {
  if (node.secret) return 'secret';
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.anyOf) return 'choice';
  if (node.type === 'integer') {
    return node.minimum === undefined ? 'number' : `${node.minimum} to ${node.maximum}`;
  }
  if (node.type === 'array') {
    const items = node.items?.enum;
    return items ? `list of ${items.map((value) => `\`${String(value)}\``).join(', ')}` : 'list';
  }
  if (node.type === 'boolean') return '`true`, `false`';
  return node.type === 'object' ? 'group' : 'text';
}

function mapValues<T>(
  record: Readonly<Record<string, T>> | undefined,
  map: (value: T) => T,
): Record<string, T> | undefined {
  return record && Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
