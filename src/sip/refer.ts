import { err, ok, type Result } from '../shared/result.ts';
import { splitOutside, unquote } from './grammar.ts';

/** A dialog as a Replaces header names it (RFC 3891), tags as the one sees them who gets the header. */
export interface ReplacedDialog {
  readonly callId: string;
  /** Of the one who gets the INVITE. */
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

/** Whom a REFER wants us to call. */
export interface ReferTarget {
  /** Request-URI: no headers, and no parameter that would send it elsewhere or as something else than an INVITE. */
  readonly uri: string;
  /** Unescaped; '' when there is none; of a tel: URI the number. */
  readonly user: string;
  /** In lower case, IPv6 without brackets; '' of a tel: URI. */
  readonly host: string;
  readonly port?: number;
  /** The dialog at the target that the new one shall take the place of: an attended transfer. */
  readonly replaces?: ReplacedDialog;
  /** It asked for `Require: replaces`. */
  readonly requiresReplaces: boolean;
}

/** What a REFER that cannot be followed is answered. */
export interface ReferProblem {
  readonly status: 400 | 416 | 501;
  readonly phrase: string;
}

const MAX_CHARS = 2_048;
const ESCAPED = '%[0-9A-Fa-f]{2}';
/** RFC 3261 25.1; the at sign in a header value, which should be escaped, is what some phones send. */
const URI = new RegExp(
  '^sips?:' +
    `(?:((?:[A-Za-z0-9\\-_.!~*'()&=+$,;?/]|${ESCAPED}){1,128})(?::[^@:;?]{0,64})?@)?` +
    '([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\\[[0-9A-Fa-f:.]{2,45}\\])(?::([0-9]{1,5}))?' +
    `((?:;(?:[A-Za-z0-9\\-_.!~*'()[\\]/:&+$=]|${ESCAPED})+)*)` +
    `(?:\\?((?:[A-Za-z0-9\\-_.!~*'()[\\]/?:+$=&@]|${ESCAPED})+))?$`,
  'i',
);
/** RFC 3966, roughly. */
const TEL = /^tel:[0-9A-Fa-f*#().+-]{1,40}(?:;[A-Za-z0-9\-_.!~*'()[\]/:&+$%=;]{1,256})?$/i;
const DROPPED = new Set(['method', 'maddr', 'ttl', 'lr']);
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]{1,256}$/;
/** RFC 3261 25.1: word [ "@" word ]. */
const CALL_ID =
  /^[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]{1,256}(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]{1,256})?$/;

const bad = (phrase: string, status: ReferProblem['status'] = 400): Result<never, ReferProblem> =>
  err({ status, phrase });

/** Reads a Refer-To value (RFC 3515 2.1): one address, to be called by INVITE. */
export function parseReferTo(value: string | undefined): Result<ReferTarget, ReferProblem> {
  const raw = (value ?? '').trim();
  if (raw === '') return bad('Missing Refer-To');
  if (raw.length > MAX_CHARS || /[^\x20-\x7e\x80-\uffff]/.test(raw)) return bad('Bad Refer-To');
  const uri = addressIn(raw);
  if (uri === undefined) return bad('Bad Refer-To');
  // Not refused here: who asks for the PSTN shall be seen.
  if (TEL.test(uri)) return ok({ uri, user: uri.slice(4), host: '', requiresReplaces: false });
  if (!/^sips?:/i.test(uri)) {
    return /^[A-Za-z][A-Za-z0-9+.-]*:\S/.test(uri) ? bad('Unsupported URI Scheme', 416) : bad('Bad Refer-To');
  }
  const [, user, host = '', portText, paramText = '', headerText] = URI.exec(uri) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (host === '' || port === 0 || (port ?? 0) > 65_535) return bad('Bad Refer-To');
  const params = paramText.split(';').slice(1);
  const method = params.find((param) => /^method=/i.test(param))?.slice(7);
  if (method !== undefined && method.toUpperCase() !== 'INVITE') return bad('Only INVITE', 501);
  const headers = headersIn(headerText);
  const plainUser = unescaped(user ?? '');
  if (!headers || plainUser === undefined) return bad('Bad Refer-To');
  const wanted = replacesIn(headers);
  if (!wanted.ok) return wanted;
  const kept = params.filter((param) => !DROPPED.has(param.split('=', 1)[0]!.toLowerCase()));
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return ok({
    uri: [
      `${uri.slice(0, uri.indexOf(':')).toLowerCase()}:${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`,
      ...kept,
    ].join(';'),
    user: plainUser,
    host: bare.toLowerCase(),
    ...(port === undefined ? {} : { port }),
    ...wanted.value,
  });
}

