import type { Socket } from 'node:dgram';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import {
  type DatagramIo,
  type DatagramPort,
  type DatagramPortOptions,
  MAX_DATAGRAM_BYTES,
  newDatagramCounters,
  type OnDatagram,
  type Peer,
} from '../../../shared/datagram.ts';
import { bindSocket } from '../dgram-socket.ts';
import { takeOver } from '../dgram-tap.ts';
import { countErrno } from '../errors.ts';
import { SocketPeer } from '../peer.ts';
import { type Libc, libc } from './libc.ts';
import { NativeMemory } from './memory.ts';
import { IDLE_WAIT_MS, pauseUs } from './pace.ts';
import { PortTable } from './port-table.ts';
import { Senders } from './senders.ts';
import { SOCKADDR_BYTES, writeSockaddr } from './sockaddr.ts';

const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const O_CLOEXEC = 0x80000;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** The one copy of part of an array that makes no object. */
const { copy } = Buffer.prototype;

const MAX_EVENTS = 256;
/** Rounds of one batch: a flood may not keep timers and messages of the thread waiting. */
const MAX_ROUNDS = 8;
/** Datagrams behind which no further round of a batch begins: some 10 ms of work; ticks and messages are due. */
const ENOUGH = 300;
/** Batches of one turn: what Node's loop and `setImmediate` cost is shared by three milliseconds of packets. */
const BATCHES = 3;
/** `struct epoll_event` is packed on x86-64 only. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;

/** One buffer for what comes and one for what goes (each handled within its system call), then the events. */
const RECEIVE = 0;
const FROM = 2_048;
const FROM_SIZE = FROM + 32;
const SEND = 4_096;
const TO = SEND + 2_048;
const EVENTS = 8_192;
const MEMORY_BYTES = EVENTS + MAX_EVENTS * EVENT_WORDS * 4;

/**
 * epoll by foreign calls on sockets that Node opened. The thread waits in the kernel, two milliseconds at most, and
 * gives Node's event loop a turn after each batch. Nothing runs while no port is open.
 */
export class EpollIo implements DatagramIo {
  readonly name = 'epoll';
  readonly #libc: Libc = libc();
  readonly #memory: NativeMemory;
  readonly #events: bigint;
  readonly #epoll: number;
  readonly #table = new PortTable<EpollPort>();
  readonly #turn = (): void => this.#run();
  #running = false;
  #moved = 0;
  /** The last batch left nothing that it could have read. */
  #drained = true;
  #closing: Promise<void> | undefined;

  /** Throws where the system has no epoll or no libc that we know. */
  constructor() {
    this.#epoll = openEpoll(this.#libc);
    this.#memory = new NativeMemory(MEMORY_BYTES);
    this.#events = this.#memory.address + BigInt(EVENTS);
  }

  get ports(): number {
    return this.#table.size;
  }

  async open(options: DatagramPortOptions, receive: OnDatagram): Promise<DatagramPort> {
    const socket = await bindSocket(options);
    try {
      if (this.#closing) throw new Error('The engine is closed.');
      const port = new EpollPort(this.#libc, this.#memory, socket, receive, (closed) => this.#remove(closed));
      this.#add(port);
      return port;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  peer(address: string, port: number): Peer | undefined {
    return SocketPeer.parse(address, port);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#table].map((port) => port.close())).then(() => {
      closeSync(this.#epoll);
      this.#memory.free();
    });
    return this.#closing;
  }

  #add(port: EpollPort): void {
    const { words, address } = this.#memory;
    const slot = this.#table.add(port);
    port.slot = slot;
    const at = EVENTS / 4;
    words[at] = EPOLLIN;
    words[at + DATA_WORD] = slot;
    words[at + DATA_WORD + 1] = this.#table.generation(slot);
    if (this.#libc.epollControl(this.#epoll, EPOLL_CTL_ADD, port.fd, address + BigInt(EVENTS)) < 0) {
      this.#table.remove(slot);
      throw new Error(`epoll_ctl: errno ${this.#libc.errno()}`);
    }
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#turn);
  }

  #remove(port: EpollPort): void {
    this.#libc.epollControl(this.#epoll, EPOLL_CTL_DEL, port.fd, this.#memory.address + BigInt(EVENTS));
    this.#table.remove(port.slot);
  }

  #run(): void {
    if (this.#table.size === 0) {
      this.#running = false;
      return;
    }
    setImmediate(this.#turn);
    for (let batch = 0; batch < BATCHES; batch++) {
      this.#batch();
      if (this.#moved === 0 || !this.#drained) return;
    }
  }

  #batch(): void {
    const pause = pauseUs(this.#moved, this.#drained);
    if (pause > 0) this.#libc.sleep(pause);
    let moved = this.#round(this.#moved === 0 ? IDLE_WAIT_MS : 0);
    let all = moved;
    for (let round = 1; moved > 0 && round < MAX_ROUNDS && all < ENOUGH; round++) {
      moved = this.#round(0);
      all += moved;
    }
    this.#moved = all;
    this.#drained = moved === 0;
  }

  /** Reads one datagram of each socket that has some; returns how many sockets had. */
  #round(timeoutMs: number): number {
    const { words } = this.#memory;
    const count = this.#libc.epollWait(this.#epoll, this.#events, MAX_EVENTS, timeoutMs);
    for (let i = 0; i < count; i++) {
      const data = EVENTS / 4 + i * EVENT_WORDS + DATA_WORD;
      this.#table.get(words[data] as number, words[data + 1] as number)?.read();
    }
    return Math.max(0, count);
  }
}

class EpollPort implements DatagramPort {
  readonly family: 4 | 6;
  readonly port: number;
  readonly fd: number;
  readonly counters = newDatagramCounters();
  slot = -1;
  readonly #libc: Libc;
  readonly #memory: NativeMemory;
  readonly #socket: Socket;
  readonly #receive: OnDatagram;
  readonly #onClose: (port: EpollPort) => void;
  readonly #senders: Senders;
  readonly #buffer: bigint;
  readonly #from: bigint;
  readonly #fromSize: bigint;
  readonly #packet: bigint;
  readonly #to: bigint;
  #closing: Promise<void> | undefined;

