/** Whom a datagram came from. It is the receiver's only during the call, as the datagram is: the next one changes it. */
export interface Sender {
  /** IP literal as Node writes it: IPv4 also where a socket of IPv6 met it mapped; link-local with its zone. */
  readonly address: string;
  readonly port: number;
  /** 32 bits made of address and port: those of another sender are hardly ever the same. */
  readonly hash: number;
  /** Whether `other` is the same address and port. */
  is(other: Peer | undefined): boolean;
  /**
   * The same address and port, to have and to hold. Datagrams of a sender that was kept come as that very object, until
   * some others were kept after it; then `is` tells.
   */
  keep(): Peer;
}

/** A socket address that datagrams go to, or that a sender was kept as; made once, it never changes. */
export interface Peer extends Sender {
  /** What the compiler knows it by: a `Sender` that nobody has kept is none. */
  readonly lasts: true;
}

/** `packet` holds `length` bytes of a datagram (and rubbish behind them); it and `from` are the receiver's only during the call. */
export type OnDatagram = (packet: Buffer, length: number, from: Sender) => void;

/** A datagram of more bytes is not media; it is dropped and counted, whole. */
export const MAX_DATAGRAM_BYTES = 1_500;

export interface DatagramPortOptions {
  /** Address to bind, or the wildcard of its family. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** On `::`: leave IPv4 to another socket. */
  readonly ipv6Only?: boolean;
}

/** A bound UDP socket. */
export interface DatagramPort {
  readonly family: 4 | 6;
  readonly port: number;
  readonly closed: boolean;
  readonly counters: DatagramCounters;
  /** Sends a copy of the first `length` bytes; never throws. What cannot be sent is dropped and counted. */
  send(packet: Uint8Array, length: number, to: Peer): void;
  /** Idempotent. Nothing is received after the call, even out of a batch begun; the port is free when it resolves. */
  close(): Promise<void>;
}

/** Datagrams of one port: handed over or sent, and what became of the others. */
export interface DatagramCounters {
  received: number;
  sent: number;
  /** Longer than `MAX_DATAGRAM_BYTES`, either way. */
  tooLong: number;
  /** The kernel had no room (EAGAIN, ENOBUFS). */
  full: number;
  /** Nobody listens there, or no way leads there (ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EPERM). */
  unreachable: number;
  /** Any other error of the system, and an address of another family than the socket's. */
  failed: number;
}

/** The sockets of one thread. */
export interface DatagramIo {
  readonly name: 'dgram' | 'epoll';
  /** Ports that are open. */
  readonly ports: number;
  /** Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL). A throwing `receive` costs that packet alone. */
  open(options: DatagramPortOptions, receive: OnDatagram): Promise<DatagramPort>;
  /** @param address IP literal, else undefined is returned */
  peer(address: string, port: number): Peer | undefined;
  /** Closes what is open, and frees the memory. */
  close(): Promise<void>;
}

export function newDatagramCounters(): DatagramCounters {
  return { received: 0, sent: 0, tooLong: 0, full: 0, unreachable: 0, failed: 0 };
}
