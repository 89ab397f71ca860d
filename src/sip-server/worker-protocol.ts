import type { LastWill, WillChanges } from './engine/last-wills.ts';
import type { SipAccess, SipContact, SipServerSettings, TraceEvent } from './types.ts';

/** What the worker thread starts with. */
export interface WorkerStart {
  readonly settings: SipServerSettings;
  /** Memory of the counters. */
  readonly counters: SharedArrayBuffer;
  /** Whether each message on the wire is to be reported. */
  readonly trace: boolean;
  /** What the thread before this one left behind. */
  readonly wills: readonly LastWill[];
  /** File that keeps them over the end of the process. */
  readonly willsPath?: string | undefined;
}

/** A GatewayError on its way between threads. */
export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly detail: object;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where the server listens. */
export interface Listening {
  readonly control: { readonly host: string; readonly port: number };
  readonly contacts: readonly SipContact[];
}

/** From the worker thread. */
export type WorkerEvent =
  | ({ readonly type: 'listening' } & Listening)
  | { readonly type: 'reloaded'; readonly id: number; readonly failure?: WorkerFailure }
  | ({ readonly type: 'failed' } & WorkerFailure)
  | { readonly type: 'log'; readonly level: LogLevel; readonly fields: object; readonly event: string }
  | { readonly type: 'trace'; readonly event: Omit<TraceEvent, 'message'>; readonly message: Uint8Array }
  | ({ readonly type: 'wills' } & WillChanges);

/** To the worker thread. */
export type WorkerCommand =
  | { readonly type: 'close' }
  | { readonly type: 'reload'; readonly id: number; readonly access: SipAccess | undefined };
