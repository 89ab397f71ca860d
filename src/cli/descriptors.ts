import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** Files and sockets of a call: one with Meta, two with the PBX; one more where it is recorded. */
const OF_A_CALL = 3;
/** Of the process: listeners, journal, records, Graph's connections, webhooks that come at once. */
const OWN = 300;
/** More are opened in a tenth of a second or so; beyond that the start is worth more. */
const MOST = 32_768;

/** What a gateway needs with so many calls. */
export const neededDescriptors = (maxCalls: number, isRecorded: boolean): number =>
  OWN + maxCalls * (OF_A_CALL + (isRecorded ? 1 : 0));

/**
 * Has the kernel make its table of this process's descriptors as large as `count` needs, by opening so many for a moment; it
 * never shrinks. The table doubles when a number does not fit (256, 512, ...), and who opens that one waits for every core (Linux:
 * `expand_fdtable`, `synchronize_rcu`): 5 to 17 ms in a program that does nothing else, 0.4 s seen beside idle-priority programs.
 * Of a gateway that is a media thread with all its calls: with 66 of them 247 descriptors are open.
 *
 * @returns how many there were: fewer where the system's limit is lower
 */
export function reserveDescriptors(count: number): number {
  const held: number[] = [];
  try {
    while (held.length < Math.min(count, MOST)) held.push(openSync(devNull, 'r'));
  } catch {
    // EMFILE: as many as there may be.
  }
  for (const fd of held) closeSync(fd);
  return held.length;
}
