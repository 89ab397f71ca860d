import type { SipContact, SipServerSettings, TraceEvent } from './types.ts';

/** What the worker thread starts with. */
export interface WorkerStart {
  readonly settings: SipServerSettings;
  /** Memory of the counters. */
  readonly counters: SharedArrayBuffer;
  /** Whether each message on the wire is to be reported. */
  readonly trace: boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** From the worker thread. */
export type WorkerEvent =
  | {
      readonly type: 'listening';
      readonly control: { host: string; port: number };
      readonly contacts: SipContact[];
    }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly detail: object }
  | { readonly type: 'log'; readonly level: LogLevel; readonly fields: object; readonly event: string }
  | { readonly type: 'trace'; readonly event: Omit<TraceEvent, 'message'>; readonly message: Uint8Array };

/** To the worker thread. */
export type WorkerCommand = { readonly type: 'close' };
