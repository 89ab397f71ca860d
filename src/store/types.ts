/** One line of the journal. `note` is opaque here: what the call wants to remember, JSON values only. */
export interface JournalEntry {
  /** Version of the line's format. */
  readonly v: 1;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly callId: string;
  readonly note: Readonly<Record<string, unknown>>;
}

/** Append-only. */
export interface JournalWriter {
  /** Resolves when the entry is written (and, with `fsync`, on the disk). Rejects with STORE_WRITE. */
  append(entry: JournalEntry): Promise<void>;
  /**
   * Resolves when all that was appended by now is in the file, where a process that is killed leaves it, or could not be
   * written; a power cut may still take it. Never rejects.
   */
  written(): Promise<void>;
  /** Waits for what was appended before; idempotent. */
  close(): Promise<void>;
}
