import type { SocketPeer } from '../peer.ts';

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
