import type { CommandWords, OptionWords, Takes } from './tree.ts';

/** The options of one command that take a value of the same kind, as `COMMAND OPTION`, which all three shells match on. */
export interface ValueCase {
  readonly where: readonly string[];
  readonly takes: Takes;
}

export function valueCases(tree: readonly CommandWords[]): readonly ValueCase[] {
  return tree.flatMap(({ path, options }) =>
    options.flatMap(({ names, takes }) =>
      takes ? [{ where: names.map((name) => `${path} ${name}`), takes }] : [],
    ),
  );
}

export const namesOf = (options: readonly OptionWords[]): readonly string[] =>
  options.flatMap(({ names }) => names);

/** In single quotes for bash and zsh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
