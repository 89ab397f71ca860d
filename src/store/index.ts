export {
  Directory,
  type DirectoryEntry,
  type NumberRange,
  type OpenDirectory,
  openDirectory,
} from './directory.ts';
export { type FileLock, lockFile } from './file-lock.ts';
export {
  type JournalContents,
  type JournalOptions,
  type Keeping,
  noJournal,
  openJournal,
  parseJournal,
  readJournal,
  rewriteJournal,
} from './journal.ts';
export { type CachedProfile, ProfileCache, type ProfileCacheOptions } from './profile-cache.ts';
export { type RecordFilter, recordsInFiles, recordsInSqlite } from './records/query.ts';
export type { RecordRow } from './records/row.ts';
export { webhookKey } from './records/signature.ts';
export { RecordSinks, type RecordSinksOptions, type RecordsConfig } from './records/sinks.ts';
export { SINK_NAMES, type SinkName, type SinkStats } from './records/types.ts';
export { setAside } from './set-aside.ts';
export { SettledClock } from './settled-clock.ts';
export { openSpool, type Spool } from './spool.ts';
export type { JournalEntry, JournalWriter } from './types.ts';
