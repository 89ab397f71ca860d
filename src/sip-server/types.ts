import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { LastWill } from './engine/last-wills.ts';
import type { Resolver } from './transport/dns/resolver.ts';

/** Transports that a listener may use. */
export type Protocol = 'udp' | 'tcp' | 'tls';

/** A listening SIP socket. `address` is an IP address; `port` 0 takes a free one. */
export interface ListenOptions {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** Put into Via and Contact of this listener, in place of the server's `externalAddress`. */
  readonly externalAddress?: string;
  /** Peers of this listener, in place of the server's `allow`. */
  readonly allow?: readonly string[];
  /** For this listener, in place of the server's `rateLimit`. */
  readonly rateLimit?: RateLimitOptions | false;
  /** For protocol `tls`, which needs it. */
  readonly tls?: TlsOptions;
}

/** New requests, neither repeated nor inside a dialog, that one source address (IPv6: its /64) may send. */
export interface RateLimitOptions {
  /** Default 1000. */
  readonly perSecond?: number;
  /** How many may come at once; default 2000, or twice `perSecond` when that is more. */
  readonly burst?: number;
  /** Addresses and networks that are not limited. */
  readonly exempt?: readonly string[];
}

/** PEM text (it begins with `-----BEGIN`), or else the path of a PEM file, which `reload` reads again. */
export type PemSource = string;

export interface TlsCertificate {
  /** The certificate, followed by those between it and the root. */
  readonly cert: PemSource;
  /** What stands between it and the root, when it is not in `cert`. */
  readonly chain?: PemSource;
  readonly key: PemSource;
  /** Of an encrypted key. */
  readonly passphrase?: string;
}

