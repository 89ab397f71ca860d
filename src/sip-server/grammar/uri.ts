import { hostText, parseHostPort } from './scan.ts';

/** `sip:` and `sips:` URIs, RFC 3261 19.1. Texts are kept as written (escapes are not resolved). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** With password, without `@`; undefined when absent. */
  readonly user?: string;
  /** Without brackets. */
  readonly host: string;
  readonly port?: number;
  /** As written, with the leading `;`, or ''. */
  readonly params: string;
  /** As written, with the leading `?`, or ''. */
  readonly headers: string;
}

/** The scheme in lower case, or undefined when `text` is no absolute URI. */
export function schemeOf(text: string): string | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || colon > 32) return undefined;
  for (let i = 0; i < colon; i++) {
    const c = text.charCodeAt(i) | 0x20;
    const letter = c >= 0x61 && c <= 0x7a;
    const other = (c >= 0x30 && c <= 0x39) || text[i] === '+' || text[i] === '-' || text[i] === '.';
    if (!letter && !(other && i > 0)) return undefined;
  }
  return text.slice(0, colon).toLowerCase();
}

/** Printable, no space, none of the characters that end a URI inside `<>`. */
export function isUriText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f || c === 0x22 || c === 0x3c || c === 0x3e || c === 0x5c) return false;
  }
  return text.length > 0;
}

/** A `sip:` or `sips:` URI, or undefined for anything else. */
export function parseSipUri(text: string): SipUri | undefined {
  const scheme = schemeOf(text);
  if ((scheme !== 'sip' && scheme !== 'sips') || !isUriText(text)) return undefined;
  const at = text.indexOf('@');
  const user = at < 0 ? undefined : text.slice(scheme.length + 1, at);
  const rest = text.slice(at < 0 ? scheme.length + 1 : at + 1);
  let end = 0;
  while (end < rest.length && rest[end] !== ';' && rest[end] !== '?') end++;
  const hostPort = parseHostPort(rest.slice(0, end));
  if (!hostPort || rest.includes('@')) return undefined;
  if (user !== undefined && !areEscapesWhole(user)) return undefined;
  const question = rest.indexOf('?', end);
  return {
    scheme,
    ...(user !== undefined && { user }),
    host: hostPort.host,
    ...(hostPort.port !== undefined && { port: hostPort.port }),
    params: question < 0 ? rest.slice(end) : rest.slice(end, question),
    headers: question < 0 ? '' : rest.slice(question),
  };
}

function areEscapesWhole(text: string): boolean {
  for (let i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
    if (!/^[0-9a-fA-F]{2}$/.test(text.slice(i + 1, i + 3))) return false;
  }
  return true;
}

/** The value of a URI parameter (name in lower case): '' when it has none, undefined when absent. */
export function uriParam(uri: SipUri, name: string): string | undefined {
  for (const part of uri.params.split(';')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (key.toLowerCase() === name) return equals < 0 ? '' : part.slice(equals + 1);
  }
  return undefined;
}

export function formatUri(uri: SipUri): string {
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  return `${uri.scheme}:${user}${hostText(uri.host)}${port}${uri.params}${uri.headers}`;
}
