import type { Socket } from 'node:dgram';
import { constants } from 'node:os';
import {
  type DatagramPort,
  MAX_DATAGRAM_BYTES,
  newDatagramCounters,
  type OnDatagram,
  type Peer,
} from '../../../shared/datagram.ts';
import { takeOver } from '../dgram-tap.ts';
import { countErrno } from '../errors.ts';
import type { SocketPeer } from '../peer.ts';
import type { Libc } from './libc.ts';
import { Senders } from './senders.ts';
import type { Stage, StageSender } from './stage.ts';

/** A socket that Node opened and foreign calls read and write. */
export class EpollPort implements DatagramPort, StageSender {
  readonly family: 4 | 6;
  readonly port: number;
  readonly fd: number;
  readonly counters = newDatagramCounters();
  /** In the engine's table. */
  slot = -1;
  readonly #libc: Libc;
  readonly #stage: Stage;
  readonly #socket: Socket;
  readonly #receive: OnDatagram;
  readonly #onClose: (port: EpollPort) => void;
  readonly #senders: Senders;
  #closing: Promise<void> | undefined;

  constructor(
    calls: Libc,
    stage: Stage,
    socket: Socket,
    receive: OnDatagram,
    onClose: (port: EpollPort) => void,
  ) {
    const { port, family } = socket.address();
    this.#libc = calls;
    this.#stage = stage;
    this.#socket = socket;
    this.#receive = receive;
    this.#onClose = onClose;
    this.port = port;
    this.family = family === 'IPv6' ? 6 : 4;
    this.#senders = new Senders(this.family);
    this.fd = takeOver(socket);
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Reads one datagram into a slot of the stage; returns its length, or -1 when there is none to be handed on. */
  read(slot: number): number {
    const length = this.#stage.receive(slot, this.fd);
    if (length < 0) {
      const errno = this.#libc.errno();
      // Another round, or a datagram whose checksum was wrong.
      if (errno !== constants.errno.EAGAIN) countErrno(this.counters, errno);
      return -1;
    }
    if (length <= MAX_DATAGRAM_BYTES) return length;
    this.counters.tooLong += 1;
    return -1;
  }

  /** Hands on what was read; a datagram before it may have closed the port. */
  handOn(slot: number, length: number): void {
    if (this.#closing) return;
    const stage = this.#stage;
    this.counters.received += 1;
    try {
      const from = this.#senders.of(stage.words, stage.fromAt(slot));
      this.#receive(stage.packets[slot] as Buffer, length, from);
    } catch (error) {
      rethrowLater(error);
    }
  }

  send(packet: Uint8Array, length: number, to: Peer): void {
    if (this.#closing) return;
    if (length > MAX_DATAGRAM_BYTES) this.counters.tooLong += 1;
    else if (!this.#stage.send(this, packet, length, to as SocketPeer, this.family))
      this.counters.failed += 1;
  }

  sent(errno: number): void {
    if (errno === 0) this.counters.sent += 1;
    else countErrno(this.counters, errno);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#stage.flush();
      this.#onClose(this);
      this.#socket.close(() => resolve());
    });
    return this.#closing;
  }
}

/** A bug in one handler is told as one, and costs the other packets of the batch nothing. */
function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
