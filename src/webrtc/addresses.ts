import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { LocalCandidate } from '../sdp/index.ts';

/** What a leg binds: at most one address of each family. */
export function bindAddresses(bindAddress: string | undefined, hosts: readonly string[]): string[] {
  if (bindAddress && bindAddress !== '::') return [bindAddress];
  const any = [
    ...(hosts.some((host) => !isIPv6(host)) ? ['0.0.0.0'] : []),
    ...(hosts.some((host) => isIPv6(host)) ? ['::'] : []),
  ];
  return any.length > 0 ? any : ['127.0.0.1'];
}

/** Addresses of the machine that another one could reach, IPv4 first; none on a loopback-only machine. */
export function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address));
  return usable.map(({ address }) => address).sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
}

/**
 * The host candidates of our sockets (RFC 8445 section 5.1.2.1 priorities). Meta learns us from our own checks
 * anyway, so an address that it cannot use costs nothing.
 */
export function localCandidates(
  sockets: readonly { readonly address: string; readonly port: number }[],
  externalAddress: string | undefined,
  hosts: readonly string[],
): LocalCandidate[] {
  const all = sockets.flatMap(({ address, port }) => {
    const family = isIPv6(address);
    if (externalAddress) {
      return isIPv6(externalAddress) === family ? [{ address: externalAddress, port }] : [];
    }
    if (address !== '0.0.0.0' && address !== '::') return [{ address, port }];
    return hosts.filter((host) => isIPv6(host) === family).map((host) => ({ address: host, port }));
  });
  return all.map(({ address, port }, index) => ({
    foundation: String(index + 1),
    priority: 126 * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255,
    address,
    port,
  }));
}
