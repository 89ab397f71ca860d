import { closeSync, openSync } from 'node:fs';
import type {
  DatagramIo,
  DatagramPort,
  DatagramPortOptions,
  OnDatagram,
  Peer,
} from '../../../shared/datagram.ts';
import { bindSocket } from '../dgram-socket.ts';
import { SocketPeer } from '../peer.ts';
import { EpollPort } from './epoll-port.ts';
import { type Libc, libc } from './libc.ts';
import { NativeMemory } from './memory.ts';
import { IDLE_WAIT_MS, Pace } from './pace.ts';
import { PortTable } from './port-table.ts';
import { STAGE, STAGE_BYTES, Stage } from './stage.ts';

const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const O_CLOEXEC = 0x80000;

const MAX_EVENTS = 256;
/** Rounds of one batch: a flood may not keep timers and messages of the thread waiting. */
const MAX_ROUNDS = 8;
/** Datagrams behind which no further round of a batch begins: some 10 ms of work; ticks and messages are due. */
const ENOUGH = 300;
/** Batches of one turn: what Node's loop and `setImmediate` cost is shared by four milliseconds of packets. */
const BATCHES = 3;
/** `struct epoll_event` is packed on x86-64 only. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;

/** Behind the stage. */
const EVENTS = STAGE_BYTES;
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
  readonly #stage: Stage;
  /** Ports and lengths of what the stage received. */
  readonly #came: (EpollPort | undefined)[] = new Array<undefined>(STAGE).fill(undefined);
  readonly #lengths = new Int32Array(STAGE);
  readonly #table = new PortTable<EpollPort>();
  readonly #pace = new Pace();
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
    this.#stage = new Stage(this.#libc, this.#memory);
  }

  get ports(): number {
    return this.#table.size;
  }

  async open(options: DatagramPortOptions, receive: OnDatagram): Promise<DatagramPort> {
    const socket = await bindSocket(options);
    try {
      if (this.#closing) throw new Error('The engine is closed.');
      const port = new EpollPort(this.#libc, this.#stage, socket, receive, (closed) => this.#remove(closed));
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
      // The next port begins with a wait in the kernel: nobody knows when the thread woke.
      this.#moved = 0;
      return;
    }
    setImmediate(this.#turn);
    for (let batch = 0; batch < BATCHES; batch++) {
      this.#batch();
      if (this.#moved === 0 || !this.#drained) return;
    }
  }

  #batch(): void {
    const pause = this.#pace.pauseUs(this.#moved, this.#drained, (performance.now() * 1_000) | 0);
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
    const count = this.#libc.epollWait(this.#epoll, this.#events, MAX_EVENTS, timeoutMs);
    for (let first = 0; first < count; first += STAGE) this.#workOff(first, Math.min(count, first + STAGE));
    return Math.max(0, count);
  }

  /** One datagram of each socket of the events from `first` on, in three steps. */
  #workOff(first: number, end: number): void {
    const { words } = this.#memory;
    let came = 0;
    for (let i = first; i < end; i++) {
      const data = EVENTS / 4 + i * EVENT_WORDS + DATA_WORD;
      const port = this.#table.get(words[data] as number, words[data + 1] as number);
      const length = port === undefined ? -1 : port.read(came);
      if (length < 0) continue;
      this.#came[came] = port;
      this.#lengths[came] = length;
      came += 1;
    }
    this.#stage.hold();
    for (let slot = 0; slot < came; slot++) {
      this.#came[slot]?.handOn(slot, this.#lengths[slot] as number);
      this.#came[slot] = undefined;
    }
    this.#stage.release();
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
