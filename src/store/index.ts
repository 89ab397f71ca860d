export {
  Directory,
  type DirectoryEntry,
  type NumberRange,
  type OpenDirectory,
  openDirectory,
} from './directory.ts';
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
export { openRecordFile, recordedIds, recordStream } from './records.ts';
export { openSpool, type Spool } from './spool.ts';
export type { JournalEntry, JournalWriter, RecordWriter } from './types.ts';
