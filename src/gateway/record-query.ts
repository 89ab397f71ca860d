import type { GatewayConfig } from '../config/index.ts';
import { type RecordFilter, type RecordRow, recordsInFiles, recordsInSqlite } from '../store/index.ts';

export type { RecordFilter, RecordRow } from '../store/index.ts';

/**
 * The newest call records that fit, the oldest of these first, from the database or else from the files; undefined: this
 * configuration keeps none on this machine. A gateway may be writing meanwhile. Rejects with STORE_SQLITE or STORE_OPEN.
 */
export async function queryRecords(
  { records }: Pick<GatewayConfig, 'records'>,
  filter: RecordFilter,
): Promise<RecordRow[] | undefined> {
  if (records.sqlite) return recordsInSqlite(records.sqlite.path, filter);
  if (records.path === '-' || records.path === 'off') return undefined;
  return recordsInFiles(records.path, filter);
}
