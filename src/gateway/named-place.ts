import { escapeUser, formatHost, type TrunkInput } from '../routing/index.ts';
import type { ReferTarget } from '../sip/index.ts';

/** A trunk as far as it matters who is meant by a URI; the configuration's trunks fit. */
export interface NamedTrunk extends TrunkInput {
  /** User of the account that it registers here with. */
  readonly registered?: string;
}

/** Whom a phone means. */
export interface NamedPlace {
  readonly uri: string;
  /** Trunks that are thought of before others that have that host. */
  readonly first: readonly string[];
  /** No other trunk is meant. */
  readonly only?: readonly string[];
}

const DEFAULT_PORT = 5060;

/**
 * Whom a phone of the trunk `asking` names in a REFER or 3xx. One that speaks with us alone names others at our own
 * address (`own`): the account of a trunk that registers here is that trunk, anything else an extension of its own trunk.
 * Where several trunks share a host, the one with that port comes first, then the one that asks.
 */
export function namedPlace(
  trunks: Readonly<Record<string, NamedTrunk>>,
  own: readonly string[],
  asking: string,
  { uri, user, host, port }: Pick<ReferTarget, 'uri' | 'user' | 'host' | 'port'>,
): NamedPlace {
  const exact = Object.entries(trunks).filter(
    ([, trunk]) => bare(trunk.host) === host && (trunk.port ?? DEFAULT_PORT) === (port ?? DEFAULT_PORT),
  );
  const first = [...exact.map(([name]) => name), asking];
  if (exact.length > 0 || !own.some((address) => bare(address) === host)) return { uri, first };
  const name = Object.entries(trunks).find(([, { registered = '' }]) => registered === user)?.[0] ?? asking;
  const home = trunks[name];
  if (!home) return { uri, first };
  // What says of itself that it is a telephone number says so at our address too.
  const says = /;user=phone(?=;|$)/i.test(uri) ? ';user=phone' : '';
  return {
    uri: `sip:${escapeUser(user)}@${formatHost(home.host)}${says}`,
    first: [name],
    // Trunks that register have no host to be told apart by.
    ...(home.registered === undefined ? {} : { only: [name] }),
  };
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();