/** The URI of a lone name-addr or addr-spec; undefined when there are several, or it is neither. */
function addressIn(raw: string): string | undefined {
  if (splitOutside(raw, ',').length !== 1 && /[<"]/.test(raw)) return undefined;
  const match = /^(?:"(?:[^"\\]|\\.){0,256}"|[A-Za-z0-9\-.!%*_+`'~ \t]{0,256})[ \t]*<([^<>\s]+)>(.*)$/.exec(
    raw,
  );
  if (match) return /^\s*(?:;[^<>]*)?$/.test(match[2] ?? '') ? match[1] : undefined;
  // RFC 3261 20: what holds a comma, question mark or semicolon stands in brackets; here a semicolon ends it.
  const plain = raw.split(';', 1)[0]!.trim();
  return /[<>"\s,?]/.test(plain) ? undefined : plain;
}

/** The headers behind the question mark: names in lower case, values unescaped. */
function headersIn(text: string | undefined): [name: string, value: string][] | undefined {
  if (text === undefined) return [];
  const headers: [string, string][] = [];
  for (const item of text.split('&')) {
    const equals = item.indexOf('=');
    const name = equals > 0 ? unescaped(item.slice(0, equals)) : undefined;
    const value = unescaped(item.slice(equals + 1));
    if (name === undefined || value === undefined || !TOKEN.test(name)) return undefined;
    headers.push([name.toLowerCase(), value]);
  }
  return headers;
}

/** Other headers are not ours to send (RFC 3261 19.1.5). */
function replacesIn(
  headers: readonly [string, string][],
): Result<Pick<ReferTarget, 'replaces' | 'requiresReplaces'>, ReferProblem> {
  const all = headers.filter(([name]) => name === 'replaces');
  const requires = headers.filter(([name]) => name === 'require').map(([, value]) => value.toLowerCase());
  if (requires.some((value) => value.trim() !== 'replaces')) return bad('Bad Require In Refer-To');
  const [first, second] = all;
  if (second) return bad('Two Replaces');
  if (!first) return ok({ requiresReplaces: false });
  const replaces = parseReplaces(first[1]);
  return replaces ? ok({ replaces, requiresReplaces: requires.length > 0 }) : bad('Bad Replaces');
}

/** Reads a Replaces value (RFC 3891 6.1); undefined when it is none, or more than one. */
export function parseReplaces(value: string): ReplacedDialog | undefined {
  const [callId = '', ...params] = value.split(';').map((part) => part.trim());
  if (value.length > MAX_CHARS || !CALL_ID.test(callId)) return undefined;
  const read = (name: string): string | undefined => {
    const found = params.filter((param) => param.toLowerCase().startsWith(`${name}=`));
    const tag = found.length === 1 ? unquote(found[0]!.slice(name.length + 1)) : '';
    return TOKEN.test(tag) ? tag : undefined;
  };
  const [toTag, fromTag] = [read('to-tag'), read('from-tag')];
  if (toTag === undefined || fromTag === undefined || params.some((param) => param.includes(',')))
    return undefined;
  return { callId, toTag, fromTag, earlyOnly: params.some((param) => param.toLowerCase() === 'early-only') };
}

/** The value of a Replaces header. */
export function formatReplaces({ callId, toTag, fromTag, earlyOnly }: ReplacedDialog): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}

/** The first line of a response, as a NOTIFY tells it (RFC 3515 2.4.5, RFC 3420). */
export const sipfrag = (status: number, reason: string): string =>
  `SIP/2.0 ${status} ${reason.replace(/[^\x20-\x7e]/g, '').slice(0, 80)}\r\n`;

/** The status that a NOTIFY tells of a REFER; undefined when its body is no response. */
export function sipfragStatus(body: string): number | undefined {
  const digits = /^\s{0,8}SIP\/2\.0 +([1-6]\d\d)(?=[ \r\n]|$)/.exec(body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Text without its %-escapes; undefined when they are no UTF-8, or hide a control character. */
function unescaped(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return /\p{Cc}/u.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}
