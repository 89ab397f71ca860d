import type { Unknown } from './facts.ts';
import { type Finding, skipped, warned } from './finding.ts';

/** What a check says whose facts did not come: what was too slow may be the trouble itself. */
export function unheard({ why, late = false }: Unknown, about?: string): Finding {
  if (!late) return skipped(why, about);
  return warned(why, 'Run it again with --only and this check; see the checks beside it.', about);
}
