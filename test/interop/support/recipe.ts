import { readFileSync } from 'node:fs';

/** What users are given. */
const RECIPES = new URL('../../../config/recipes/', import.meta.url);

/**
 * A file of the recipes, with addresses of this machine in place of its own.
 *
 * @throws when it does not say what is to be changed: the test would run something else
 */
export function recipe(path: string, changes: readonly (readonly [string, string])[] = []): string {
  return changes.reduce(
    (now, [from, to]) => {
      if (!now.includes(from)) throw new Error(`the recipe ${path} does not say ${from}`);
      return now.replaceAll(from, to);
    },
    readFileSync(new URL(path, RECIPES), 'utf8'),
  );
}
