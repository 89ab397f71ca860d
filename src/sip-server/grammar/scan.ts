import { isIPv6 } from 'node:net';

/**
 * Character classes of RFC 3261 25.1. Every scanner here looks at each character a bounded number of times. A character
 * of a text is a byte of the wire (latin1): what is not ASCII, UTF-8 or not, goes out again as it came in.
 */

const TOKEN = new Uint8Array(128);
const HOST = new Uint8Array(128);
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') {
  TOKEN[c.charCodeAt(0)] = 1;
  HOST[c.charCodeAt(0)] = 1;
}
for (const c of "-.!%*_+`'~") TOKEN[c.charCodeAt(0)] = 1;
for (const c of '-._') HOST[c.charCodeAt(0)] = 1;

export const isTokenCode = (code: number): boolean => code < 128 && TOKEN[code] === 1;
const isHostCode = (code: number): boolean => code < 128 && HOST[code] === 1;
export const isSpaceCode = (code: number): boolean => code === 0x20 || code === 0x09;

const every = (text: string, test: (code: number) => boolean): boolean => {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) if (!test(text.charCodeAt(i))) return false;
  return true;
};

export const isToken = (text: string): boolean => every(text, isTokenCode);

/** Decimal digits only, at most `max`. */
export function parseDigits(text: string, max: number): number | undefined {
  if (text.length === 0 || text.length > 12) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

export function skipSpaces(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpaceCode(text.charCodeAt(i))) i++;
  return i;
}

/** Without spaces and tabs at both ends; `String.trim` would also take bytes out of characters beyond ASCII. */
export function trim(text: string): string {
  let end = text.length;
  while (end > 0 && isSpaceCode(text.charCodeAt(end - 1))) end--;
  let start = 0;
  while (start < end && isSpaceCode(text.charCodeAt(start))) start++;
  return text.slice(start, end);
}

/** Index after the closing quote of the quoted string that opens at `at`, or -1. */
export function skipQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return -1;
}

/** Cuts a header value at commas that are neither quoted nor inside `<>` (RFC 3261 7.3.1). */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let angle = false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x22 && !angle) {
      const end = skipQuoted(value, i);
      if (end < 0) break;
      i = end - 1;
    } else if (code === 0x3c) angle = true;
    else if (code === 0x3e) angle = false;
    else if (code === 0x2c && !angle) {
      parts.push(trim(value.slice(start, i)));
      start = i + 1;
    }
  }
  parts.push(trim(value.slice(start)));
  return parts;
}

/** A host of RFC 3261: name, IPv4 address or IPv6 reference in brackets; and an optional port. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port?: number;
}

/** The whole of `text` as host [":" port], or undefined. */
export function parseHostPort(text: string): HostPort | undefined {
  let host: string;
  let rest: string;
  if (text.charCodeAt(0) === 0x5b) {
    const end = text.indexOf(']');
    if (end < 0) return undefined;
    // The grammar of RFC 3261 writes a colon too many before an IPv4 address; it must be borne (RFC 5118 4.10).
    host = text.slice(1, end).replace(/:::(?=[0-9]{1,3}\.[0-9.]+$)/, '::');
    if (host.includes('%') || !isIPv6(host)) return undefined;
    rest = text.slice(end + 1);
  } else {
    const colon = text.indexOf(':');
    host = colon < 0 ? text : trim(text.slice(0, colon));
    rest = colon < 0 ? '' : text.slice(colon);
    if (!every(host, isHostCode)) return undefined;
  }
  rest = trim(rest);
  if (rest === '') return { host };
  if (rest.charCodeAt(0) !== 0x3a) return undefined;
  const port = parseDigits(trim(rest.slice(1)), 65_535);
  return port === undefined || port === 0 ? undefined : { host, port };
}

/** Brackets around an IPv6 address. */
export const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export const hostPortText = (address: { readonly address: string; readonly port: number }): string =>
  `${hostText(address.address)}:${address.port}`;