  constructor(
    calls: Libc,
    memory: NativeMemory,
    socket: Socket,
    receive: OnDatagram,
    onClose: (port: EpollPort) => void,
  ) {
    const { port, family } = socket.address();
    this.#libc = calls;
    this.#memory = memory;
    this.#socket = socket;
    this.#receive = receive;
    this.#onClose = onClose;
    this.port = port;
    this.family = family === 'IPv6' ? 6 : 4;
    this.#senders = new Senders(this.family);
    this.#buffer = memory.address + BigInt(RECEIVE);
    this.#from = memory.address + BigInt(FROM);
    this.#fromSize = memory.address + BigInt(FROM_SIZE);
    this.#packet = memory.address + BigInt(SEND);
    this.#to = memory.address + BigInt(TO);
    this.fd = takeOver(socket);
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  read(): void {
    const { words, bytes } = this.#memory;
    words[FROM_SIZE / 4] = SOCKADDR_BYTES;
    const length = this.#libc.receiveFrom(
      this.fd,
      this.#buffer,
      FROM,
      MSG_DONTWAIT | MSG_TRUNC,
      this.#from,
      this.#fromSize,
    );
    if (length < 0) {
      const errno = this.#libc.errno();
      // Another round, or a datagram whose checksum was wrong.
      if (errno !== constants.errno.EAGAIN) countErrno(this.counters, errno);
      return;
    }
    if (length > MAX_DATAGRAM_BYTES) {
      this.counters.tooLong += 1;
      return;
    }
    this.counters.received += 1;
    try {
      this.#receive(bytes, length, this.#senders.of(words, FROM / 4));
    } catch (error) {
      rethrowLater(error);
    }
  }

  send(packet: Uint8Array, length: number, to: Peer): void {
    if (this.#closing) return;
    const { counters } = this;
    if (length > MAX_DATAGRAM_BYTES) {
      counters.tooLong += 1;
      return;
    }
    const { words, bytes } = this.#memory;
    const size = writeSockaddr(words, TO / 4, to as SocketPeer, this.family);
    if (size === 0) {
      counters.failed += 1;
      return;
    }
    copy.call(packet, bytes, SEND, 0, length);
    const sent = this.#libc.sendTo(
      this.fd,
      this.#packet,
      length,
      MSG_DONTWAIT | MSG_NOSIGNAL,
      this.#to,
      size,
    );
    if (sent >= 0) counters.sent += 1;
    else countErrno(counters, this.#libc.errno());
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClose(this);
      this.#socket.close(() => resolve());
    });
    return this.#closing;
  }
}

/**
 * An epoll under the number of a file of Node's: that is closed with its thread, also when the thread is terminated and
 * nothing of ours runs any more.
 */
function openEpoll(calls: Libc): number {
  const epoll = calls.epollCreate(O_CLOEXEC);
  if (epoll < 0) throw new Error(`epoll_create1: errno ${calls.errno()}`);
  const fd = openSync('/dev/null', 'r');
  const same = calls.duplicate(epoll, fd, O_CLOEXEC);
  calls.close(epoll);
  if (same >= 0) return fd;
  closeSync(fd);
  throw new Error('dup3 failed');
}

/** A bug in one handler is told as one, and costs the other packets of the batch nothing. */
function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
