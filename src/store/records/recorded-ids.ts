import { stat } from 'node:fs/promises';
import { readTail } from '../tail.ts';
import { rotatedFiles } from './rotated-files.ts';

/** So much of the end of a file of records is looked at, bytes: some thousand records. */
const TAIL_BYTES = 8 * 1024 * 1024;

/**
 * Ids of the calls that the newest records are of: in the file, in the last one before it, and where logrotate put that.
 * None where there is no such file, or it cannot be read: a record too many is better than none.
 */
export async function recordedIds(path: string): Promise<ReadonlySet<string>> {
  const rotated = await rotatedFiles(path).catch(() => []);
  const last = rotated.at(-1);
  const paths = [path, `${path}.1`, ...(last && !last.isCompressed ? [last.path] : [])];
  const ids = new Set<string>();
  for (const each of paths) {
    // A pipe would keep us waiting.
    const isFile = await stat(each).then(
      (stats) => stats.isFile(),
      () => false,
    );
    const text = isFile ? await readTail(each, TAIL_BYTES).catch(() => '') : '';
    for (const line of text.split('\n')) {
      const id = idOf(line);
      if (id !== undefined) ids.add(id);
    }
  }
  return ids;
}

/** Of a record as it was written; undefined: it is none. */
export function idOf(line: string): string | undefined {
  try {
    const { callId } = JSON.parse(line) as { callId?: unknown };
    return typeof callId === 'string' ? callId : undefined;
  } catch {
    return undefined;
  }
}
