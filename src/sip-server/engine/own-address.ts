import { formatNameAddr, parseNameAddr, parseNameAddrs } from '../grammar/name-addr.ts';
import { hostPortText, splitList } from '../grammar/scan.ts';
import { formatUri, parseSipUri, schemeOf } from '../grammar/uri.ts';
import type { Flow } from '../transport/transport.ts';

export const viaValue = (flow: Flow, branch: string): string =>
  `SIP/2.0/${flow.protocol.toUpperCase()} ${hostPortText(flow.local)};branch=${branch};rport`;

/**
 * Our own Contact on that flow.
 *
 * @param secure a `sips:` one, for requests that must be secure on every hop (RFC 3261 8.1.1.8, 12.1.1)
 */
export function ownContact(flow: Flow, secure = false): string {
  const { scheme, params } = reached(flow, secure);
  return `<${scheme}:${hostPortText(flow.local)}${params}>`;
}

/** How a Contact says that we are reached as `flow` is; `sips:` says it all by itself (RFC 5630 3.1.4). */
function reached(flow: Flow, secure: boolean): { scheme: 'sip' | 'sips'; params: string } {
  if (secure) return { scheme: 'sips', params: '' };
  return { scheme: 'sip', params: flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}` };
}

export const isSips = (uri: string): boolean => schemeOf(uri) === 'sips';

/** Puts our address in the place of `localhost`, as applications of a drachtio-server expect. */
export function withOwnHost(value: string, flow: Flow): string {
  if (!/localhost/i.test(value)) return value;
  const address = parseNameAddr(value);
  const uri = address && parseSipUri(address.uri);
  if (!address || !uri || uri.host.toLowerCase() !== 'localhost') return value;
  const own = { ...uri, host: flow.local.address, port: flow.local.port };
  return formatNameAddr({ ...address, uri: formatUri(own) });
}

/** The same for a list. */
export const ownHosts = (value: string, flow: Flow): string =>
  /localhost/i.test(value)
    ? splitList(value)
        .map((each) => withOwnHost(each, flow))
        .join(', ')
    : value;

/** A Contact of an application; where ours takes the place of `localhost`, it names the transport too. */
export function withOwnContact(value: string, flow: Flow, secure = false): string {
  const own = withOwnHost(value, flow);
  const address = own === value ? undefined : parseNameAddr(own);
  const uri = address && parseSipUri(address.uri);
  if (!address || !uri || uri.params.toLowerCase().includes(';transport=')) return own;
  const { scheme, params } = reached(flow, secure || uri.scheme === 'sips');
  return formatNameAddr({ ...address, uri: formatUri({ ...uri, scheme, params: `${uri.params}${params}` }) });
}

/** Whether a Contact of an application can be sent: addresses, or the `*` of a REGISTER. */
export const isContact = (value: string): boolean => value === '*' || parseNameAddrs([value]) !== undefined;

/** A Contact that is ours on one flow, as it is on another; any other stays. */
export function movedContact(contact: string, from: Flow, to: Flow): string {
  const address = parseNameAddr(contact);
  const uri = address && parseSipUri(address.uri);
  if (!address || !uri || uri.host !== from.local.address || uri.port !== from.local.port) return contact;
  const own = reached(from, uri.scheme === 'sips').params;
  const { scheme, params } = reached(to, uri.scheme === 'sips');
  const rest = own !== '' && uri.params.endsWith(own) ? uri.params.slice(0, -own.length) : uri.params;
  const { address: host, port } = to.local;
  return formatNameAddr({
    ...address,
    uri: formatUri({ ...uri, scheme, host, port, params: `${rest}${params}` }),
  });
}
