import { SocketPeer } from '../../src/media/net/peer.ts';
import {
  type DatagramIo,
  type DatagramPort,
  type DatagramPortOptions,
  newDatagramCounters,
  type OnDatagram,
  type Peer,
} from '../../src/shared/datagram.ts';

/** Datagrams that never leave the process: for tests on a virtual clock. What is sent goes to `onSent`. */
export class MemoryIo implements DatagramIo {
  readonly name = 'dgram';
  onSent: (packet: Uint8Array, length: number, to: Peer, fromPort: number) => void = () => {};
  readonly #open = new Map<number, OnDatagram>();
  #next = 20_000;

  get ports(): number {
    return this.#open.size;
  }

  /** A datagram reaches the port at once. */
  deliver(port: number, packet: Buffer, from: Peer): void {
    this.#open.get(port)?.(packet, packet.length, from);
  }

  open(options: DatagramPortOptions, receive: OnDatagram): Promise<DatagramPort> {
    const port = options.port || this.#next;
    if (this.#open.has(port)) return Promise.reject(new Error('EADDRINUSE'));
    this.#next = Math.max(this.#next, port + 1);
    this.#open.set(port, receive);
    const counters = newDatagramCounters();
    const isOpen = (): boolean => this.#open.has(port);
    return Promise.resolve({
      family: 4,
      port,
      counters,
      get closed() {
        return !isOpen();
      },
      send: (packet, length, to) => {
        counters.sent += 1;
        this.onSent(packet, length, to, port);
      },
      close: () => {
        this.#open.delete(port);
        return Promise.resolve();
      },
    });
  }

  peer(address: string, port: number): Peer | undefined {
    return SocketPeer.parse(address, port);
  }

  close(): Promise<void> {
    this.#open.clear();
    return Promise.resolve();
  }
}
