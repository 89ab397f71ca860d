import type { Amiss } from '../../config/index.ts';
import { type Finding, skipped } from './finding.ts';

/** Keys of the configuration: `sip.listen`, or `trunks.*.host` of each trunk; with all that is below them. */
export interface Reads {
  /** Is one of these amiss, nothing can be said. */
  readonly whole?: readonly string[];
  /** Is one of these amiss, nothing can be said of that key, or of that item where the key has a star. */
  readonly parts?: readonly string[];
}

/** Whether nothing at all can be said. */
export const isBlocked = ({ whole = [], parts = [] }: Reads, amiss: readonly Amiss[]): boolean =>
  amiss.some(
    ({ path }) =>
      whole.some((key) => touches(key, path)) ||
      parts.some((key) => touches(key, path) && path.length <= key.split('.').indexOf('*')),
  );

/** Says of the parts that are amiss that they were not looked at, in place of anything else. */
export function withoutAmiss(
  findings: readonly Finding[],
  { parts = [] }: Reads,
  amiss: readonly Amiss[],
): readonly Finding[] {
  const names = new Set(
    amiss.flatMap((each) => parts.filter((key) => touches(key, each.path)).map((key) => nameOf(key, each))),
  );
  const isOf = (about: string, name: string): boolean => about === name || about.startsWith(`${name}.`);
  if (names.size === 0) return findings;
  return [
    // That there is none, or nobody has one, may be for what is amiss.
    ...findings.filter(({ about, status }) =>
      about === undefined ? status !== 'skipped' : ![...names].some((name) => isOf(about, name)),
    ),
    ...[...names].map((name) => skipped('see configuration', name)),
  ];
}

/** One is the other, or above it. */
function touches(key: string, path: Amiss['path']): boolean {
  const parts = key.split('.');
  return path.every((part, i) => parts[i] === undefined || parts[i] === '*' || parts[i] === String(part));
}

/** As findings name it: an item by its id or name, what is no item by its key. */
function nameOf(key: string, { path, id }: Amiss): string {
  const star = key.split('.').indexOf('*');
  return star < 0 ? key : (id ?? String(path[star]));
}
