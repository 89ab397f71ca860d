import type { Peer, Sender } from '../../../shared/datagram.ts';
import { formatIp } from '../ip.ts';
import { hashOf, SocketPeer } from '../peer.ts';

const KEPT = 4;

/**
 * Whom the datagrams of one port come from. Those that somebody kept last come as the objects that he has; all others
 * share one object, so that nothing is made for strangers, however many they are.
 */
export class Senders {
  readonly #family: 4 | 6;
  readonly #kept: (SocketPeer | undefined)[] = new Array<SocketPeer | undefined>(KEPT).fill(undefined);
  readonly #guest = new Guest((peer) => this.#host(peer));
  #next = 0;
  #last: SocketPeer | undefined;

  constructor(family: 4 | 6) {
    this.#family = family;
  }

  /** The sender whose `sockaddr` the kernel wrote at word `at`; it is what it is until the next asking. */
  of(words: Int32Array, at: number): Sender {
    const last = this.#last;
    if (last !== undefined && this.#matches(last, words, at)) return last;
    for (let i = 0; i < KEPT; i++) {
      const peer = this.#kept[i];
      if (peer === undefined || !this.#matches(peer, words, at)) continue;
      this.#last = peer;
      return peer;
    }
    if (this.#family === 4) this.#guest.become4(words, at);
    else this.#guest.become6(words, at);
    return this.#guest;
  }

  /** It takes the place of the one that has been here longest. */
  #host(peer: SocketPeer): void {
    this.#kept[this.#next] = peer;
    this.#next = (this.#next + 1) % KEPT;
    this.#last = peer;
  }

  #matches(peer: SocketPeer, words: Int32Array, at: number): boolean {
    if (this.#family === 4) return words[at + 1] === peer.w3 && words[at] === peer.head4;
    return (
      words[at + 5] === peer.w3 &&
      words[at] === peer.head6 &&
      words[at + 4] === peer.w2 &&
      words[at + 3] === peer.w1 &&
      words[at + 2] === peer.w0 &&
      words[at + 6] === peer.scope
    );
  }
}

/** Third word of an IPv4 address in its mapped form. */
const MAPPED = wordOf(0, 0, 0xff, 0xff);
const IS_LITTLE = wordOf(1, 0, 0, 0) === 1;

/** One after the other all senders that nobody kept. */
class Guest implements Sender {
  port = 0;
  readonly #onKept: (peer: SocketPeer) => void;
  #w0 = 0;
  #w1 = 0;
  #w2 = 0;
  #w3 = 0;
  #scope = 0;
  #text: string | undefined;
  #kept: SocketPeer | undefined;

  constructor(onKept: (peer: SocketPeer) => void) {
    this.#onKept = onKept;
  }

  /** A `sockaddr_in` at word `at`. */
  become4(words: Int32Array, at: number): void {
    this.#w0 = 0;
    this.#w1 = 0;
    this.#w2 = MAPPED;
    this.#w3 = words[at + 1] as number;
    this.#scope = 0;
    this.#arrive(words[at] as number);
  }

  /** A `sockaddr_in6`. */
  become6(words: Int32Array, at: number): void {
    this.#w0 = words[at + 2] as number;
    this.#w1 = words[at + 3] as number;
    this.#w2 = words[at + 4] as number;
    this.#w3 = words[at + 5] as number;
    this.#scope = words[at + 6] as number;
    this.#arrive(words[at] as number);
  }

  get address(): string {
    this.#text ??= formatIp({ bytes: this.#bytes(), scope: this.#scope });
    return this.#text;
  }

  get hash(): number {
    return hashOf(this.#w0, this.#w1, this.#w2, this.#w3, this.#scope, this.port);
  }

  is(other: Peer | undefined): boolean {
    return (
      other instanceof SocketPeer &&
      other.w3 === this.#w3 &&
      other.port === this.port &&
      other.w2 === this.#w2 &&
      other.w1 === this.#w1 &&
      other.w0 === this.#w0 &&
      other.scope === this.#scope
    );
  }

  keep(): Peer {
    if (this.#kept) return this.#kept;
    const peer = new SocketPeer({ bytes: this.#bytes(), scope: this.#scope }, this.port);
    this.#kept = peer;
    this.#onKept(peer);
    return peer;
  }

  /** @param head first word of the `sockaddr`: family and port, the port in network order */
  #arrive(head: number): void {
    this.port = IS_LITTLE ? ((head >>> 8) & 0xff00) | (head >>> 24) : head & 0xffff;
    this.#text = undefined;
    this.#kept = undefined;
  }

  #bytes(): Uint8Array {
    return new Uint8Array(Int32Array.of(this.#w0, this.#w1, this.#w2, this.#w3).buffer);
  }
}

/** Four bytes as they are in memory. */
function wordOf(...bytes: [number, number, number, number]): number {
  return new Int32Array(Uint8Array.from(bytes).buffer)[0] as number;
}
