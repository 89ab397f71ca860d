import { BlockList, isIP } from 'node:net';

/** Whether an address, as it is written in a configuration, reaches this machine only (RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
export function isLoopback(address: string): boolean {
  // Names such as 127.0.0.1.example.org are somebody else's.
  return isIP(address) !== 0 && (address === '::1' || /^(::ffff:)?127\./i.test(address));
}

const LOOPBACK = listOf(['127.0.0.0', 8], ['::1', 128]);
/** Reaches neighbours on one link only (RFC 3927, RFC 4291 2.5.6); at cloud providers also the service with the machine's keys. */
const LINK_LOCAL = listOf(['169.254.0.0', 16], ['fe80::', 10]);
/** Nobody's address: unspecified, multicast, reserved and broadcast (RFC 6890). */
const NOBODY = listOf(['0.0.0.0', 8], ['224.0.0.0', 4], ['240.0.0.0', 4], ['::', 128], ['ff00::', 8]);

/**
 * Whether somebody at the address `by` may have us send to the address `to`, by naming it in a message. Nobody points at
 * loopback or a link whose own address is not of it, nor at what is no host's. IP literals, also IPv4 as IPv6 writes it;
 * what is none may be named by nobody.
 */
export function mayName(by: string, to: string): boolean {
  if (isIP(bare(to)) === 0 || holds(NOBODY, to)) return false;
  return [LOOPBACK, LINK_LOCAL].every((list) => !holds(list, to) || holds(list, by));
}

function listOf(...networks: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks)
    list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

/** Without brackets and zone. */
const bare = (address: string): string => address.replace(/^\[|\]$/g, '').split('%', 1)[0] ?? '';

function holds(list: BlockList, address: string): boolean {
  const plain = bare(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}
