import { BlockList, isIP } from 'node:net';
import type { GatewayConfig } from './schema.ts';
import type { FoundWarning } from './warnings.ts';

type Trunk = GatewayConfig['trunks'][string];

/** Trunks whose own requests we wait for, and the embedded server drops in silence: who may speak is `sip.allow`. */
export function allowWarnings({ sip, trunks, outbound }: GatewayConfig): FoundWarning[] {
  if (sip.server !== 'embedded') return [];
  const lists = sip.listen.map(({ allow }) => allow ?? sip.allow);
  const isAllowed = (network: string): boolean =>
    isLoopback(network) || lists.some((list) => holds(list, network));
  const isNobody = lists.every((list) => list.every(isLoopback));
  return Object.entries(trunks).flatMap(([name, trunk]) => {
    const why = awaited(name, trunk, outbound.rules);
    if (why === undefined) return [];
    const unheard = sourcesOf(trunk).filter((each) =>
      isIP(each.split('/', 1)[0] ?? '') === 0 ? isNobody && each !== 'localhost' : !isAllowed(each),
    );
    if (unheard.length === 0) return [];
    return [
      {
        path: ['trunks', name],
        message: `${why}, and sip.allow drops what ${unheard.join(', ')} sends.`,
        remedy: 'Add the address to sip.allow, or to allow of a listener.',
      },
    ];
  });
}

/** Which requests of the trunk's own we wait for; those of calls that are up are heard from anybody. */
function awaited(
  name: string,
  { register, registered }: Trunk,
  rules: GatewayConfig['outbound']['rules'],
): string | undefined {
  if (registered !== undefined) return 'it registers here';
  if (register) return 'its registrar sends us calls';
  return rules.some(({ trunk }) => trunk === name) ? 'outbound.rules take its calls' : undefined;
}

/** Addresses, networks, and names that no check can look up. */
function sourcesOf({ host, from, register, registered }: Trunk): readonly string[] {
  if (registered !== undefined) return ['a phone'];
  const servers = register?.servers?.map((server) => hostOf(server));
  return [...new Set([...(from ?? [host]), ...(servers ?? [])])];
}

/** `host`, `host:port`, `[v6]:port` or an IPv6 address. */
function hostOf(server: string): string {
  if (isIP(server) !== 0) return server;
  return server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

const isLoopback = (network: string): boolean => network.startsWith('127.') || network === '::1';

/** Whether one of the networks has that address, or all of that network. */
function holds(networks: readonly string[], network: string): boolean {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const wanted = Number(bits ?? (family === 'ipv6' ? 128 : 32));
  return networks.some((entry) => {
    const [base = '', size] = entry.split('/');
    if (isIP(base) !== isIP(address)) return false;
    const prefix = Number(size ?? (family === 'ipv6' ? 128 : 32));
    const list = new BlockList();
    list.addSubnet(base, prefix, family);
    return prefix <= wanted && list.check(address, family);
  });
}
