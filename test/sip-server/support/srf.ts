import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/** drachtio-srf as it really is; the package's own typings miss or misstate most of what the tests use. */
export interface SrfMessage {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly source: string;
  readonly source_address: string;
  readonly source_port: number;
  /** `address:port` of the listener; of requests only. */
  readonly receivedOn?: string;
  readonly stackTxnId: string;
  readonly stackDialogId: string | undefined;
  get(name: string): string | undefined;
  has(name: string): boolean;
}

export interface SendOptions {
  headers?: Record<string, string>;
  body?: string;
}

export interface SrfRequest extends SrfMessage, EventEmitter {
  cancel(options?: SendOptions): void;
}

export interface SrfResponse extends SrfMessage, EventEmitter {
  send(
    status: number,
    options?: SendOptions,
    callback?: (error: unknown, sent?: SrfMessage) => void,
    onAck?: (ack: SrfMessage) => void,
  ): void;
}

export interface SrfDialog extends EventEmitter {
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly sdp: string; readonly contact: string };
  readonly remote: { readonly sdp: string; readonly uri: string };
  destroy(options?: SendOptions): Promise<SrfMessage>;
  modify(sdp: string, options?: { noAck?: boolean }): Promise<string>;
  request(options: { method: string; noAck?: boolean } & SendOptions): Promise<SrfResponse>;
}

export type Handler = (req: SrfRequest, res: SrfResponse) => void;

export interface UacOptions extends SendOptions {
  method?: 'INVITE' | 'SUBSCRIBE';
  localSdp?: string;
  callingNumber?: string;
  proxy?: string;
  auth?: { username: string; password: string };
  noAck?: boolean;
}

export interface UacProgress {
  cbRequest?: (error: unknown, req: SrfRequest) => void;
  cbProvisional?: (res: SrfResponse) => void;
}

export interface Srf extends EventEmitter {
  connect(options: {
    host: string;
    port: number;
    secret: string;
    enablePing?: boolean;
    pingInterval?: number;
  }): void;
  disconnect(): void;
  use(method: string, handler: Handler): void;
  invite(handler: Handler): void;
  options(handler: Handler): void;
  subscribe(handler: Handler): void;
  register(handler: Handler): void;
  message(handler: Handler): void;
  info(handler: Handler): void;
  proxyRequest(
    req: SrfRequest,
    destination: string,
    options?: { remainInDialog?: boolean },
  ): Promise<unknown>;
  createUAC(uri: string, options: UacOptions, progress?: UacProgress): Promise<SrfDialog>;
  createUAS(
    req: SrfRequest,
    res: SrfResponse,
    options: { localSdp?: string; headers?: Record<string, string> },
  ): Promise<SrfDialog>;
  request(
    uri: string,
    options: { method: string; proxy?: string; auth?: { username: string; password: string } } & SendOptions,
  ): Promise<SrfRequest>;
}

/** What createUAC rejects with. */
export interface SipError extends Error {
  readonly status: number;
  readonly reason: string;
}

const load = createRequire(import.meta.url);

export const SrfClass = load('drachtio-srf') as new () => Srf;

/** The parser that drachtio-srf reads every frame with. */
export const SrfSipMessage = load('drachtio-srf/lib/sip-parser/message.js') as new (
  text: string,
) => SrfMessage;
