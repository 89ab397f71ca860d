import type { Result } from '../../shared/result.ts';
import type { Protocol, SipContact } from '../types.ts';

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
  /** The same socket toward another port of the peer; a stream returns itself. */
  withPort(port: number): Flow;
}

/** Where a request is to go, before any name is resolved. */
export interface Target {
  readonly protocol: string;
  /** A host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Sent from the same listener when it fits. */
  readonly prefer?: Flow;
}

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
  /** Advertised instead of the bound address. */
  readonly external: string | undefined;
  /** Whether a listener takes connections from that address. */
  readonly accepts: (address: string, listener: SipContact) => boolean;
  /** The bytes of one message and where they came from. */
  readonly onMessage: (message: Buffer, flow: Flow) => void;
  /** A socket failed while nothing was sent. */
  readonly onError: (error: Error) => void;
  /** Sees every message, before it is handled or sent. */
  readonly trace?: (direction: 'in' | 'out', flow: Flow, message: Buffer) => void;
}
