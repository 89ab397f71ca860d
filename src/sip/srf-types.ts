import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/**
 * Typings of the part of drachtio-srf 5.0.29 that this room uses. Its own .d.ts lacks `reconnect`, `app` and the
 * 'reconnecting' event, and has wrong signatures for `request` and its callback.
 */
export interface Srf extends EventEmitter {
  readonly app: SrfApp;
  connect(options: SrfConnectOptions): void;
  use(handler: SrfHandler): void;
  /** `srf.invite`, `srf.options`...: asks the server to route that method to us. */
  readonly [method: string]: unknown;
}

export interface SrfConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly reconnect: { readonly maxAttempts: number };
}

export interface SrfApp {
  /** Throws when there is no connection. The options object is modified. */
  request(
    options: SrfRequestOptions,
    callback: (error: (Error & { code?: string }) | null, request?: SrfRequest) => void,
  ): void;
  readonly client: { readonly wp: { send(socket: Socket, frame: string): string } };
}

export interface SrfRequestOptions {
  method: string;
  uri?: string;
  proxy?: string;
  stackDialogId?: string;
  stackTxnId?: string;
  headers: Record<string, string>;
  body?: string;
}

export type SrfHandler = (request: SrfRequest, response: SrfResponse) => void;
export type SrfAck = (options?: { body?: string; headers?: Record<string, string> }) => void;

interface SrfMessage extends EventEmitter {
  readonly body: string | undefined;
  readonly source: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly stackTxnId: string;
  readonly stackDialogId: string | undefined;
  /** Lazily parsed: a plain look-up. `getParsedHeader` is not typed here, for it takes seconds on hostile values. */
  get(name: string): string | undefined;
}

/** Events: 'response' (SrfResponse, SrfAck), 'update' (SrfRequest, SrfResponse), 'cancel' ({ get }). */
export interface SrfRequest extends SrfMessage {
  readonly method: string;
  readonly uri: string;
}

export interface SrfResponse extends SrfMessage {
  readonly status: number;
  readonly reason: string | undefined;
  /** Throws on a status it does not know. The callback's error is a string or an Error. */
  send(
    status: number,
    phrase: string | undefined,
    options: { headers?: Record<string, string>; body?: string },
    callback: (error: Error | string | null, sent?: { get(name: string): string | undefined }) => void,
  ): void;
}
