import type { SocketPeer } from '../peer.ts';
import type { Libc } from './libc.ts';
import type { NativeMemory } from './memory.ts';
import { SOCKADDR_BYTES, writeSockaddr } from './sockaddr.ts';

/** Datagrams that are received together. */
export const STAGE = 32;
/** Datagrams that are sent together: more would keep the first of them waiting for the work on the last. */
const SENDS = 8;

/** A datagram (one byte more tells that it was longer), its `sockaddr`, and the size of that. */
const FROM = 1_536;
const FROM_SIZE = FROM + 32;
const SLOT_BYTES = FROM + 64;
const SEND_AT = STAGE * SLOT_BYTES;

/** Bytes of memory that a stage takes. */
export const STAGE_BYTES = (STAGE + SENDS) * SLOT_BYTES;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** The one copy of part of an array that makes no object; a loop in TypeScript takes three to seven times as long. */
const { copy } = Buffer.prototype;

/** What sends: its descriptor, and who counts what became of a datagram. */
export interface StageSender {
  readonly fd: number;
  /** @param errno 0: it went out */
  sent(errno: number): void;
}

/**
 * Room for the datagrams of one round: those that came, and those that go. All are received, then worked on, and sent
 * in groups: one after the other through all three, each would find the processor's caches full of the others' code,
 * and cost some per cent more (PERFORMANCE.md).
 */
export class Stage {
  /** Of what came, by slot. */
  readonly packets: readonly Buffer[];
  readonly words: Int32Array;
  readonly #bytes: Buffer;
  readonly #libc: Libc;
  // Addresses are BigInts, which are objects: each is made once.
  readonly #received: readonly bigint[];
  readonly #from: readonly bigint[];
  readonly #fromSize: readonly bigint[];
  readonly #toSend: readonly bigint[];
  readonly #to: readonly bigint[];
  readonly #senders: (StageSender | undefined)[] = new Array<undefined>(SENDS).fill(undefined);
  readonly #lengths = new Int32Array(SENDS);
  readonly #toSizes = new Int32Array(SENDS);
  #waiting = 0;
  #holds = false;

  /** @param memory of which it takes `STAGE_BYTES` from the beginning */
  constructor(libc: Libc, memory: NativeMemory) {
    const addresses = (offset: number, length: number): bigint[] =>
      Array.from({ length }, (_, i) => memory.address + BigInt(i * SLOT_BYTES + offset));
    this.#libc = libc;
    this.words = memory.words;
    this.#bytes = memory.bytes;
    this.packets = Array.from({ length: STAGE }, (_, i) =>
      memory.bytes.subarray(i * SLOT_BYTES, i * SLOT_BYTES + FROM),
    );
    this.#received = addresses(0, STAGE);
    this.#from = addresses(FROM, STAGE);
    this.#fromSize = addresses(FROM_SIZE, STAGE);
    this.#toSend = addresses(SEND_AT, SENDS);
    this.#to = addresses(SEND_AT + FROM, SENDS);
  }

  /** Receives one datagram into a slot; returns its whole length, also where it was longer than there is room, or -1. */
  receive(slot: number, fd: number): number {
    this.words[(slot * SLOT_BYTES + FROM_SIZE) / 4] = SOCKADDR_BYTES;
    return this.#libc.receiveFrom(
      fd,
      this.#received[slot] as bigint,
      FROM,
      MSG_DONTWAIT | MSG_TRUNC,
      this.#from[slot] as bigint,
      this.#fromSize[slot] as bigint,
    );
  }

  /** Word at which the `sockaddr` of the datagram in that slot begins. */
  fromAt(slot: number): number {
    return (slot * SLOT_BYTES + FROM) / 4;
  }

  /** What is sent from now on waits for `release`, or until there is no room. */
  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    this.flush();
  }

  /**
   * Sends a copy of the first `length` bytes, at most `MAX_DATAGRAM_BYTES` (the sender sees to that), at once or with the others; false: a socket
   * of that family does not reach such an address.
   */
  send(sender: StageSender, packet: Uint8Array, length: number, to: SocketPeer, family: 4 | 6): boolean {
    if (this.#waiting === SENDS) this.flush();
    const slot = this.#waiting;
    const at = SEND_AT + slot * SLOT_BYTES;
    const size = writeSockaddr(this.words, (at + FROM) / 4, to, family);
    if (size === 0) return false;
    copy.call(packet, this.#bytes, at, 0, length);
    this.#senders[slot] = sender;
    this.#lengths[slot] = length;
    this.#toSizes[slot] = size;
    this.#waiting = slot + 1;
    if (!this.#holds) this.flush();
    return true;
  }

  /** Sends what waits; before a descriptor is closed, too: its number may be another socket's next. */
  flush(): void {
    const libc = this.#libc;
    const count = this.#waiting;
    this.#waiting = 0;
    for (let slot = 0; slot < count; slot++) {
      const sender = this.#senders[slot] as StageSender;
      const sent = libc.sendTo(
        sender.fd,
        this.#toSend[slot] as bigint,
        this.#lengths[slot] as number,
        MSG_DONTWAIT | MSG_NOSIGNAL,
        this.#to[slot] as bigint,
        this.#toSizes[slot] as number,
      );
      sender.sent(sent >= 0 ? 0 : libc.errno());
      this.#senders[slot] = undefined;
    }
  }
}
