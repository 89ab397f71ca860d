/** One record on its way: the id of its call, and the record as one line of JSON. */
export interface StoredRecord {
  readonly id: string;
  readonly line: string;
  /** When it was handed in, milliseconds since the epoch. */
  readonly atMs: number;
}

/** Where records go. One `take` at a time. */
export interface RecordSink {
  /** Most records that one `take` is given. */
  readonly batch: number;
  /**
   * Takes all of these, oldest first, and keeps one of each call, whatever was taken before. Rejects with
   * STORE_RECORD_REFUSED when it is this record that is not taken, with anything else when the sink takes none now. A
   * `retryAfterMs` in the error's detail says when to come back.
   */
  take(records: readonly StoredRecord[]): Promise<void>;
  /** Lets go of what it holds open. Idempotent. */
  close(): Promise<void>;
}

export const SINK_NAMES = ['file', 'sqlite', 'webhook', 'postgres'] as const;
export type SinkName = (typeof SINK_NAMES)[number];

/** What became of the records of one sink since the start. */
export interface SinkStats {
  readonly sink: SinkName;
  /** Not taken yet. */
  readonly waiting: number;
  readonly taken: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** Given up: in the file of dead letters, or lost where there is none. */
  readonly dead: number;
}
