import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../shared/clock.ts';

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

export const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** A zone (RFC 4007 11) means something to its own host only, and no SIP URI has one. */
const withoutZone = (address: string): string => address.split('%', 1)[0] ?? address;

/** The interfaces may change while we run, but not between two messages. ms. */
const INTERFACES_MS = 5_000;

interface Interface {
  readonly address: string;
  readonly six: boolean;
  readonly network: BlockList;
}

export interface OwnAddressesOptions {
  readonly clock: Clock;
  /** Advertised instead of our own, to peers of its family. */
  readonly external?: string | undefined;
  /** Peers that know us by our own address all the same, beside loopback. */
  readonly isLocal?: (peer: string) => boolean;
  /** Default: the system's. */
  readonly interfaces?: typeof networkInterfaces;
}

/** What peers may know as our address. */
export class OwnAddresses {
  readonly #options: OwnAddressesOptions;
  #interfaces: readonly Interface[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: OwnAddressesOptions) {
    this.#options = options;
  }

  /** The same with another external address; undefined keeps this one. */
  withExternal(external: string | undefined): OwnAddresses {
    return external === undefined ? this : new OwnAddresses({ ...this.#options, external });
  }

  /**
   * The address that a peer shall answer to: the external one unless the peer is local; else the bound one; on a
   * wildcard socket the interface whose network holds the peer, else the first that is not loopback.
   */
  toward(bound: string, peer: string): string {
    const { external, isLocal } = this.#options;
    const six = isIPv6(bound);
    const outside = !isLoopback(peer) && isLocal?.(peer) !== true;
    if (external !== undefined && outside && isIPv6(external) === six) return external;
    if (!isWildcard(bound)) return withoutZone(bound);
    const loopback = six ? '::1' : '127.0.0.1';
    if (isLoopback(peer)) return loopback;
    const all = this.#all().filter((each) => each.six === six);
    const near = all.find(({ network }) => network.check(peer, six ? 'ipv6' : 'ipv4'));
    return (near ?? all[0])?.address ?? loopback;
  }

  #all(): readonly Interface[] {
    const now = this.#options.clock.monotonic();
    if (now - this.#readAt < INTERFACES_MS) return this.#interfaces;
    this.#readAt = now;
    const { interfaces = networkInterfaces } = this.#options;
    this.#interfaces = Object.values(interfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
      .map(({ family, address, cidr }) => {
        const six = family === 'IPv6';
        const network = new BlockList();
        const prefix = Number(cidr?.split('/')[1] ?? (six ? 128 : 32));
        network.addSubnet(address, prefix, six ? 'ipv6' : 'ipv4');
        return { address, six, network };
      });
    return this.#interfaces;
  }
}
