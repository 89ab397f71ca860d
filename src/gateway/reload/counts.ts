/** Reloads since the start, by what came of them. */
export type ReloadOutcome =
  /** Something changed. */
  | 'applied'
  /** The file says what is in effect already, but for what waits for a restart. */
  | 'unchanged'
  /** The file has problems, or cannot be read. */
  | 'invalid'
  /** It is right, and cannot be had while the gateway runs: a port is taken, a listener would be missing. */
  | 'failed'
  /** The gateway is ending, or has no file. */
  | 'refused';

export interface ReloadCounts {
  readonly outcomes: Readonly<Record<ReloadOutcome, number>>;
  /** Whether the last one that was asked for succeeded; true before the first. */
  readonly ok: boolean;
  /** Wall-clock ms of the last success; of the start before the first. */
  readonly okAtMs: number;
  /** Keys of the file that wait for a restart. */
  readonly needsRestart: number;
}
