import { formatParams, type Params, param, parseParams } from './params.ts';
import { isSpaceCode, isTokenCode, skipQuoted, skipSpaces, splitList, trim } from './scan.ts';
import { isUriText, parseSipUri, schemeOf } from './uri.ts';

/** name-addr or addr-spec with header parameters: From, To, Contact, Route (RFC 3261 20.10, 25.1). */
export interface NameAddr {
  /** As written, with its quotes; '' when absent. */
  readonly display: string;
  readonly uri: string;
  readonly params: Params;
}

export const tagOf = (address: NameAddr): string | undefined => param(address.params, 'tag');

export function formatNameAddr(address: NameAddr): string {
  return `${address.display === '' ? '' : `${address.display} `}<${address.uri}>${formatParams(address.params)}`;
}

/** The whole of `text`, or undefined when malformed. */
export function parseNameAddr(text: string): NameAddr | undefined {
  let i = skipSpaces(text, 0);
  let display = '';
  if (text.charCodeAt(i) === 0x22) {
    const end = skipQuoted(text, i);
    if (end < 0) return undefined;
    display = text.slice(i, end);
    i = skipSpaces(text, end);
    if (text.charCodeAt(i) !== 0x3c) return undefined;
  } else {
    const angle = text.indexOf('<', i);
    if (angle < 0) return parseAddrSpec(text, i);
    display = trim(text.slice(i, angle));
    if (!isDisplay(display)) return undefined;
    i = angle;
  }
  const close = text.indexOf('>', i);
  if (close < 0) return undefined;
  const uri = text.slice(i + 1, close);
  if (!isKnownUri(uri)) return undefined;
  const params = parseParams(text, close + 1);
  return params && { display, uri, params };
}

/** Without `<>`, what follows the first semicolon belongs to the header, and `?` and `,` may not appear. */
function parseAddrSpec(text: string, at: number): NameAddr | undefined {
  const semicolon = text.indexOf(';', at);
  const uri = trim(semicolon < 0 ? text.slice(at) : text.slice(at, semicolon));
  if (uri.includes('?') || uri.includes(',') || !isKnownUri(uri)) return undefined;
  const params = semicolon < 0 ? [] : parseParams(text, semicolon);
  return params && { display: '', uri, params };
}

/** *(token LWS); characters beyond ASCII are let through, for many peers forget the quotes. */
function isDisplay(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 128 && !isTokenCode(c) && !isSpaceCode(c)) return false;
  }
  return true;
}

/** A valid `sip:` or `sips:` URI, or any text that could be a URI of another scheme. */
export function isKnownUri(uri: string): boolean {
  const scheme = schemeOf(uri);
  if (scheme === undefined) return false;
  return scheme === 'sip' || scheme === 'sips' ? parseSipUri(uri) !== undefined : isUriText(uri);
}

/** The addresses of one or several header fields, or undefined when any is malformed. */
export function parseNameAddrs(values: readonly string[]): NameAddr[] | undefined {
  const addresses: NameAddr[] = [];
  for (const value of values) {
    for (const part of splitList(value)) {
      const address = parseNameAddr(part);
      if (!address) return undefined;
      addresses.push(address);
    }
  }
  return addresses;
}
