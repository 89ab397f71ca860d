import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export interface UdpSocketOptions {
  /** Address to bind, or the wildcard of its family. */
  readonly address: string;
  /** Ports to choose from, both ends included; unset: any free one. */
  readonly portRange?: readonly [number, number] | undefined;
  /** RTP and RTCP: first byte 128 to 191 (RFC 7983 section 7). */
  readonly onMedia: (packet: Buffer) => void;
  /** STUN and DTLS, with the sender. */
  readonly onControl: (datagram: Buffer, address: string, port: number) => void;
}

/** Slots that a datagram is copied to, so that the caller's buffer is free even when the kernel's queue is full. */
const SLOTS = 8;
export const MAX_DATAGRAM_BYTES = 1_500;

/** The UDP socket of a leg: everything of one call and one address family runs over it (BUNDLE, rtcp-mux). */
export class UdpSocket {
  readonly family: 4 | 6;
  readonly port: number;
  readonly #socket: Socket;
  readonly #slots: Buffer[] = Array.from({ length: SLOTS }, () => Buffer.allocUnsafe(MAX_DATAGRAM_BYTES));
  #next = 0;
  #closing: Promise<void> | undefined;

  /** Rejects with the system's error when the address is not ours or no port of the range is free. */
  static async bind(options: UdpSocketOptions): Promise<UdpSocket> {
    const [min, max] = options.portRange ?? [0, 0];
    const size = max - min + 1;
    const start = size > 1 ? randomInt(size) : 0;
    for (let attempt = 0; ; attempt++) {
      const socket = socketOf(options.address);
      try {
        await bound(socket, options.address, min + ((start + attempt) % size));
        return new UdpSocket(socket, options);
      } catch (error) {
        socket.close();
        const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!busy || attempt + 1 >= size) throw error;
      }
    }
  }

  private constructor(socket: Socket, options: UdpSocketOptions) {
    this.#socket = socket;
    this.family = isIPv6(options.address) ? 6 : 4;
    this.port = socket.address().port;
    socket.on('message', (data, from) => {
      const first = data[0] ?? 0;
      if (first > 127 && first < 192) options.onMedia(data);
      else options.onControl(data, from.address, from.port);
    });
    // An unreachable network shows as lost packets; consent checks end the call if it lasts.
    socket.on('error', ignore);
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Sends a copy. Too long (over 1500 bytes) or after `close`: dropped. `address` is an IP literal. */
  send(datagram: Uint8Array, address: string, port: number): void {
    if (this.#closing || datagram.length > MAX_DATAGRAM_BYTES) return;
    const slot = this.#slots[this.#next++ % SLOTS] as Buffer;
    slot.set(datagram);
    this.#socket.send(slot, 0, datagram.length, port, address, ignore);
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closing;
  }
}

/**
 * Addresses are always literals here, so nothing is looked up: with this, `send` reaches the system call within
 * the call instead of a tick later.
 */
function literal(
  address: string,
  _family: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, address, isIPv6(address) ? 6 : 4);
}

function socketOf(address: string): Socket {
  return isIPv6(address)
    ? createSocket({ type: 'udp6', ipv6Only: true, lookup: literal })
    : createSocket({ type: 'udp4', lookup: literal });
}

function bound(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function ignore(): void {}
