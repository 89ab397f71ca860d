/**
 * The little of RFC 3261 section 25 that this leg reads and writes itself. Every scanner is a single pass without
 * backtracking, because drachtio-srf's own header parsers take seconds on hostile input.
 */

/** Splits at `separator` (one character) outside quoted strings and angle brackets; trims; drops empty items. */
export function splitOutside(value: string, separator: string): string[] {
  const items: string[] = [];
  let start = 0;
  let quoted = false;
  let angle = false;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '<') angle = true;
    else if (c === '>') angle = false;
    else if (c === separator && !angle) {
      items.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  items.push(value.slice(start).trim());
  return items.filter((item) => item !== '');
}

/** `a;b=c;d="e;f"` without its first item: names in lower case, quoted values unquoted, flags as ''. First one wins. */
export function paramsOf(items: readonly string[]): Map<string, string> {
  const params = new Map<string, string>();
  for (const item of items) {
    const equals = item.indexOf('=');
    const name = (equals < 0 ? item : item.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : unquote(item.slice(equals + 1).trim());
    if (name !== '' && !params.has(name)) params.set(name, value);
  }
  return params;
}

/** The content of a quoted-string with its escapes undone; anything else as it is. */
export function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  let out = '';
  for (let i = 1; i < value.length; i++) {
    const c = value[i]!;
    if (c === '"') break;
    out += c === '\\' ? (value[++i] ?? '') : c;
  }
  return out;
}

/** A quoted-string (RFC 3261 25.1) holding `text`: `"` and `\` escaped, control characters made spaces. */
export function quoteString(text: string): string {
  let out = '"';
  for (const c of cleanText(text)) out += c === '"' || c === '\\' ? `\\${c}` : c;
  return `${out}"`;
}

/** `text` on one line: runs of white space and control characters (CR and LF above all) become one space. */
export function cleanText(text: string): string {
  let out = '';
  let gap = false;
  for (const c of text.toWellFormed()) {
    const code = c.codePointAt(0)!;
    // U+0085, U+2028 and U+2029 end lines for some readers.
    if (code <= 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) gap = true;
    else {
      if (gap && out !== '') out += ' ';
      gap = false;
      out += c;
    }
  }
  return out;
}

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/;

/** Whether `name` may name a header (RFC 3261 25.1 token, at most 64 characters). */
export function isToken(name: string): boolean {
  return TOKEN.test(name);
}

/** A name-addr or addr-spec with its header parameters (From, To, Contact, Refer-To, P-Asserted-Identity). */
export interface NameAddr {
  readonly displayName: string;
  readonly uri: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Reads the first address of a header value; an absent or empty value gives an empty address. */
export function parseNameAddr(value: string | undefined): NameAddr {
  const [first = '', ...rest] = splitOutside(splitOutside(value ?? '', ',')[0] ?? '', ';');
  const params = paramsOf(rest);
  const open = angleIn(first);
  if (open < 0) return { displayName: '', uri: first, params };
  const close = first.indexOf('>', open);
  return {
    displayName: unquote(first.slice(0, open).trim()),
    uri: first.slice(open + 1, close < 0 ? undefined : close).trim(),
    params,
  };
}

/** Position of the first `<` that is not inside a quoted display name, or -1. */
function angleIn(value: string): number {
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (c === '<' && !quoted) return i;
  }
  return -1;
}

/** User part of a sip: or sips: URI, or number of a tel: URI, unescaped; '' without one. */
export function userOf(uri: string): string {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(0, colon)).toLowerCase();
  const rest = uri.slice(colon + 1);
  if (scheme === 'tel') return unescapeUser(rest.split(';', 1)[0]!);
  if (scheme !== 'sip' && scheme !== 'sips') return '';
  const at = rest.indexOf('@');
  if (at < 0) return '';
  return unescapeUser(rest.slice(0, at).split(/[;:]/, 1)[0]!);
}

function unescapeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** `text` as the user part of a URI: all but unreserved characters and `+` percent-escaped as UTF-8 (RFC 3261 25.1). */
export function escapeUser(text: string): string {
  return encodeURIComponent(cleanText(text)).replaceAll('%2B', '+');
}

/** Whether `uri` is a sip:, sips: or tel: URI that can stand in a request line: visible ASCII, no quotes or brackets. */
export function isUri(uri: string): boolean {
  return uri.length <= 1024 && /^(?:sips?|tel):[!#-;=?-Z[\]_a-z~]+$/i.test(uri);
}

/** Seconds of Expires and the like (RFC 3261 20.19); what is no number counts as not given. */
export function deltaSeconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value.trim()) ? Number(value) : undefined;
}