/** TLS of one listener, for the connections that it accepts and for those that leave from it (RFC 3261 26). */
export interface TlsOptions {
  /**
   * Who we are; at least one. A peer that asks for a name (SNI) is shown the first certificate that has it, else the
   * first of all, which is also our client certificate.
   */
  readonly certificates: readonly TlsCertificate[];
  /** Authorities that peers must be certified by, instead of those that Node trusts. */
  readonly ca?: PemSource;
  /**
   * Certificates of peers that connect to us: not asked for; verified when they have one; or required. Default
   * `none`.
   */
  readonly clientCertificate?: 'none' | 'optional' | 'required';
  /**
   * Connects to servers without knowing who they are: encryption against listeners only, and calls can be taken
   * over. Default false: their certificate must be valid and name the SIP domain that was asked for (RFC 5922).
   */
  readonly acceptAnyServer?: boolean;
  /** Lets `*.example.com` stand for one label, which RFC 5922 7.2 forbids and some carriers need. Default false. */
  readonly allowWildcards?: boolean;
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** Where a listener is bound and reachable. */
export interface SipContact {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

/** One SIP message as it crossed a socket. */
export interface TraceEvent {
  readonly direction: 'in' | 'out';
  readonly protocol: Protocol;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  readonly message: Buffer;
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly at: number;
}

/** What the server needs that can be copied to another thread. */
export interface SipServerSettings {
  /** Where drachtio-srf connects: default 127.0.0.1, port 0 (free). */
  readonly control?: { readonly host?: string; readonly port?: number };
  /** What a client must authenticate with; 1 to 256 characters, no `|`, CR or LF. */
  readonly secret: string;
  /** At least one. */
  readonly listen: readonly ListenOptions[];
  /** Put into Via and Contact instead of our own address of that family, except toward peers that are local. */
  readonly externalAddress?: string;
  /** Peers (addresses, CIDR networks) on our side of the NAT, beside loopback. Default none. */
  readonly localNetworks?: readonly string[];
  /**
   * Peers (IP addresses, CIDR networks) whose requests are served; everybody else is dropped in silence, except
   * inside a dialog that exists. Default: loopback peers only, which requires every listener to be on loopback.
   */
  readonly allow?: readonly string[];
  /** What is over it is dropped in silence; false: no limit. Default: the defaults of its fields. */
  readonly rateLimit?: RateLimitOptions | false;
  /**
   * Answer to the address a request came from even without an `rport` parameter (RFC 3581), and route a dialog
   * there when its Contact names another host. Default true; false is RFC 3261 to the letter.
   */
  readonly nat?: boolean;
  /** Between our line breaks (RFC 5626 4.4.1) on connections that a REGISTER of ours went by, ms. Default 105,000. */
  readonly keepAliveMs?: number;
  /** DNS servers (`192.0.2.1`, `192.0.2.1:5353`) in place of the system's. */
  readonly dnsServers?: readonly string[];
}

/** Who may speak with us, and how much: what may change while the server runs. */
export interface SipAccess {
  readonly allow: readonly string[];
  /** undefined: the defaults. */
  readonly rateLimit: RateLimitOptions | false | undefined;
}

export interface SipServerOptions extends SipServerSettings {
  /** Default `systemClock`. */
  readonly clock?: Clock;
  /** Default silent. */
  readonly log?: Log;
  /** In place of the system's DNS. */
  readonly resolver?: Resolver;
  /** Called for each message on the wire, in order; not for those of strangers that belong to nothing of ours. Must not throw. */
  readonly trace?: (event: TraceEvent) => void;
}

/** For `startSipServerWorker`: what cannot be shared between threads is missing. */
export type SipServerWorkerOptions = Omit<SipServerOptions, 'clock' | 'resolver'> & {
  /** Keeps what ends the calls of the server over the end of the process; unset: over that of its thread only. */
  readonly wills?: WillKeeper | undefined;
};

export interface WillKeeper {
  /** Of calls that a process before this one left behind: `left` of a `Spool<LastWill>` of that file. */
  readonly left: readonly { readonly item: LastWill }[];
  /** The file, which the server's thread writes on its own; unset: none. */
  readonly path?: string | undefined;
}

/** Counters since the start, and gauges (the last block). */
export interface SipServerStats {
  /** By method; methods not in RFC 3261 and its extensions count as `OTHER`. Retransmissions not included. */
  readonly requestsIn: Readonly<Record<string, number>>;
  readonly requestsOut: Readonly<Record<string, number>>;
  /** By method of the request, then by status code. */
  readonly responsesIn: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly responsesOut: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Everything that crossed the sockets, repetitions and malformed messages included, keep-alives not. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly retransmissionsIn: number;
  readonly retransmissionsOut: number;
  /** Dropped or answered 400 before any application saw it. */
  readonly malformed: number;
  /** Those of them that were requests. */
  readonly malformedRequests: number;
  /** Dropped because the peer is not on the list. */
  readonly refusedPeers: number;
  /** New requests over the rate limit of their source, and malformed ones that got no 400 for it. */
  readonly rateLimited: number;
  /** Requests of attack tools. */
  readonly scanners: number;
  /** New requests dropped because too many transactions were alive. */
  readonly overload: number;
  /** Responses that belong to no transaction. */
  readonly strayResponses: number;
  readonly transportErrors: number;
  /** Hops of a Contact or Record-Route that its sender may not point at; sent back along the dialog instead. */
  readonly misled: number;
  /** How often the server was started again because its thread had died or hung. */
  readonly restarts: number;
  readonly clients: number;
  readonly dialogs: number;
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  /** Dialogs that a 2xx has confirmed. */
  readonly stableDialogs: number;
  /** Seconds from a first INVITE to its 2xx, of calls that peers (in) or applications (out) make. */
  readonly answerSecondsIn: Distribution;
  readonly answerSecondsOut: Distribution;
  /** Seconds from a first INVITE to its first response that is neither 100 nor a failure. */
  readonly postDialDelaySecondsIn: Distribution;
  readonly postDialDelaySecondsOut: Distribution;
  /** How late the event loop of the server's thread was in the last one to two minutes, ms. */
  readonly loopDelayMs: LoopDelayMs;
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** What the server tells applications. */
  readonly version: string;
}

export interface Distribution {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many were above the bound before and at most at this one; the last count is of those above all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface LoopDelayMs {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** A server in a thread of its own, which is started again when it dies. */
export interface SipServerWorker extends SipServer {
  /** Kills the thread as a crash would; for tests of what follows. */
  crash(): Promise<void>;
}

export interface SipServer {
  /** Where drachtio-srf connects. */
  readonly control: { readonly host: string; readonly port: number };
  /** The listeners in the order of `listen`, with the ports they got. */
  readonly contacts: readonly SipContact[];
  stats(): SipServerStats;
  /**
   * Reads the certificates, keys and authorities of all TLS listeners again. New connections use them, old ones
   * stay. When one cannot be used, all listeners keep what they have.
   *
   * @param access in place of `allow` and `rateLimit`, for requests from now on; without it they stay
   * @throws GatewayError SIP_SERVER_TLS, SIP_SERVER_OPTIONS, SIP_SERVER_ALLOW_MISSING: nothing has changed then
   */
  reload(access?: SipAccess): Promise<void>;
  /** Closes every socket and timer at once, without a word to peers. Idempotent. */
  close(): Promise<void>;
}
