import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, isCollection, isMap, isNode, LineCounter, type Node, parseDocument } from 'yaml';
import { err, ok, type Result } from '../shared/result.ts';
import { crossChecks } from './cross-checks.ts';
import { type ConfigProblem, suggestion } from './problem.ts';
import { CONFIG_SCHEMA, type GatewayConfig } from './schema.ts';
import { keyOf, resolveText, type SecretSources } from './secrets.ts';

type Path = (string | number)[];
interface SchemaNode {
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false });
ajv.addFormat('ip', (value: string) => isIP(value) !== 0);
ajv.addFormat('cidr', isCidr);
const validate = ajv.compile(CONFIG_SCHEMA);

/** Reads and checks a file. All problems at once, each with its line; none is fatal before the others are found. */
export function loadConfig(
  path: string,
  sources: SecretSources = { env: process.env, readFile: (file) => readFileSync(file, 'utf8') },
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

export function parseConfig(
  text: string,
  sources: SecretSources,
): Result<GatewayConfig, readonly ConfigProblem[]> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  if (document.errors.length > 0) {
    return err(
      document.errors.map((error) => ({
        key: '',
        line: counter.linePos(error.pos[0]).line,
        column: counter.linePos(error.pos[0]).col,
        message: `this is no YAML: ${error.message}.`,
        remedy: 'Mend the line; indentation and quotes are the usual causes.',
      })),
    );
  }
  const problems: ConfigProblem[] = [];
  const report = (path: Path, message: string, remedy: string): void => {
    problems.push({ key: keyOf(path), ...placeOf(document, path, counter), message, remedy });
  };
  const value = resolve(
    document.toJS() ?? {},
    CONFIG_SCHEMA as SchemaNode,
    [],
    (path, found) => report(path, found.message, found.remedy),
    sources,
  );
  if (!validate(value)) {
    for (const error of relevant(validate.errors ?? [])) {
      const { path, message, remedy } = explain(error);
      report(path, message, remedy);
    }
  }
  // References are checked only in something that has the right shape.
  if (problems.length === 0) {
    for (const { path, message, remedy } of crossChecks(value as GatewayConfig))
      report(path, message, remedy);
  }
  if (problems.length > 0) return err(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  return ok(value as GatewayConfig);
}

/** Follows the schema beside the value, so that it is known which texts are secrets. */
function resolve(
  value: unknown,
  schema: SchemaNode | undefined,
  path: Path,
  report: (path: Path, found: { message: string; remedy: string }) => void,
  sources: SecretSources,
): unknown {
  if (typeof value === 'string') {
    return resolveText(value, schema?.secret === true, sources, (found) => report(path, found));
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => resolve(item, schema?.items, [...path, i], report, sources));
  }
  if (typeof value !== 'object' || value === null) return value;
  const shape =
    schema?.properties || schema?.patternProperties ? schema : schema?.anyOf?.find((s) => s.properties);
  const [pattern] = Object.values(shape?.patternProperties ?? {});
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      resolve(item, shape?.properties?.[key] ?? pattern, [...path, key], report, sources),
    ]),
  );
}

/** `anyOf` reports every branch and itself; one line is enough. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => schemaPath);
  return errors.filter(
    ({ schemaPath, keyword }) =>
      keyword === 'anyOf' || !unions.some((union) => schemaPath.startsWith(union) && schemaPath !== union),
  );
}

function explain(error: ErrorObject): { path: Path; message: string; remedy: string } {
  const path = pathOf(error.instancePath);
  const schema = error.parentSchema as { description?: string; properties?: object; examples?: unknown };
  const about = schema.description ? ` ${schema.description}` : '';
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys(schema.properties ?? {});
      const meant = suggestion(key, known);
      return {
        path: [...path, key],
        message: 'this key is unknown.',
        remedy: meant
          ? `Did you mean "${meant}"?`
          : `Known keys here: ${known.join(', ') || 'names of letters, digits, - and _'}.`,
      };
    }
    case 'required': {
      const key = String(params['missingProperty']);
      const field = (schema.properties as Record<string, { description?: string }> | undefined)?.[key];
      return {
        path: [...path, key],
        message: 'this key is missing.',
        remedy: `Add it. ${field?.description ?? ''}`.trim(),
      };
    }
    case 'enum':
      return {
        path,
        message: 'this is not one of the choices.',
        remedy: `Use one of: ${(params['allowedValues'] as unknown[]).join(', ')}.`,
      };
    case 'type':
      return {
        path,
        message: `this must be ${typeName(String(params['type']))}.`,
        remedy: `Change the value.${about}`,
      };
    case 'minimum':
    case 'maximum':
      return {
        path,
        message: `this must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${String(params['limit'])}.`,
        remedy: `Change the value.${about}`,
      };
    case 'format':
      return {
        path,
        message: `this is no ${params['format'] === 'ip' ? 'IP address' : 'IP address or CIDR range'}.`,
        remedy: `Write it in numbers, such as 192.0.2.10${params['format'] === 'cidr' ? ' or 192.0.2.0/24' : ''}.${about}`,
      };
    case 'anyOf':
      return { path, message: 'this has none of the possible forms.', remedy: `Change the value.${about}` };
    default:
      return {
        path,
        message: `this ${error.message ?? 'is not valid'}.`,
        remedy: `Change the value.${about}`,
      };
  }
}

function typeName(type: string): string {
  if (type === 'integer') return 'a whole number';
  if (type === 'object') return 'a group of keys';
  if (type === 'array') return 'a list';
  return type === 'boolean' ? 'true or false' : `a ${type}`;
}

function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** The line of a key, or of the nearest parent that is written in the file. */
function placeOf(document: Document, path: Path, counter: LineCounter): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset !== undefined) {
      const { line, col } = counter.linePos(offset);
      return { line, column: col };
    }
  }
  return { line: 1, column: 1 };
}

function offsetOf(document: Document, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node as Node).range?.[0] : undefined;
  for (const part of path) {
    if (!isCollection(node)) return undefined;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown })?.value) === String(part),
      );
      if (!pair) return undefined;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    } else {
      node = node.get(part, true);
      if (!isNode(node)) return undefined;
      offset = (node as Node).range?.[0];
    }
  }
  return offset;
}

function isCidr(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
