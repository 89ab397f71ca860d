import {
  cleanText,
  escapeUser,
  isToken,
  isUri,
  paramsOf,
  parseNameAddr,
  quoteString,
  splitOutside,
} from './grammar.ts';
import type { InviteOptions } from './types.ts';

/** Methods this leg answers; the Allow header of requests and responses (RFC 3261 20.5). */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK';

/**
 * Extensions of ours: reliable provisional responses (RFC 3262), session timers (RFC 4028), a call that takes the place
 * of another (RFC 3891), REFER without NOTIFY (RFC 4488).
 */
export const SUPPORTED = '100rel, timer, replaces, norefersub';

/** Bodies we understand (RFC 3261 20.1). */
export const ACCEPT = 'application/sdp, application/dtmf-relay, application/dtmf';

/** Bodies of an INFO that we understand (RFC 3261 21.4.13). */
export const ACCEPT_INFO = 'application/dtmf-relay, application/dtmf';

/** Methods of an Allow header; none for a side that sent none. */
export function allowsIn(value: string | undefined): ReadonlySet<string> {
  return new Set(splitOutside(value ?? '', ',').map((method) => method.trim().toUpperCase()));
}

/** Our From, To or Contact value: name quoted, user escaped; `localhost` is replaced by the server's own address. */
export function formatFrom(from: InviteOptions['from']): string {
  const user = escapeUser(from.user);
  const uri = `sip:${user === '' ? '' : `${user}@`}${from.host ?? 'localhost'}`;
  const name = cleanText(from.displayName ?? '');
  return name === '' ? `<${uri}>` : `${quoteString(name)} <${uri}>`;
}

/** Headers that the SIP server writes, or this leg itself; a caller's value would make the message ambiguous. */
const RESERVED = new Set(
  (
    'via from to call-id cseq contact content-length content-type max-forwards route record-route allow supported ' +
    'require user-agent proxy-require authorization proxy-authorization rseq rack transfer-encoding ' +
    'v f t i m l c k'
  ).split(' '),
);

/** The caller's headers that may go out, values on one line; `rejected` names the others. */
export function cleanHeaders(headers: Readonly<Record<string, string>>): {
  readonly headers: Record<string, string>;
  readonly rejected: readonly string[];
} {
  const clean: Record<string, string> = {};
  const rejected: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    // A name such as `constructor` would meet drachtio-srf's lookups in plain objects.
    const bad = !isToken(name) || RESERVED.has(name.toLowerCase()) || name.toLowerCase() in {};
    const text = cleanText(value);
    if (bad) rejected.push(cleanText(name).slice(0, 64));
    else if (text !== '') clean[name] = text;
  }
  return { headers: clean, rejected };
}

/** Route header of a request with a preloaded route set, and its next hop (RFC 3261 8.1.2). */
export function routed({ proxy, routes = [] }: Pick<InviteOptions, 'proxy' | 'routes'>): {
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: string | undefined;
} {
  if (routes.length === 0) return { headers: {}, proxy };
  return { headers: { Route: routes.map((uri) => `<${uri}>`).join(', ') }, proxy: proxy ?? routes[0] };
}

/** The field of `options` that cannot be sent, or undefined. */
export function unusable(options: InviteOptions): string | undefined {
  if (!isUri(options.uri)) return 'uri';
  if (options.proxy !== undefined && !isUri(options.proxy)) return 'proxy';
  if (options.routes?.some((uri) => !isUri(uri))) return 'routes';
  if (options.to !== undefined && !isUri(options.to)) return 'to';
  if (options.from.host !== undefined && !/^[A-Za-z0-9.\-_[\]:]{1,255}$/.test(options.from.host))
    return 'from.host';
  return undefined;
}

/** Whole seconds of a Retry-After header, without comment and parameters (RFC 3261 20.33). */
export function parseRetryAfter(value: string | undefined): number | undefined {
  const match = /^\s{0,8}(\d{1,9})(?=[\s;(]|$)/.exec(value ?? '');
  return match ? Number(match[1]) : undefined;
}

/** URIs of a Contact header, highest q first, at most 10 (RFC 3261 8.1.3.4). */
export function parseContacts(value: string | undefined): string[] {
  return splitOutside(value ?? '', ',')
    .slice(0, 10)
    .map((item) => ({ uri: parseNameAddr(item).uri, q: qOf(item) }))
    .filter(({ uri }) => isUri(uri))
    .sort((a, b) => b.q - a.q)
    .map(({ uri }) => uri);
}

function qOf(contact: string): number {
  const q = Number(paramsOf(splitOutside(contact, ';').slice(1)).get('q') ?? '1');
  return q >= 0 && q <= 1 ? q : 0;
}

/** The number of a CSeq header; 0 when there is none. */
export function cseqOf(value: string | undefined): number {
  const match = /^\s{0,8}(\d{1,10})/.exec(value ?? '');
  return match ? Number(match[1]) : 0;
}

/**
 * The SDP in a body: the body itself, or the `application/sdp` part of a multipart one (RFC 5621).
 * undefined when there is none.
 */
export function sdpIn(contentType: string | undefined, body: string | undefined): string | undefined {
  if (body === undefined || body === '') return undefined;
  const [type = '', ...rest] = splitOutside(contentType ?? 'application/sdp', ';');
  const kind = type.toLowerCase();
  if (kind === 'application/sdp') return body;
  const boundary = kind.startsWith('multipart/') ? paramsOf(rest).get('boundary') : undefined;
  if (boundary === undefined || boundary === '') return undefined;
  for (const part of body.split(`--${boundary}`).slice(1, 20)) {
    const end = part.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const head = part.slice(0, end).toLowerCase();
    if (
      !head.split('\r\n').some((line) => line.startsWith('content-type:') && line.includes('application/sdp'))
    )
      continue;
    const text = part.slice(end + 4);
    return text.endsWith('\r\n\r\n') ? text.slice(0, -2) : text;
  }
  return undefined;
}
