import { atMost } from '../shared/at-most.ts';
import type { Clock } from '../shared/clock.ts';

/** How long the 200 to a webhook waits for the disk, ms: Meta, unanswered, would send everything again to a gateway that is slow already. */
const SYNCED_MS = 150;
/** And from then on for the system alone, which has a line sooner unless it hangs, ms. */
const WRITTEN_MS = 2_000;

/** What the notes of a webhook outlive: a `power-cut`, a `crash` of ours alone, or `nothing`, where not even the system took them. */
export interface Kept {
  readonly against: 'power-cut' | 'crash' | 'nothing';
  /** How long that took, ms. */
  readonly ms: number;
}

/**
 * Resolves when a webhook may be answered 200: Meta tells nothing twice that was. Rejects as `noted` does.
 *
 * @param noted resolves when what came of it is on the disk
 * @param written whether all that was noted by now is in the file, where a process that is killed leaves it
 */
export async function keptForGood(
  clock: Pick<Clock, 'after' | 'monotonic'>,
  noted: Promise<unknown>,
  written: () => Promise<void>,
): Promise<Kept> {
  const began = clock.monotonic();
  const kept = (against: Kept['against']): Kept => ({ against, ms: Math.round(clock.monotonic() - began) });
  if (await atMost(clock, SYNCED_MS, noted)) return kept('power-cut');
  return kept((await atMost(clock, WRITTEN_MS, Promise.race([written(), noted]))) ? 'crash' : 'nothing');
}
