import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

export const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/**
 * The address that a peer shall answer to: the external one unless the peer is on this machine; else the bound
 * one; on a wildcard socket the interface whose network holds the peer, else the first that is not loopback.
 */
export function advertised(bound: string, peer: string, external: string | undefined): string {
  if (external !== undefined && !isLoopback(peer)) return external;
  if (!isWildcard(bound)) return bound;
  const six = isIPv6(bound);
  if (isLoopback(peer)) return six ? '::1' : '127.0.0.1';
  let first: string | undefined;
  for (const entry of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    if ((entry.family === 'IPv6') !== six || entry.internal || entry.address.startsWith('fe80:')) continue;
    first ??= entry.address;
    if (entry.cidr === null || isIP(peer) === 0) continue;
    const network = new BlockList();
    const [address = '', prefix = '32'] = entry.cidr.split('/');
    network.addSubnet(address, Number(prefix), six ? 'ipv6' : 'ipv4');
    if (network.check(peer, six ? 'ipv6' : 'ipv4')) return entry.address;
  }
  return first ?? (six ? '::1' : '127.0.0.1');
}
