import type { ErrorObject } from 'ajv';
import { FORMAT_WORDS } from './formats.ts';
import { goneKey } from './gone-keys.ts';
import { type ConfigPath, suggestion } from './problem.ts';

/** What the validator found, in words for the person who writes the file. Holds no value of the file. */
export interface Explained {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

interface ParentSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly description?: string } | undefined>>;
  readonly examples?: readonly unknown[];
}

/** Where keys are known, by name; '' is the top. */
type KeyPlaces = ReadonlyMap<string, readonly string[]>;

/**
 * @param root the value that was checked @param errors of ajv with `allErrors` and `verbose`
 * @param places lets a key in the wrong place be told where it belongs
 */
export function explainAll(
  root: unknown,
  errors: readonly ErrorObject[],
  places: KeyPlaces = new Map(),
): readonly Explained[] {
  return relevant(errors).map((error) => explain(root, error, places));
}

/**
 * `anyOf` reports every branch and itself. A group is told what its own branch misses; anything else is told once
 * that it has none of the forms.
 */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const hidden: string[] = [];
  for (const { keyword, schemaPath, schema, data } of errors) {
    if (keyword !== 'anyOf') continue;
    const isGroup = typeof data === 'object' && data !== null && !Array.isArray(data);
    const own = isGroup
      ? (schema as readonly { type?: string }[]).findIndex(({ type }) => type === 'object')
      : -1;
    hidden.push(
      ...(schema as readonly object[]).map((_, i) => `${schemaPath}/${i}/`).filter((_, i) => i !== own),
      ...(own < 0 ? [] : [`${schemaPath}$`]),
    );
  }
  const shown = errors.filter(
    ({ schemaPath }) => !hidden.some((prefix) => `${schemaPath}$`.startsWith(prefix)),
  );
  // An empty text has not the right form either.
  return shown.filter(
    ({ keyword, instancePath }) =>
      keyword !== 'format' ||
      !shown.some((other) => other.keyword !== 'format' && other.instancePath === instancePath),
  );
}

function explain(root: unknown, error: ErrorObject, places: KeyPlaces): Explained {
  const path = pathOf(root, error.instancePath);
  const { description, properties = {}, examples } = error.parentSchema as ParentSchema;
  const change = `Change the value.${description ? ` ${description}` : ''}`;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const gone = goneKey([...path, key]);
      if (gone) return { path: [...path, key], ...gone };
      const known = Object.keys(properties);
      if (known.length === 0) {
        return {
          path: [...path, key],
          message: 'this is no name.',
          remedy: 'Use letters, digits, - and _ only.',
        };
      }
      const meant = suggestion(key, known);
      const remedy = meant
        ? `Did you mean "${meant}"?`
        : `${belongs(places.get(key))}Known keys here: ${known.join(', ')}.`;
      return { path: [...path, key], message: 'this key is unknown here.', remedy };
    }
    case 'required': {
      const key = String(params['missingProperty']);
      const remedy = `Add it. ${properties[key]?.description ?? ''}`.trim();
      return { path: [...path, key], message: 'this key is missing.', remedy };
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String);
      const meant = suggestion(String(error.data), allowed);
      const remedy = `${meant ? `Did you mean "${meant}"? ` : ''}Use one of: ${allowed.join(', ')}.`;
      return { path, message: 'this is not one of the choices.', remedy };
    }
    case 'type': {
      const wanted = String(params['type']);
      // `id: 102030405060708` and `user: 600` are numbers to YAML, and long ones are not exact.
      const remedy =
        wanted === 'string' && typeof error.data === 'number'
          ? 'Put it into quotes.'
          : (wanted === 'boolean' && WORDS_OF_FLAGS[String(error.data).toLowerCase()]) || change;
      return { path, message: `this must be ${TYPE_WORDS[wanted] ?? wanted}.`, remedy };
    }
    case 'minimum':
      return { path, message: `this must be at least ${String(params['limit'])}.`, remedy: change };
    case 'maximum':
      return { path, message: `this must be at most ${String(params['limit'])}.`, remedy: change };
    case 'minLength':
    case 'minItems':
      return { path, message: 'this is empty.', remedy: change };
    case 'maxLength':
      return { path, message: `this is longer than ${String(params['limit'])} characters.`, remedy: change };
    case 'maxItems':
      return { path, message: `this has more than ${String(params['limit'])} items.`, remedy: change };
    case 'const':
      return { path, message: `this must be ${String(params['allowedValue'])}.`, remedy: change };
    case 'uniqueItems':
      return { path, message: 'this has an item twice.', remedy: 'Remove one of them.' };
    case 'pattern': {
      const like = examples ? `Write it like ${String(examples[0])}. ` : '';
      return { path, message: 'this has not the form that is wanted.', remedy: like + (description ?? '') };
    }
    case 'format': {
      const { name = 'text of that form', example = 'in another form' } =
        FORMAT_WORDS[String(params['format'])] ?? {};
      return {
        path,
        message: `this is no ${name}.`,
        remedy: `Write it ${example}. ${description ?? ''}`.trim(),
      };
    }
    case 'anyOf':
      return { path, message: 'this has none of the possible forms.', remedy: change };
    default:
      return { path, message: `this ${error.message ?? 'is not valid'}.`, remedy: change };
  }
}

/** What YAML 1.1 took for true and false, and YAML 1.2 takes for texts. */
const WORDS_OF_FLAGS: Readonly<Record<string, string>> = {
  yes: 'Write true.',
  on: 'Write true.',
  no: 'Write false.',
  off: 'Write false.',
};

/** A key that many groups have says nothing of what was meant. */
const MOST_PLACES = 2;

function belongs(places: readonly string[] = []): string {
  if (places.length === 0 || places.length > MOST_PLACES) return '';
  return `It belongs ${places.map((place) => (place === '' ? 'to the top' : `into ${place}`)).join(', or ')}. `;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  object: 'a group of keys',
  array: 'a list',
  boolean: 'true or false',
  string: 'a text',
};

/** A JSON pointer (RFC 6901) as a path: `600` is a number only inside a list. */
function pathOf(root: unknown, pointer: string): (string | number)[] {
  const path: (string | number)[] = [];
  let value = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const part = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(part) : part);
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return path;
}
