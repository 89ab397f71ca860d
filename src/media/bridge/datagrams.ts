import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** A bound UDP socket: the lowest layer of the packet path, and the one a faster engine replaces. */
export interface DatagramPort {
  readonly port: number;
  /** `packet` may be reused as soon as this returns. */
  send(packet: Uint8Array, length: number, port: number, address: string): void;
  close(): Promise<void>;
}

/**
 * Addresses here are always numbers: answering at once makes `send` reach the system call before it returns.
 * (The default look-up takes a tick even for a number, and the packet's buffer is long reused by then.)
 */
function numeric(
  address: string,
  _family: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, address, isIPv6(address) ? 6 : 4);
}

/** A full send buffer makes the system call later after all: so many packets of one socket are kept for that. */
const RING = 16;
const DATAGRAM_BYTES = 1_500;

/** Binds `address:port` (0: any free); rejects with the system's error. */
export function openDatagramPort(
  address: string,
  port: number,
  onDatagram: (packet: Buffer, fromPort: number, fromAddress: string) => void,
): Promise<DatagramPort> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: numeric });
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      // An ICMP error of a phone that is gone shows as silence; the timeout speaks of it.
      socket.on('error', () => {});
      socket.on('message', (packet, from) => onDatagram(packet, from.port, from.address));
      resolve(new NodePort(socket));
    });
  });
}

class NodePort implements DatagramPort {
  readonly port: number;
  readonly #socket: Socket;
  readonly #ring = Buffer.allocUnsafeSlow(RING * DATAGRAM_BYTES);
  #next = 0;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
  }

  send(packet: Uint8Array, length: number, port: number, address: string): void {
    if (this.#closing || length > DATAGRAM_BYTES) return;
    const ring = this.#ring;
    const at = this.#next * DATAGRAM_BYTES;
    this.#next = (this.#next + 1) % RING;
    for (let i = 0; i < length; i++) ring[at + i] = packet[i] as number;
    this.#socket.send(ring, at, length, port, address, ignore);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closing;
  }
}

function ignore(): void {}
