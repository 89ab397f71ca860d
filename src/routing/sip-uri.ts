import { isIP, isIPv6 } from 'node:net';

export interface SipUriParts {
  /** Absent: the server itself is meant. */
  readonly user?: string | undefined;
  /** Host name or IP address; IPv6 with or without brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly transport?: 'udp' | 'tcp' | 'tls' | undefined;
}

/**
 * Where to send to, as a SIP URI (RFC 3261 8.1.2): `host`, `host:port` or such a URI without user; a transport that it
 * does not name is `transport`. The scheme `sips` says TLS by itself.
 */
export function nextHop(text: string, transport: SipUriParts['transport'] = 'udp'): string {
  const uri = /^sips?:/.test(text) ? text : `sip:${isIPv6(text) ? `[${text}]` : text}`;
  const isSaid = /^sips:|;transport=/.test(uri) || transport === 'udp';
  return isSaid ? uri : `${uri};transport=${transport}`;
}

/** RFC 3261 25.1: unreserved and user-unreserved; everything else is %-escaped as UTF-8. */
const PLAIN_USER = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/]$/;

/** RFC 1123 host names; labels of at most 63 characters, 253 in all. */
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The user part of a SIP URI, escaped. Lone surrogates become U+FFFD. */
export function escapeUser(user: string): string {
  let escaped = '';
  for (const char of user.toWellFormed()) {
    escaped += PLAIN_USER.test(char) ? char : escapeBytes(char);
  }
  return escaped;
}

function escapeBytes(char: string): string {
  return [...new TextEncoder().encode(char)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/** Host as a URI has it (IPv6 in brackets), or undefined when it is none. */
export function formatHost(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  // A zone index is meaningful on one machine only and has no form in a SIP URI.
  if (isIPv6(bare)) return bare.includes('%') ? undefined : `[${bare}]`;
  if (isIP(host)) return host;
  const labels = host.replace(/\.$/, '').split('.');
  return host.length <= 253 && labels.every((label) => LABEL.test(label)) ? host : undefined;
}

/**
 * `sip:user@host:port;transport=...` (RFC 3261 19.1), or undefined when a part cannot be written. UDP has no
 * parameter: it is the default. TLS is said by the transport, not by `sips`, which would promise TLS beyond the PBX.
 */
export function formatSipUri({ user, host, port, transport = 'udp' }: SipUriParts): string | undefined {
  const formatted = formatHost(host);
  const badPort = port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535);
  if (!formatted || badPort || user === '') return undefined;
  const parameter = transport === 'udp' ? '' : `;transport=${transport}`;
  const who = user === undefined ? '' : `${escapeUser(user)}@`;
  return `sip:${who}${formatted}${port === undefined ? '' : `:${port}`}${parameter}`;
}
