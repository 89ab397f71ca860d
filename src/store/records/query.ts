import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { GatewayError } from '../../shared/error.ts';
import { rotatedFiles } from './rotated-files.ts';
import { type RecordRow, rowOf } from './row.ts';

/** Which records; what is unset does not matter. */
export interface RecordFilter {
  /** When the call began, milliseconds since the epoch: from and including, to and not. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly pageId?: string | undefined;
  readonly cause?: string | undefined;
  readonly callId?: string | undefined;
  /** The newest so many. */
  readonly limit: number;
}

/** The newest records that fit, the oldest of these first, from a database. Rejects with STORE_SQLITE. */
export async function recordsInSqlite(path: string, filter: RecordFilter): Promise<RecordRow[]> {
  try {
    await access(path);
    // Only who asks for it loads it.
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      const { fromMs = null, toMs = null, pageId = null, cause = null, callId = null, limit } = filter;
      const rows = db.prepare(SELECT).all({ fromMs, toMs, pageId, cause, callId, limit });
      return rows.flatMap(({ record }) => rowOf(String(record)) ?? []).reverse();
    } finally {
      db.close();
    }
  } catch (cause) {
    throw new GatewayError('STORE_SQLITE', `${path}: ${String(cause)}`, { path }, { cause });
  }
}

const SELECT = `SELECT record FROM calls
  WHERE ($fromMs IS NULL OR started_at_ms >= $fromMs) AND ($toMs IS NULL OR started_at_ms < $toMs)
    AND ($pageId IS NULL OR page_id = $pageId) AND ($cause IS NULL OR cause = $cause)
    AND ($callId IS NULL OR call_id = $callId)
  ORDER BY started_at_ms DESC LIMIT $limit`;

/** The same from JSON lines, with those that were written full and compressed. Rejects with STORE_OPEN. */
export async function recordsInFiles(path: string, filter: RecordFilter): Promise<RecordRow[]> {
  try {
    const rotated = await rotatedFiles(path);
    const found = new Map<string, RecordRow>();
    for (const file of [...rotated, { path, isCompressed: false }]) {
      for await (const line of linesOf(file.path, file.isCompressed)) {
        const row = rowOf(line);
        if (!row || !fits(row, filter) || found.has(row.callId)) continue;
        found.set(row.callId, row);
        // Files are nearly in order: of what is so much older nothing comes again.
        if (found.size > 4 * filter.limit + 1_000) found.delete(found.keys().next().value ?? '');
      }
    }
    const rows = [...found.values()].sort((a, b) => (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0));
    return rows.slice(-filter.limit);
  } catch (cause) {
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  }
}

function fits(row: RecordRow, { fromMs, toMs, pageId, cause, callId }: RecordFilter): boolean {
  const startedAt = row.startedAtMs ?? 0;
  return (
    (fromMs === undefined || startedAt >= fromMs) &&
    (toMs === undefined || startedAt < toMs) &&
    (pageId === undefined || row.pageId === pageId) &&
    (cause === undefined || row.cause === cause) &&
    (callId === undefined || row.callId === callId)
  );
}

async function* linesOf(path: string, isCompressed: boolean): AsyncGenerator<string> {
  const file = createReadStream(path);
  // What fails in the one is thrown by the other.
  const input = isCompressed ? pipeline(file, createGunzip(), () => {}) : file;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
