import type { GatewayConfig } from '../config/index.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { type FileLock, lockFile } from '../store/index.ts';

/**
 * Keeps a second gateway off the journal and what lies beside it: it would take the calls that are up here for what a crash
 * left, and end them. Where no lock can be made (no journal; a file system without sockets) there is none.
 * Rejects with STORE_LOCKED.
 */
export async function lockOwnFiles(
  { journal, records }: Pick<GatewayConfig, 'journal' | 'records'>,
  log: Log,
): Promise<FileLock | undefined> {
  const path = journal.path ?? records.spool;
  if (path === undefined) return undefined;
  try {
    return await lockFile(`${path}.lock`);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // Opening the files tells better what is wrong with their folder.
    log.warn({ path: `${path}.lock`, err: String(error) }, 'journal.not-locked');
    return undefined;
  }
}
