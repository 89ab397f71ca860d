import { RECORD_SCHEMA } from './record-schema.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
}

/** `config/records.schema.json` */
export const recordJsonSchema = (): string => `${JSON.stringify(RECORD_SCHEMA, null, 2)}\n`;

/** `config/records.md` */
export function recordReference(): string {
  const lines = [
    '# Call records',
    '',
    'Generated from `src/call/record.ts` and `src/gateway/record-schema.ts` (`npm run docs`); as JSON Schema:',
    '`records.schema.json`. Every call has one record, in every place that `records` of the configuration names. In SQLite and',
    'PostgreSQL it is the column `record`, and what is asked for most has columns of its own (`call_id` is the key,',
    '`started_at_ms` and `ended_at_ms`, in PostgreSQL `started_at` and `ended_at`, are its first and last milestone). The webhook',
    'posts `{"type":"call.ended","timestamp":"...","data":RECORD}`, signed as Standard Webhooks 1.0 says (`webhook-id`,',
    '`webhook-timestamp`, `webhook-signature`); a delivery that comes again has the same `webhook-id`.',
    '',
    '| key | kind | always | meaning |',
    '| --- | --- | --- | --- |',
  ];
  walk(RECORD_SCHEMA as unknown as Node, '', true, lines);
  return `${lines.join('\n')}\n`;
}

function walk(node: Node, key: string, isAlways: boolean, lines: string[]): void {
  if (key !== '' && node.description !== undefined)
    lines.push(`| \`${key}\` | ${kindOf(node)} | ${isAlways ? 'yes' : ''} | ${node.description} |`);
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const path = key === '' ? name : `${key}.${name}`;
    // Both legs have the same keys.
    if (path.startsWith('media.phone.')) continue;
    walk(child, path, (node.required ?? []).includes(name), lines);
  }
  if (node.items) walk(node.items, `${key}[]`, true, lines);
}

function kindOf(node: Node): string {
  if (node.enum) return node.enum.map((each) => `\`${each}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.type === 'array') return 'list';
  if (node.type === 'object') return 'group';
  if (node.type === 'boolean') return '`true`, `false`';
  return node.type === 'string' ? 'text' : 'number';
}
