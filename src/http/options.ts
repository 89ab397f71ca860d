import type { Log } from '../shared/log.ts';
import type { AdminTlsFiles } from './admin-tls.ts';
import type { AdminHandlers } from './api/index.ts';
import type { HttpRefusals } from './doors.ts';
import type { EventFeed } from './event-feed.ts';
import type { AdminToken } from './tokens.ts';

export interface HttpOptions {
  readonly webhook: {
    readonly address: string;
    readonly port: number;
    /** `/webhook` */
    readonly path: string;
    readonly bodyLimitBytes: number;
    /** The challenge to answer with, or undefined for 403. */
    readonly handshake: (query: Readonly<Record<string, unknown>>) => string | undefined;
    readonly verify: (raw: Uint8Array, signature: string | undefined) => boolean;
    /** Takes a signed body; the 200 waits for it, so it stores and returns. Throwing makes a 500: Meta sends again. */
    readonly accept: (raw: Uint8Array, receivedAtMs: number) => void | Promise<void>;
  };
  readonly admin: {
    readonly address: string;
    readonly port: number;
    /** In place of address and port. `mode` as of chmod. */
    readonly socket?: { readonly path: string; readonly mode: number } | undefined;
    readonly tls?: AdminTlsFiles | undefined;
    /** Asked at each request; another list takes effect at once. None: whoever reaches the port may do everything. */
    readonly tokens: () => readonly AdminToken[];
    /** Of one token, or of one address; twice as many at once. */
    readonly requestsPerSecond: number;
    readonly handlers: AdminHandlers;
    /** Of the gateway, for `GET /openapi.json`. */
    readonly version: string;
    /** `GET /events`; closed with the servers. */
    readonly events: EventFeed;
  };
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Where refusals are counted. */
  readonly refusals?: HttpRefusals;
  readonly limits?: Partial<HttpLimits>;
}

/** What strangers may cost. */
export interface HttpLimits {
  /** A request must be here whole by then, ms. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection is kept, ms; longer than the minute of usual proxies, so that they close first. */
  readonly keepAliveMs: number;
  /** Open connections of each port; further ones are dropped. */
  readonly maxConnections: number;
  /** Of one source (an IPv6 /64 counts as one); a proxy in front is one source. */
  readonly maxConnectionsPerSource: number;
  /** Bodies of webhooks that are being received, bytes; beyond it 503, and Meta sends again. */
  readonly maxBodyBytes: number;
  /** How long `close` waits for replies that are under way, ms. */
  readonly closeGraceMs: number;
  /** How often the admin port's certificate is looked at, ms. */
  readonly tlsWatchMs: number;
}

/** @param bodyLimitBytes of one webhook */
export function limitsOf(bodyLimitBytes: number, given: Partial<HttpLimits> = {}): HttpLimits {
  return {
    requestTimeoutMs: 15_000,
    keepAliveMs: 72_000,
    maxConnections: 1_024,
    maxConnectionsPerSource: 256,
    maxBodyBytes: bodyLimitBytes * 8,
    closeGraceMs: 2_000,
    tlsWatchMs: 30_000,
    ...given,
  };
}
