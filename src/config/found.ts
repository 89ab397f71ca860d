import { type ConfigPath, suggestion } from './problem.ts';
import { isUnresolved } from './secrets.ts';

/** What a check finds, before it has a line. */
export interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

/** What is wrong with a name that must be one of those that are known; nothing when one of these is not to be had. */
export function referenceTo(
  path: ConfigPath,
  name: string,
  known: readonly string[],
  where: string,
): readonly Found[] {
  if (known.includes(name) || known.some((each) => isUnresolved(each))) return [];
  const meant = suggestion(name, known);
  const remedy = meant
    ? `Did you mean "${meant}"?`
    : `Use one of: ${known.join(', ') || 'none is configured'}.`;
  return [{ path, message: `${where} has no "${name}".`, remedy }];
}

/** Ids that are there a second time. */
export function duplicates(ids: readonly string[], path: (index: number) => ConfigPath): readonly Found[] {
  return ids.flatMap((id, i) =>
    ids.indexOf(id) === i
      ? []
      : [{ path: path(i), message: `"${id}" is there twice.`, remedy: 'Remove one of them.' }],
  );
}
