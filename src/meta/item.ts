import type { MetaEvent } from './events.ts';
import type { Json } from './json.ts';

/** Why an item of a webhook is no event of ours; see `IgnoredItems`. */
export interface Ignored {
  readonly reason: string;
  readonly nature: 'foreign' | 'malformed';
}

export type Item = MetaEvent | Ignored;

export const malformed = (reason: string): Ignored => ({ reason, nature: 'malformed' });
export const foreign = (reason: string): Ignored => ({ reason, nature: 'foreign' });

/** For a log line: names as they are, never a value that may be personal. */
export function describe(value: Json | undefined): string {
  return typeof value === 'string' && /^[a-z_]{1,40}$/i.test(value) ? `"${value}"` : typeof value;
}
