import type { ErrorCode } from '../../shared/codes/index.ts';

/** What the thread is asked, one at a time; each is answered once. */
export type SqliteTask =
  | { readonly type: 'open' }
  | { readonly type: 'insert'; readonly lines: readonly string[] }
  /** Calls that began before it go, milliseconds since the epoch. */
  | { readonly type: 'expire'; readonly beforeMs: number };

export type ToSqlite = SqliteTask | { readonly type: 'close' };

export interface FromSqlite {
  readonly error?: { readonly message: string; readonly code?: ErrorCode };
}
