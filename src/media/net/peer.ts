import type { Peer } from '../../shared/datagram.ts';
import { formatIp, type IpAddress, isMapped, parseIp } from './ip.ts';

/** Linux numbers of the families in a `sockaddr`. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** A peer as the kernel's words: 32-bit words in memory order, whose only use is to be compared and copied. */
export class SocketPeer implements Peer {
  readonly lasts = true;
  readonly port: number;
  readonly family: 4 | 6;
  /** The address; IPv4 in its mapped form. */
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly scope: number;
  /** First word of a `sockaddr_in` and of a `sockaddr_in6`: family and port. */
  readonly head4: number;
  readonly head6: number;
  readonly #bytes: Uint8Array;
  #text: string | undefined;

  constructor({ bytes, scope }: IpAddress, port: number) {
    const words = new Int32Array(4);
    new Uint8Array(words.buffer).set(bytes);
    this.#bytes = bytes;
    this.port = port;
    this.scope = scope;
    this.family = isMapped(bytes) ? 4 : 6;
    [this.w0 = 0, this.w1 = 0, this.w2 = 0, this.w3 = 0] = words;
    this.head4 = head(AF_INET, port);
    this.head6 = head(AF_INET6, port);
  }

  /** Undefined when `address` is no IP literal. */
  static parse(address: string, port: number): SocketPeer | undefined {
    const ip = parseIp(address);
    return ip && new SocketPeer(ip, port);
  }

  get address(): string {
    this.#text ??= formatIp({ bytes: this.#bytes, scope: this.scope });
    return this.#text;
  }

  get hash(): number {
    return hashOf(this.w0, this.w1, this.w2, this.w3, this.scope, this.port);
  }

  keep(): this {
    return this;
  }

  is(other: Peer | undefined): boolean {
    if (other === this) return true;
    return (
      other instanceof SocketPeer &&
      other.w3 === this.w3 &&
      other.port === this.port &&
      other.w2 === this.w2 &&
      other.w1 === this.w1 &&
      other.w0 === this.w0 &&
      other.scope === this.scope
    );
  }
}

/** Of an address in words, its scope and a port; 32 bits, signed. */
export function hashOf(w0: number, w1: number, w2: number, w3: number, scope: number, port: number): number {
  let hash = mixed(w3 ^ port);
  hash = mixed(hash ^ w2);
  hash = mixed(hash ^ w1);
  hash = mixed(hash ^ w0);
  return mixed(hash ^ scope ^ (port << 16));
}

/** The finalizer of MurmurHash3: one bit more or less changes half of all. */
function mixed(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function head(family: number, port: number): number {
  const word = new Int32Array(1);
  const bytes = new DataView(word.buffer);
  new Uint16Array(word.buffer)[0] = family;
  bytes.setUint16(2, port);
  return word[0] as number;
}
