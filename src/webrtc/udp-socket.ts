import { randomInt } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import type { DatagramIo, DatagramPort, Peer, Sender } from '../shared/datagram.ts';
import { StrangerGate } from '../shared/stranger-gate.ts';

export interface UdpSocketOptions {
  readonly io: DatagramIo;
  readonly clock: Pick<Clock, 'monotonic'>;
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
  readonly #port: DatagramPort;
  readonly #partners: Partners;
  readonly #gate: StrangerGate;

  /** Rejects with the system's error when the address is not ours or no port of the range is free. */
  static async bind(options: UdpSocketOptions): Promise<UdpSocket> {
    const { io, address, clock, onMedia, onControl } = options;
    const partners = new Partners(io);
    const gate = new StrangerGate();
    const [min, max] = options.portRange ?? [0, 0];
    const size = max - min + 1;
    const start = size > 1 ? randomInt(size) : 0;
    const receive = (packet: Buffer, length: number, from: Sender): void => {
      // Before anything is read or copied.
      if (!partners.has(from) && !gate.take(from, clock.monotonic())) return;
      const first = length === 0 ? 0 : (packet[0] as number);
      if (first > 127 && first < 192) onMedia(packet, length);
      else onControl(Buffer.from(packet.subarray(0, length)), from.address, from.port);
    };
    for (let attempt = 0; ; attempt++) {
      const port = min + ((start + attempt) % size);
      try {
        return new UdpSocket(await io.open({ address, port, ipv6Only: true }, receive), partners, gate);
      } catch (error) {
        const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!busy || attempt + 1 >= size) throw error;
      }
    }
  }

  private constructor(port: DatagramPort, partners: Partners, gate: StrangerGate) {
    this.#port = port;
    this.#partners = partners;
    this.#gate = gate;
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

  /** Datagrams of strangers that nobody looked at, because there were too many. */
  get strangers(): number {
    return this.#gate.dropped;
  }

  /** Sends a copy. Too long (over 1500 bytes) or after `close`: dropped. `address` is an IP literal. */
  send(datagram: Uint8Array, address: string, port: number): void {
    const to = this.#partners.of(address, port);
    if (to) this.sendTo(datagram, datagram.length, to);
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

/** More candidates than an answer of Meta's has. */
const MAX_PARTNERS = 16;

/** Whom werift wrote to: these are no strangers. The oldest goes first. */
class Partners {
  readonly #io: DatagramIo;
  readonly #all: Peer[] = [];
  #last: Peer | undefined;
  /** Whose datagram came last: it was kept, so that media need no comparison by words. */
  #heard: Peer | undefined;

  constructor(io: DatagramIo) {
    this.#io = io;
  }

  has(sender: Sender): boolean {
    if (sender === this.#heard) return true;
    for (let i = 0; i < this.#all.length; i++) {
      if (!sender.is(this.#all[i])) continue;
      this.#heard = sender.keep();
      return true;
    }
    return false;
  }

  of(address: string, port: number): Peer | undefined {
    const last = this.#last;
    if (last?.port === port && last.address === address) return last;
    const known = this.#all.find((peer) => peer.port === port && peer.address === address);
    this.#last = known ?? this.#io.peer(address, port);
    if (!known && this.#last) this.#all.push(this.#last);
    if (this.#all.length > MAX_PARTNERS) {
      this.#all.shift();
      this.#heard = undefined;
    }
    return this.#last;
  }
}
