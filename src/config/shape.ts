import { Ajv, type ValidateFunction } from 'ajv';
import { explainAll } from './explain.ts';
import { FORMATS } from './formats.ts';
import type { Found } from './found.ts';
import { keyOf } from './problem.ts';
import { resolveValues } from './resolve.ts';
import { CONFIG_SCHEMA, type GatewayConfig } from './schema.ts';
import { CONFIG_NODE, keyPlaces, type SchemaNode } from './schema-node.ts';
import type { SecretSources } from './secrets.ts';

export type Section = keyof GatewayConfig;

/** What a configuration is read for. */
export interface Purpose {
  /** Of the top; the others are not looked at. Default: all. */
  readonly sections?: readonly Section[];
  /** False: secrets are not asked for, and stay as they are written. */
  readonly secrets?: boolean;
}

/** A configuration by its schema: values taken from where they are said to be, and defaults filled in. */
export interface Shape {
  /** Of the schema's form when nothing was found. */
  readonly value: unknown;
  readonly found: readonly Found[];
  readonly warnings: readonly Found[];
  /** Whether it has the schema's form: it may, and hold what could not be taken from where it is said to be. */
  readonly hasForm: boolean;
  /** Paths (`keyOf`) of what could not, or was not asked for: of it nothing more can be told. */
  readonly unresolved: ReadonlySet<string>;
}

const KEY_PLACES = keyPlaces(CONFIG_NODE);

/** @param raw what the YAML says */
export function shapeOf(raw: unknown, { sections, secrets = true }: Purpose, sources: SecretSources): Shape {
  const found: Found[] = [];
  const warnings: Found[] = [];
  // What could not be taken from where it is said to be has no form to be checked, and neither has what was not taken.
  const unresolved = new Set<string>();
  const value = resolveValues(
    sections ? pick(raw, sections) : raw,
    CONFIG_NODE,
    { ...sources, leavesSecrets: !secrets },
    (path, { message, remedy, isWarning, isLeft }) => {
      if (!isWarning) unresolved.add(keyOf(path));
      if (!isLeft) (isWarning ? warnings : found).push({ path, message, remedy });
    },
  );
  const misfits = misshapen(value, sections);
  const wrong = misfits.filter(({ path }) => !unresolved.has(keyOf(path)));
  return { value, found: [...found, ...wrong], warnings, hasForm: misfits.length === 0, unresolved };
}

/** What has not the schema's form; fills the defaults in. */
export function misshapen(value: unknown, sections?: readonly Section[]): readonly Found[] {
  const validate = validatorOf(sections);
  return validate(value) ? [] : explainAll(value, validate.errors ?? [], KEY_PLACES);
}

let ajv: Ajv | undefined;
const compiled = new Map<string, ValidateFunction>();

/** Compiled by the first who wants it: all of it costs a third of a second, which others need not wait for. */
function validatorOf(sections: readonly Section[] | undefined): ValidateFunction {
  const name = sections?.join() ?? '';
  const known = compiled.get(name);
  if (known) return known;
  // Optimizing the code takes longer than all that is ever checked with it.
  const code = { optimize: false };
  ajv ??= new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    strict: false,
    formats: FORMATS,
    code,
  });
  const made = ajv.compile(sections ? partOf(sections) : CONFIG_SCHEMA);
  compiled.set(name, made);
  return made;
}

function partOf(sections: readonly Section[]): SchemaNode & { readonly additionalProperties: boolean } {
  const { properties = {}, required = [] } = CONFIG_NODE;
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => isOf(sections, name))),
    required: required.filter((name) => isOf(sections, name)),
  };
}

/** What is no group is left for the schema to refuse. */
function pick(raw: unknown, sections: readonly Section[]): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([name]) => isOf(sections, name)));
}

const isOf = (sections: readonly string[], name: string): boolean => sections.includes(name);
