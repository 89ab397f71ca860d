import { CONFIG_NODE, DEFAULT_RELOAD, type ReloadKind, type SchemaNode } from './schema-node.ts';

/**
 * The JSON Schema for editors: what has a default is not required of the writer, and whatever has a form of its own
 * may be `${NAME}` as well.
 */
export function configJsonSchema(): string {
  return `${JSON.stringify(relaxed(CONFIG_NODE), null, 2)}\n`;
}

const FROM_ENVIRONMENT: SchemaNode = { type: 'string', pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$' };

function relaxed(node: SchemaNode): SchemaNode {
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
    'A reload (`msgw reload`, SIGHUP, `POST /reload`) takes up every key that says `yes` in its column, for calls that begin',
    'afterwards; the others wait for the next start, and the reply to the reload names them.',
    '',
    '| key | kind | default | reload | meaning |',
    '| --- | --- | --- | --- | --- |',
  ];
  walk(CONFIG_NODE, '', false, DEFAULT_RELOAD, lines);
  return `${lines.join('\n')}\n`;
}

function walk(
  node: SchemaNode,
  key: string,
  required: boolean,
  inherited: ReloadKind,
  lines: string[],
): void {
  const reload = node.reload ?? inherited;
  const owner = node.properties ? node : node.anyOf?.find((branch) => branch.properties);
  const isGroup = node.properties !== undefined;
  if (key && !(isGroup && !node.description)) {
    const fallback =
      node.default === undefined || isGroup
        ? required
          ? '**required**'
          : ''
        : `\`${JSON.stringify(node.default)}\``;
    const when = reload === 'live' ? 'yes' : '';
    lines.push(`| \`${key}\` | ${kindOf(node)} | ${fallback} | ${when} | ${node.description ?? ''} |`);
  }
  for (const [name, child] of Object.entries(owner?.properties ?? {})) {
    const needed = (owner?.required ?? []).includes(name) && child.default === undefined;
    walk(child, key ? `${key}.${name}` : name, needed, reload, lines);
  }
  for (const child of Object.values(node.patternProperties ?? {}))
    walk(child, `${key}.<name>`, false, reload, lines);
  if (node.items && (node.items.properties || node.items.items))
    walk(node.items, `${key}[]`, false, reload, lines);
}

function kindOf(node: SchemaNode): string {
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
