import type { ConfigPath } from './problem.ts';
import { childOf, type SchemaNode } from './schema-node.ts';
import { type Found, resolveText, type SecretSources } from './secrets.ts';

type Report = (path: ConfigPath, found: Found) => void;

/**
 * The value with everything in it that is `${NAME}` or `file:/path` put in, as a copy; follows the schema beside
 * it. Reports what cannot be had, and leaves it as it is written.
 */
export function resolveValues(
  value: unknown,
  schema: SchemaNode,
  sources: SecretSources,
  report: Report,
): unknown {
  return resolve(value, schema, [], sources, report);
}

function resolve(
  value: unknown,
  schema: SchemaNode | undefined,
  path: ConfigPath,
  sources: SecretSources,
  report: Report,
): unknown {
  if (typeof value === 'string') {
    const text = resolveText(value, schema?.secret === true, sources, (found) => report(path, found));
    return text === value ? value : typed(text, schema?.type);
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => resolve(item, schema?.items, [...path, i], sources, report));
  }
  if (typeof value !== 'object' || value === null) return value;
  const branch = schema?.anyOf?.find(({ properties }) => properties);
  const owner = branch ?? schema;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, resolve(item, childOf(owner, key), [...path, key], sources, report)] as const,
  );
  return { ...(branch ? defaultsOf(branch.properties ?? {}) : {}), ...Object.fromEntries(entries) };
}

/** The validator fills defaults in, but not inside a choice. */
function defaultsOf(properties: Readonly<Record<string, SchemaNode>>): object {
  const given = Object.entries(properties).filter(([, node]) => node.default !== undefined);
  return Object.fromEntries(given.map(([key, node]) => [key, node.default]));
}

/** The environment knows texts only. */
function typed(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^\d{1,15}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
