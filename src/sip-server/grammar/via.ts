import { formatParams, type Params, param, parseParams } from './params.ts';
import { hostText, isToken, isTokenCode, parseDigits, parseHostPort, skipSpaces, trim } from './scan.ts';

/** One Via value, RFC 3261 20.42. */
export interface Via {
  /** As written: `UDP`, `TCP`, `TLS`... */
  readonly transport: string;
  /** Without brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

export const branchOf = (via: Via): string => param(via.params, 'branch') ?? '';

const COOKIE = 'z9hg4bk';

/** Whether the branch identifies a transaction (RFC 3261 8.1.1.7); the cookie alone does not (RFC 4475 3.2.1). */
export function hasCookie(via: Via): boolean {
  const branch = branchOf(via);
  return branch.length > COOKIE.length && branch.toLowerCase().startsWith(COOKIE);
}

/** `SIP/2.0/transport host[:port];params`, or undefined when malformed. */
export function parseVia(text: string): Via | undefined {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  if (first < 0 || second < 0) return undefined;
  if (trim(text.slice(0, first)).toUpperCase() !== 'SIP') return undefined;
  if (trim(text.slice(first + 1, second)) !== '2.0') return undefined;
  let i = skipSpaces(text, second + 1);
  const start = i;
  while (i < text.length && isTokenCode(text.charCodeAt(i))) i++;
  const transport = text.slice(start, i);
  const after = skipSpaces(text, i);
  if (!isToken(transport) || after === i) return undefined;
  const semicolon = text.indexOf(';', after);
  const sentBy = parseHostPort(trim(text.slice(after, semicolon < 0 ? text.length : semicolon)));
  const params = semicolon < 0 ? [] : parseParams(text, semicolon);
  if (!sentBy || !params) return undefined;
  return { transport, ...sentBy, params };
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${hostText(via.host)}${port}${formatParams(via.params)}`;
}

/** RFC 3261 18.2.1 and RFC 3581: notes where the request really came from; IPv6 without brackets (RFC 5118 4.5). */
export function withReceived(via: Via, remote: { readonly address: string; readonly port: number }): Via {
  const asked = param(via.params, 'rport') !== undefined;
  if (!asked && via.host === remote.address) return via;
  const params = via.params.filter(([name]) => {
    const key = name.toLowerCase();
    return key !== 'received' && key !== 'rport';
  });
  const received = ['received', remote.address] as const;
  return {
    ...via,
    params: asked ? [...params, received, ['rport', String(remote.port)]] : [...params, received],
  };
}

/** CSeq, RFC 3261 20.16: number below 2^31 and a method. */
export interface CSeq {
  readonly seq: number;
  readonly method: string;
}

export function parseCSeq(text: string): CSeq | undefined {
  let i = skipSpaces(text, 0);
  const start = i;
  while (i < text.length && text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) i++;
  const seq = parseDigits(text.slice(start, i), 0x7fff_ffff);
  const after = skipSpaces(text, i);
  const method = trim(text.slice(after));
  if (seq === undefined || after === i || !isToken(method)) return undefined;
  return { seq, method };
}
