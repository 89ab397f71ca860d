import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket as TcpSocket } from 'node:net';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';

export interface HepSenderOptions {
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  readonly clock: Clock;
  readonly log: Log;
}

/** Pause before a server that was not there is tried again, ms. */
const AGAIN_MS = 5_000;
/** What may wait for a connection, or for a slow server, bytes; beyond it packets are lost. */
const MAX_WAITING = 1_000_000;

/**
 * Sends packets to one HEP server and waits for nobody: what cannot be sent is lost and counted. A name is looked up
 * again at each connection. Owns a socket and a timer until `close`.
 */
export class HepSender {
  readonly #options: HepSenderOptions;
  #socket: UdpSocket | TcpSocket | undefined;
  #up = false;
  #again: TimerHandle | undefined;
  #closed = false;
  #told = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  sent = 0;
  lost = 0;

  constructor(options: HepSenderOptions) {
    this.#options = options;
    this.#open();
  }

  send(packet: Uint8Array): void {
    if (this.#closed) return;
    if (this.#up) return this.#write(packet);
    if (this.#waitingBytes + packet.length > MAX_WAITING) {
      this.lost += 1;
      return;
    }
    this.#waiting.push(packet);
    this.#waitingBytes += packet.length;
  }

  /** Idempotent. What was handed to the system goes out; what waits is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#again?.clear();
    this.lost += this.#waiting.length;
    this.#waiting = [];
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    if ('end' in socket) socket.end();
    else socket.close();
  }

  #open(): void {
    const { host, port, transport } = this.#options;
    const failed = (error: Error): void => this.#failed(socket, error);
    const up = (): void => {
      if (socket !== this.#socket) return;
      this.#up = true;
      this.#told = false;
      for (const packet of this.#waiting.splice(0)) this.#write(packet);
      this.#waitingBytes = 0;
    };
    let socket: UdpSocket | TcpSocket;
    if (transport === 'tcp') {
      socket = connect({ host, port }, up);
      socket.on('close', () => failed(new Error('the connection was closed')));
      // What a server says is not read, but must be taken for its end to be seen.
      socket.resume();
    } else {
      socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
      socket.connect(port, host, up);
    }
    socket.on('error', failed);
    socket.unref();
    this.#socket = socket;
  }

  #write(packet: Uint8Array): void {
    const socket = this.#socket;
    if (!socket || ('writableLength' in socket && socket.writableLength > MAX_WAITING)) {
      this.lost += 1;
      return;
    }
    this.sent += 1;
    if ('end' in socket) socket.write(packet);
    // Errors of UDP come by the callback, for the packet alone: nobody may listen there for the moment.
    else socket.send(packet, (error) => error && this.#lose(error));
  }

  #lose(error: Error): void {
    this.sent -= 1;
    this.lost += 1;
    this.#tell(error);
  }

  #failed(socket: UdpSocket | TcpSocket, error: Error): void {
    if (this.#closed || socket !== this.#socket) return;
    this.#tell(error);
    // An answer by ICMP: the socket stays as it is.
    if (this.#up && !('end' in socket)) return;
    this.#socket = undefined;
    this.#up = false;
    if ('end' in socket) socket.destroy();
    else socket.close();
    this.#again = this.#options.clock.after(AGAIN_MS, () => this.#open());
  }

  /** Once for each outage. */
  #tell(error: Error): void {
    if (this.#told) return;
    this.#told = true;
    const { host, port, transport } = this.#options;
    this.#options.log.warn(
      { code: 'HEP_UNREACHABLE', host, port, transport, err: error.message },
      'hep.unreachable',
    );
  }
}
