import { isUri, parseNameAddr, splitOutside } from './grammar.ts';

const MAX_HOPS = 8;

/**
 * The loose routes of a Service-Route (RFC 3608) or Path (RFC 3327), as SIP URIs in their order; none where the header
 * is not there, undefined where it cannot be a route set: a strict router, no SIP URI, or more than 8.
 */
export function routeSetIn(value: string | undefined): readonly string[] | undefined {
  const uris = splitOutside((value ?? '').trim(), ',').map((item) => parseNameAddr(item).uri);
  const isFit = (uri: string): boolean => isUri(uri) && /^sips?:[^?]*;lr(?=[;=]|$)[^?]*$/i.test(uri);
  return uris.length <= MAX_HOPS && uris.every(isFit) ? uris : undefined;
}
