import { SocketPeer } from '../peer.ts';

/** Bytes of a `sockaddr_in6`, the longer one. */
export const SOCKADDR_BYTES = 28;

/**
 * Writes a `sockaddr` for a socket of `family` at word `at`; returns its bytes, 0 when the socket cannot reach such an
 * address. IPv4 goes out of a socket of IPv6 in its mapped form.
 */
export function writeSockaddr(words: Int32Array, at: number, peer: SocketPeer, family: 4 | 6): number {
  if (family === 4) {
    if (peer.family !== 4) return 0;
    words[at] = peer.head4;
    words[at + 1] = peer.w3;
    words[at + 2] = 0;
    words[at + 3] = 0;
    return 16;
  }
  words[at] = peer.head6;
  words[at + 1] = 0;
  words[at + 2] = peer.w0;
  words[at + 3] = peer.w1;
  words[at + 4] = peer.w2;
  words[at + 5] = peer.w3;
  words[at + 6] = peer.scope;
  return SOCKADDR_BYTES;
}

const KEPT = 4;

/** The last senders of one port as objects, so that only a new one costs anything; strangers push one another out. */
export class Senders {
  readonly #family: 4 | 6;
  readonly #kept: (SocketPeer | undefined)[] = [];
  #next = 0;
  #last: SocketPeer | undefined;

  constructor(family: 4 | 6) {
    this.#family = family;
  }

  /** The sender whose `sockaddr` the kernel wrote at word `at`. */
  of(words: Int32Array, at: number): SocketPeer {
    const last = this.#last;
    if (last !== undefined && this.#matches(last, words, at)) return last;
    for (const peer of this.#kept) {
      if (peer !== undefined && this.#matches(peer, words, at)) {
        this.#last = peer;
        return peer;
      }
    }
    const made = this.#make(words, at);
    this.#kept[this.#next] = made;
    this.#next = (this.#next + 1) % KEPT;
    this.#last = made;
    return made;
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

  #make(words: Int32Array, at: number): SocketPeer {
    const sockaddr = new Uint8Array(words.buffer, words.byteOffset + at * 4, SOCKADDR_BYTES);
    const port = ((sockaddr[2] as number) << 8) | (sockaddr[3] as number);
    const bytes = new Uint8Array(16);
    if (this.#family === 6) {
      bytes.set(sockaddr.subarray(8, 24));
      return new SocketPeer({ bytes, scope: words[at + 6] as number }, port);
    }
    bytes.fill(0xff, 10, 12);
    bytes.set(sockaddr.subarray(4, 8), 12);
    return new SocketPeer({ bytes, scope: 0 }, port);
  }
}
