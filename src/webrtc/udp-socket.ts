import { randomInt } from 'node:crypto';
import type { DatagramIo, DatagramPort, Peer } from '../shared/datagram.ts';

export interface UdpSocketOptions {
  readonly io: DatagramIo;
  /** Address to bind, or the wildcard of its family. */
  readonly address: string;
  /** Ports to choose from, both ends included; unset: any free one. */
  readonly portRange?: readonly [number, number] | undefined;
  /** RTP and RTCP: first byte 128 to 191 (RFC 7983 section 7). `length` bytes, valid only during the call. */
  readonly onMedia: (packet: Buffer, length: number) => void;
  /** STUN and DTLS, with the sender; a copy of its own. */
  readonly onControl: (datagram: Buffer, address: string, port: number) => void;
}

/** The UDP socket of a leg: everything of one call and one address family runs over it (BUNDLE, rtcp-mux). */
export class UdpSocket {
  readonly #io: DatagramIo;
  readonly #port: DatagramPort;
  /** Whom werift wrote to last. */
  #to: Peer | undefined;

  /** Rejects with the system's error when the address is not ours or no port of the range is free. */
  static async bind(options: UdpSocketOptions): Promise<UdpSocket> {
    const { io, address, onMedia, onControl } = options;
    const [min, max] = options.portRange ?? [0, 0];
    const size = max - min + 1;
    const start = size > 1 ? randomInt(size) : 0;
    const receive = (packet: Buffer, length: number, from: Peer): void => {
      const first = length === 0 ? 0 : (packet[0] as number);
      if (first > 127 && first < 192) onMedia(packet, length);
      else onControl(Buffer.from(packet.subarray(0, length)), from.address, from.port);
    };
    for (let attempt = 0; ; attempt++) {
      const port = min + ((start + attempt) % size);
      try {
        return new UdpSocket(io, await io.open({ address, port, ipv6Only: true }, receive));
      } catch (error) {
        const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!busy || attempt + 1 >= size) throw error;
      }
    }
  }

  private constructor(io: DatagramIo, port: DatagramPort) {
    this.#io = io;
    this.#port = port;
  }

  get family(): 4 | 6 {
    return this.#port.family;
  }

  get port(): number {
    return this.#port.port;
  }

  get closed(): boolean {
    return this.#port.closed;
  }

  /** Datagrams that the system refused to send. */
  get unsent(): number {
    return this.#port.counters.unreachable + this.#port.counters.failed;
  }

  /** Sends a copy. Too long (over 1500 bytes) or after `close`: dropped. `address` is an IP literal. */
  send(datagram: Uint8Array, address: string, port: number): void {
    if (this.#to?.port !== port || this.#to.address !== address) this.#to = this.#io.peer(address, port);
    if (this.#to) this.sendTo(datagram, datagram.length, this.#to);
  }

  /** The same for the first `length` bytes, to somebody known. */
  sendTo(datagram: Uint8Array, length: number, to: Peer): void {
    this.#port.send(datagram, length, to);
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#port.close();
  }
}
