import { BlockList, isIP } from 'node:net';

/** Where a trunk's INVITEs come from: addresses and CIDR networks; unset: its host, when that is an address. */
export interface TrunkSource {
  readonly host: string;
  readonly from?: readonly string[] | undefined;
}

/** The trunk that a source address belongs to; the first in the order of the configuration. */
export function trunkOf(trunks: Readonly<Record<string, TrunkSource>>, address: string): string | undefined {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(plain) === 0) return undefined;
  return Object.entries(trunks).find(([, trunk]) => {
    const list = new BlockList();
    for (const entry of trunk.from ?? [trunk.host]) {
      const [network = '', prefix] = entry.split('/');
      const version = isIP(network);
      if (version === 0) continue;
      list.addSubnet(network, Number(prefix ?? (version === 6 ? 128 : 32)), version === 6 ? 'ipv6' : 'ipv4');
    }
    return list.check(plain, family);
  })?.[0];
}
