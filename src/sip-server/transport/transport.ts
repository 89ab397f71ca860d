import type { Clock } from '../../shared/clock.ts';
import type { Result } from '../../shared/result.ts';
import type { Protocol, SipContact } from '../types.ts';
import type { OwnAddresses } from './address.ts';
import type { StreamLimits } from './limits.ts';

/** An IP address (no brackets) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * A way to one peer: for UDP a socket and an address, for a stream its connection. Requests go out on it, and the
 * answers to requests that came in on it.
 */
export interface Flow {
  readonly protocol: Protocol;
  /** Whether the transport itself retransmits (RFC 3261 17: timers A, E, G are off). */
  readonly reliable: boolean;
  /** What this peer may know as our address: for Via and Contact. */
  readonly local: Endpoint;
  /** Where our socket really is bound. */
  readonly bound: Endpoint;
  readonly remote: Endpoint;
  /** Hands the message to the socket; `failed` is called at most once, later. */
  send(message: Buffer, failed: (error: Error) => void): void;
  /** A connection that we opened, so that its remote port is one that listens. */
  readonly isOurs?: boolean;
  /** Whether it can still be sent on: false once its connection is gone. */
  isOpen(): boolean;
  /**
   * The way of the answers to a request that came in on this flow and named `sentBy` in its Via (RFC 3261 18.2.2):
   * the same socket toward that port; for a stream its connection and, once that is gone, one to that port.
   */
  answering(sentBy: SentBy): Flow;
  /** Told once when a stream is connected (and its peer proved), or why not; absent where nothing is to wait for. */
  whenReady?(tell: (error: Error | undefined) => void): void;
  /**
   * Another way to the same target, once this one has failed (RFC 3263 4.3); undefined when there is none left.
   *
   * @param avoidMs how long this one comes last for others, too
   */
  next?(avoidMs?: number): Flow | undefined;
  /** A connected TCP flow to the same place, for requests too large for UDP, or undefined (RFC 3261 18.1.1). */
  overStream?(done: (flow: Flow | undefined) => void): void;
  /** The peer wants requests for that host and port on this connection, too (RFC 5923); done if it may. */
  alias?(sentBy: SentBy): void;
  /**
   * An application took a registration that came on it, and so vouches for its far end: requests to that very address
   * and port may go out on it (RFC 5626 5.3).
   */
  registered?(): void;
}

/** Host and port of a Via; the default port of the transport when it names none. */
export interface SentBy {
  readonly host: string;
  readonly port?: number;
}

/** RFC 3261 19.1.2. */
export const defaultPort = (protocol: string): number => (protocol === 'tls' ? 5061 : 5060);

/** Where a request is to go, before any name is resolved (RFC 3263 4). */
export interface Target {
  /** A host name or IP address, without brackets. */
  readonly host: string;
  /** Undefined: what DNS says, else the default of the transport. */
  readonly port?: number | undefined;
  /** The transport that the URI names. */
  readonly protocol?: string | undefined;
  /** A `sips:` URI: TLS and nothing else. */
  readonly secure?: boolean;
  /** The transport when neither URI nor DNS names one. Default UDP. */
  readonly silent?: Protocol | undefined;
  /** The SIP domain that was asked for, which a TLS peer must prove to be (RFC 5922 7.3). Default `host`. */
  readonly domain?: string;
  /** Sent from the same listener when it fits. */
  readonly prefer?: Flow;
  /** Address of the peer whose message named it: what that peer may not point at is passed over. Default: it is our own. */
  readonly namedBy?: string;
}

/** All that a peer named as the next hop is where it may not point. */
export class MisledError extends Error {}

/** What the engine needs of the outside world. */
export interface Transports {
  readonly contacts: readonly SipContact[];
  /** Calls back at once when the host is an address; calls for one host come back in their order. */
  open(target: Target, done: (flow: Result<Flow, Error>) => void): void;
  /** Any flow of ours, to build messages that will never leave. */
  anyFlow(): Flow;
}

/** What listeners share. */
export interface ListenerOptions {
  readonly clock: Clock;
  /** In place of `STREAM_LIMITS`. */
  readonly limits?: Partial<StreamLimits>;
  /** What peers may know as our addresses. */
  readonly own: OwnAddresses;
  /** Whether a listener takes connections from that address. */
  readonly accepts: (address: string, listener: SipContact) => boolean;
  /** The bytes of one message and where they came from. */
  readonly onMessage: (message: Buffer, flow: Flow) => void;
  /** A message of that peer pointed at an address at which it may not. */
  readonly onMisled?: (by: string, at: string) => void;
  /** A socket failed while nothing was sent. */
  readonly onError: (error: Error) => void;
  /** Sees every message before it is sent. */
  readonly onSend?: (message: Buffer, flow: Flow) => void;
}
