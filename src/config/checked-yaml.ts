import { Ajv } from 'ajv';
import { err, ok, type Result } from '../shared/result.ts';
import { explainAll } from './explain.ts';
import { type ConfigPath, type ConfigProblem, keyOf } from './problem.ts';
import { readYaml } from './yaml-file.ts';

/** What a check of its own finds in a file that has the right shape. */
export interface FoundAt {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

export interface CheckedYaml<T> {
  readonly value: T;
  /** The line of a key, from 1. */
  lineOf(path: ConfigPath): number;
}

/**
 * Any YAML file by its JSON Schema (draft 7): all problems at once, each with its line, in the words of the
 * configuration's. Nothing is taken from the environment, and there are no defaults.
 *
 * @param check what no schema can say; asked only when the shape is right
 */
export function readCheckedYaml<T>(
  text: string,
  schema: object,
  check: (value: T) => readonly FoundAt[] = () => [],
): Result<CheckedYaml<T>, readonly ConfigProblem[]> {
  const file = readYaml(text);
  if (!('placeOf' in file)) return err(file);
  const validate = new Ajv({ allErrors: true, verbose: true, strict: false }).compile(schema);
  const value = file.value ?? {};
  const found = validate(value) ? check(value as T) : explainAll(value, validate.errors ?? []);
  const problems = found.map(({ path, message, remedy }) => ({
    key: keyOf(path),
    ...file.placeOf(path),
    message,
    remedy,
  }));
  if (problems.length > 0) return err(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  return ok({ value: value as T, lineOf: (path) => file.placeOf(path).line });
}
