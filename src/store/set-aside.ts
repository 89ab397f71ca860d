import type { Log } from '../shared/log.ts';
import { LineFile } from './line-file.ts';
import { makeRoom } from './make-room.ts';

/** What a file of lines has that this program cannot read. */
export interface Unread {
  readonly path: string;
  /** Whole lines. */
  readonly lines: readonly string[];
  /** How many cannot be read, also a last one that is torn: that was never acknowledged, and is not kept. */
  readonly damaged: number;
  readonly log: Log;
  /** Event of the log for those that no version wrote. */
  readonly event: string;
}

/** Then the file beside becomes `.1`, and what was that goes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Keeps in `<path>.unread`, on the disk, what the file is about to be made anew without, and says so: above all what a
 * newer version wrote, after a downgrade. Never rejects.
 *
 * @returns lines that could not be kept there, and must stay in the file
 */
export async function setAside({ path, lines, damaged, log, event }: Unread): Promise<readonly string[]> {
  const keptIn = `${path}.unread`;
  const err = lines.length > 0 ? await append(keptIn, lines).catch(String) : undefined;
  const where = err === undefined ? { keptIn } : { err };
  const newer = lines.filter(isNewer).length;
  if (newer > 0) sayNewer(log, { path, lines: newer, ...where });
  if (damaged > newer)
    log.warn({ path, damaged: damaged - newer, ...(lines.length > newer ? where : {}) }, event);
  return err === undefined ? [] : lines;
}

/** Loud: what these lines tell of calls or records is not done. */
export function sayNewer(log: Log, fields: { readonly path: string; readonly lines: number }): void {
  log.error({ code: 'STORE_NEWER_LINES', ...fields }, 'store.newer-lines');
}

/** Whether it is a line of a version of the format that comes after this program's, which is 1 in each file. */
export function isNewer(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'v' in value && Number(value.v) > 1;
  } catch {
    return false;
  }
}

async function append(path: string, lines: readonly string[]): Promise<undefined> {
  await makeRoom(path, MAX_BYTES);
  const file = await LineFile.open({ path, fsync: true });
  try {
    await Promise.all(lines.map((line) => file.append(line)));
  } finally {
    await file.close();
  }
}
