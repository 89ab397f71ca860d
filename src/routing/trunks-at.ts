import { BlockList, isIP } from 'node:net';

/** Where a trunk's INVITEs come from: addresses and CIDR networks; unset: its host, when that is an address. */
export interface TrunkSource {
  readonly host: string;
  readonly from?: readonly string[] | undefined;
}

/** The trunks that a source address may belong to, in the order of the configuration. */
export function trunksAt(trunks: Readonly<Record<string, TrunkSource>>, address: string): string[] {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (isIP(plain) === 0) return [];
  return Object.entries(trunks)
    .filter(([, trunk]) => holds(trunk.from ?? [trunk.host], plain))
    .map(([name]) => name);
}

function holds(entries: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [network = '', prefix] = entry.split('/');
    if (isIP(network) === 0) continue;
    const bits = isIP(network) === 6 ? 128 : 32;
    list.addSubnet(network, Number(prefix ?? bits), family(network));
  }
  return list.check(address, family(address));
}

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
