import type { RemoteInfo, Socket } from 'node:dgram';
import {
  type DatagramIo,
  type DatagramPort,
  type DatagramPortOptions,
  MAX_DATAGRAM_BYTES,
  newDatagramCounters,
  type OnDatagram,
  type Peer,
} from '../../shared/datagram.ts';
import { bindSocket } from './dgram-socket.ts';
import { countError } from './errors.ts';
import { SocketPeer } from './peer.ts';

/** A full send buffer makes the system call later after all: so many packets of one socket are kept for that. */
const RING = 16;

/** Sockets as Node drives them; runs on every system. */
export class DgramIo implements DatagramIo {
  readonly name = 'dgram';
  readonly #ports = new Set<DgramPort>();

  get ports(): number {
    return this.#ports.size;
  }

  async open(options: DatagramPortOptions, receive: OnDatagram): Promise<DatagramPort> {
    const socket = await bindSocket(options);
    const port = new DgramPort(socket, receive, (closed) => this.#ports.delete(closed));
    this.#ports.add(port);
    return port;
  }

  peer(address: string, port: number): Peer | undefined {
    return SocketPeer.parse(address, port);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ports].map((port) => port.close()));
  }
}

class DgramPort implements DatagramPort {
  readonly family: 4 | 6;
  readonly port: number;
  readonly counters = newDatagramCounters();
  readonly #socket: Socket;
  readonly #receive: OnDatagram;
  readonly #onClosed: (port: DgramPort) => void;
  readonly #ring = Buffer.allocUnsafeSlow(RING * MAX_DATAGRAM_BYTES);
  readonly #sent = (error: Error | null): void => {
    if (error) countError(this.counters, error);
    else this.counters.sent += 1;
  };
  #next = 0;
  #from: Peer | undefined;
  #fromAddress = '';
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, receive: OnDatagram, onClosed: (port: DgramPort) => void) {
    const { port, family } = socket.address();
    this.#socket = socket;
    this.#receive = receive;
    this.#onClosed = onClosed;
    this.port = port;
    this.family = family === 'IPv6' ? 6 : 4;
    socket.on('message', (packet, from) => this.#take(packet, from));
    socket.on('error', (error) => countError(this.counters, error));
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  send(packet: Uint8Array, length: number, to: Peer): void {
    if (this.#closing) return;
    if (length > MAX_DATAGRAM_BYTES) {
      this.counters.tooLong += 1;
      return;
    }
    const { family } = to as SocketPeer;
    // Node throws at a port that is none; a datagram may well come from port 0.
    if (family > this.family || !(to.port > 0 && to.port < 65_536)) {
      this.counters.failed += 1;
      return;
    }
    const ring = this.#ring;
    const at = this.#next * MAX_DATAGRAM_BYTES;
    this.#next = (this.#next + 1) % RING;
    for (let i = 0; i < length; i++) ring[at + i] = packet[i] as number;
    const address = family < this.family ? `::ffff:${to.address}` : to.address;
    this.#socket.send(ring, at, length, to.port, address, this.#sent);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#socket.close(() => {
        this.#onClosed(this);
        resolve();
      });
    });
    return this.#closing;
  }

  #take(packet: Buffer, { address, port }: RemoteInfo): void {
    if (this.#closing) return;
    if (packet.length > MAX_DATAGRAM_BYTES) {
      this.counters.tooLong += 1;
      return;
    }
    if (this.#from?.port !== port || this.#fromAddress !== address) {
      this.#from = SocketPeer.parse(address, port);
      this.#fromAddress = address;
    }
    if (!this.#from) return;
    this.counters.received += 1;
    this.#receive(packet, packet.length, this.#from);
  }
}
