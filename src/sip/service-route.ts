import { isIP } from 'node:net';
import { mayName } from '../shared/addresses.ts';
import { isUri, parseNameAddr, splitOutside } from './grammar.ts';

const MAX_HOPS = 8;

/**
 * The loose routes of a Service-Route (RFC 3608) or Path (RFC 3327), as SIP URIs in their order; none where the header
 * is not there, undefined where it cannot be a route set: a strict router, no SIP URI, or more than 8.
 *
 * @param by address of who sent it, unless they are trusted: then no route may lead to where they must not point
 */
export function routeSetIn(value: string | undefined, by?: string): readonly string[] | undefined {
  const uris = splitOutside((value ?? '').trim(), ',').map((item) => parseNameAddr(item).uri);
  const isFit = (uri: string): boolean => isUri(uri) && /^sips?:[^?]*;lr(?=[;=]|$)[^?]*$/i.test(uri);
  const mayLead = (uri: string): boolean =>
    by === undefined || addressesIn(uri).every((address) => mayName(by, address));
  return uris.length <= MAX_HOPS && uris.every(isFit) && uris.every(mayLead) ? uris : undefined;
}

/** Where a URI leads, as far as it says so in numbers: its host, and `maddr` (RFC 3261 19.1.1). */
function addressesIn(uri: string): string[] {
  const [, host = '', params = ''] = /^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;]*)(.*)$/i.exec(uri) ?? [];
  const maddr = /;maddr=([^;]*)/i.exec(params)?.[1];
  return [host, maddr ?? ''].map((each) => each.replace(/^\[|\]$/g, '')).filter((each) => isIP(each) !== 0);
}
