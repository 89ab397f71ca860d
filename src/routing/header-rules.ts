import { fillTemplate } from './header-template.ts';
import type { Caller } from './types.ts';

/** What a trunk's INVITE has beside what we write; the configuration's `headers` fit. */
export interface HeaderRules {
  /** Name and template. */
  readonly add: Readonly<Record<string, string>>;
  /** Names, in any case; one that ends with `*` stands for all that begin so. */
  readonly remove: readonly string[];
}

/** `headers` after the rules: first what goes, then what comes. A value that is empty is not written. */
export function applyHeaderRules(
  headers: Readonly<Record<string, string>>,
  { add, remove }: HeaderRules,
  caller: Caller,
): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !remove.some((rule) => isNamed(rule, name)));
  const added = Object.entries(add).map(
    ([name, template]) => [name, fillTemplate(template, caller)] as const,
  );
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  const kept = own.filter(([name]) => !names.has(name.toLowerCase()));
  return Object.fromEntries([...kept, ...added.filter(([, value]) => value !== '')]);
}

function isNamed(rule: string, name: string): boolean {
  const wanted = rule.toLowerCase();
  const lower = name.toLowerCase();
  return wanted.endsWith('*') ? lower.startsWith(wanted.slice(0, -1)) : lower === wanted;
}
