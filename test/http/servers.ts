import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type AdminHandlers,
  type AdminToken,
  EventFeed,
  type EventFeedOptions,
  type HttpLimits,
  type HttpOptions,
  type HttpServers,
  startHttp,
} from '../../src/http/index.ts';
import { NO_HANDLERS } from './rig-handlers.ts';

export const SECRET = 'secret';
export const BODY_LIMIT = 6_000_000;

const NO_TOKENS: readonly AdminToken[] = [];

export interface Line {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ServersRig extends HttpServers {
  readonly feed: EventFeed;
  /** Bodies that were handed over, with their arrival. */
  readonly taken: { readonly raw: Buffer; readonly atMs: number }[];
  readonly lines: Line[];
  /** Milliseconds; the servers' clock. */
  time: { now: number };
}

export interface RigOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly accept?: (raw: Uint8Array) => void | Promise<void>;
  readonly adminPort?: number;
  /** More of the admin port than the defaults. */
  readonly admin?: Partial<HttpOptions['admin']>;
  readonly handlers?: Partial<AdminHandlers>;
  readonly events?: Partial<EventFeedOptions>;
}

/** Both ports on loopback, a plain HMAC for the signature, everything recorded. */
export async function servers(options: RigOptions = {}): Promise<ServersRig> {
  const taken: { readonly raw: Buffer; readonly atMs: number }[] = [];
  const lines: Line[] = [];
  const time = { now: 1_789_000_000_000 };
  const write =
    (level: string) =>
    (fields: object, event: string): void => {
      lines.push({ level, event, ...fields });
    };
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const feed = new EventFeed({ log, ...options.events });
  const started = await startHttp({
    webhook: {
      address: '127.0.0.1',
      port: 0,
      path: '/webhook',
      bodyLimitBytes: BODY_LIMIT,
      handshake: (query) =>
        query['hub.verify_token'] === 'good' ? String(query['hub.challenge']) : undefined,
      verify: (raw, header) => header === sign(raw),
      accept: (raw, atMs) => {
        taken.push({ raw: Buffer.from(raw), atMs });
        return options.accept?.(raw);
      },
    },
    admin: {
      address: '127.0.0.1',
      port: options.adminPort ?? 0,
      tokens: () => NO_TOKENS,
      requestsPerSecond: 1_000,
      ...options.admin,
      handlers: { ...NO_HANDLERS, ...options.handlers },
      version: '1.2.3',
      events: feed,
    },
    now: () => time.now,
    log,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  onTestFinished(() => started.close());
  return { ...started, feed, taken, lines, time };
}

export function sign(raw: Uint8Array | string): string {
  return `sha256=${createHmac('sha256', SECRET).update(raw).digest('hex')}`;
}

/** POSTs a body with its right signature unless told otherwise. */
export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const bytes = Buffer.from(body);
  const response = await fetch(url, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': sign(bytes), ...headers },
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received until the other side closed. */
  readonly closed: Promise<string>;
  /** Resolves when so much was received that it matches. */
  received(pattern: RegExp): Promise<string>;
}

/** A bare TCP connection to the port of a URL, for what no HTTP client would send. */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  let look = (): void => {};
  socket.on('data', (data) => {
    text += data.toString('latin1');
    look();
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  return {
    socket,
    closed,
    received: (pattern) =>
      new Promise((resolve) => {
        look = (): void => {
          if (pattern.test(text)) resolve(text);
        };
        look();
      }),
  };
}
