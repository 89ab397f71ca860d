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
  /** Waits for what was appended before; idempotent. */
  close(): Promise<void>;
}
