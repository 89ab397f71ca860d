import { isIP } from 'node:net';
import type { Protocol } from '../../types.ts';
import { defaultPort, type Target } from '../transport.ts';
import { type Answer, type Naptr, NEGATIVE_TTL_MS, type Resolver } from './resolver.ts';
import { orderSrv } from './srv-order.ts';

/** One place where a request may go. */
export interface Hop {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

/** What we can send with: the listeners' protocols and address families. */
export type Means = ReadonlyMap<Protocol, ReadonlySet<4 | 6>>;

interface Place {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** All places of a target, in the order of their transports; not yet drawn by weight. */
export interface Located {
  readonly services: readonly { readonly protocol: Protocol; readonly places: readonly Place[] }[];
  readonly ttlMs: number;
}

/** Beyond so many places nobody waits any more. */
const MAX_HOPS = 12;
const SERVICES: readonly { readonly protocol: Protocol; readonly naptr: string; readonly srv: string }[] = [
  { protocol: 'udp', naptr: 'SIP+D2U', srv: '_sip._udp.' },
  { protocol: 'tcp', naptr: 'SIP+D2T', srv: '_sip._tcp.' },
  { protocol: 'tls', naptr: 'SIPS+D2T', srv: '_sips._tcp.' },
];

/** The transport of a target that leaves no choice (RFC 3263 4.1): named, or an address or port. */
export function fixedProtocol(target: Target): Protocol | undefined {
  const { protocol, secure, silent } = target;
  if (secure) return 'tls';
  if (protocol !== undefined) return protocol as Protocol;
  return isIP(target.host) !== 0 || target.port !== undefined ? (silent ?? 'udp') : undefined;
}

/** A target that is an address already. */
export function literal(target: Target): Hop | undefined {
  const protocol = fixedProtocol(target);
  if (isIP(target.host) === 0 || protocol === undefined) return undefined;
  return { protocol, address: target.host, port: target.port ?? defaultPort(protocol) };
}

/** RFC 3263 4.1 and 4.2. Rejects when nobody could say; nowhere to go is an empty list of services. */
export async function locate(target: Target, means: Means, resolver: Resolver): Promise<Located> {
  const fixed = fixedProtocol(target);
  const { host } = target;
  let ttlMs = Number.POSITIVE_INFINITY;
  const known = <T>(answer: Answer<T>): readonly T[] => {
    // What there is not, beside what there is, need not be asked again any sooner.
    if (answer.records.length > 0) ttlMs = Math.min(ttlMs, answer.ttlMs);
    return answer.records;
  };
  const addresses = async (name: string, protocol: Protocol): Promise<string[]> => {
    const families = [...(means.get(protocol) ?? [])].sort();
    const found = await Promise.allSettled(families.map((family) => resolver.addresses(name, family)));
    const answers = found.flatMap((each) => (each.status === 'fulfilled' ? [known(each.value)] : []));
    const failed = found.find((each) => each.status === 'rejected');
    if (answers.flat().length === 0 && failed) throw failed.reason;
    return answers.flat();
  };
  const service = async (protocol: Protocol, name: string): Promise<Located['services']> => {
    const records = known(await resolver.srv(name));
    const places = await Promise.all(
      records.map(async ({ priority, weight, port, name: host }) => {
        const found = await addresses(host, protocol).catch(() => []);
        return { priority, weight, port, addresses: found };
      }),
    );
    return records.length === 0 ? [] : [{ protocol, places }];
  };
  const all = async (
    wanted: readonly { protocol: Protocol; name: string }[],
  ): Promise<Located['services']> => {
    const found = await Promise.allSettled(wanted.map(({ protocol, name }) => service(protocol, name)));
    const services = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    // One kind of record that nobody could look up must not hide the others, nor the plain address.
    return services;
  };

  if (target.port === undefined) {
    const usable = SERVICES.filter(({ protocol }) => means.has(protocol) && protocol === (fixed ?? protocol));
    // The transport of the dialog comes first among those that DNS leaves open.
    const mine = [...usable].sort(
      (a, b) => Number(b.protocol === target.silent) - Number(a.protocol === target.silent),
    );
    const pointers =
      fixed === undefined
        ? known(await resolver.naptr(host).catch((): Answer<Naptr> => ({ records: [], ttlMs: 0 })))
        : [];
    const named = pointers
      .flatMap((pointer) =>
        usable.filter(({ naptr }) => naptr === pointer.service).map((of) => ({ ...pointer, ...of })),
      )
      .sort((a, b) => a.order - b.order || a.preference - b.preference)
      .map(({ protocol, replacement }) => ({ protocol, name: replacement }));
    const guessed = mine.map(({ protocol, srv }) => ({ protocol, name: `${srv}${host}` }));
    const services = await all(named.length > 0 ? named : guessed);
    if (services.length > 0) return { services, ttlMs };
  }
  const protocol = fixed ?? target.silent ?? 'udp';
  const port = target.port ?? defaultPort(protocol);
  const found = await addresses(host, protocol);
  const places = [{ priority: 0, weight: 0, port, addresses: found }];
  return found.length === 0
    ? { services: [], ttlMs: NEGATIVE_TTL_MS }
    : { services: [{ protocol, places }], ttlMs };
}

/** The order in which one request tries the places. */
export function arrange(located: Located, random: () => number): Hop[] {
  const hops = located.services.flatMap(({ protocol, places }) =>
    orderSrv(places, random).flatMap(({ addresses, port }) =>
      addresses.map((address) => ({ protocol, address, port })),
    ),
  );
  return hops.slice(0, MAX_HOPS);
}
