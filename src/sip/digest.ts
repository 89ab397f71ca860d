import { createHash } from 'node:crypto';
import { quoteString } from './grammar.ts';
import type { Credentials } from './types.ts';

/**
 * The client side of HTTP digest as SIP uses it (RFC 3261 22, RFC 7616, RFC 8760). Our own, because drachtio-srf's
 * cuts a realm at its comma, answers only the last of several challenges, knows MD5 only and signs in-dialog requests
 * with the URI `sip:placeholder`.
 */

/** One challenge of a WWW-Authenticate or Proxy-Authenticate header: scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const HASHES: Readonly<Record<string, string>> = {
  md5: 'md5',
  'sha-256': 'sha256',
  'sha-512-256': 'sha512-256',
};

/** Reads all challenges of a header value, which may be several headers joined by commas. */
export function parseChallenges(value: string): Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const skip = (chars: string): void => {
    while (at < value.length && chars.includes(value[at]!)) at++;
  };
  const word = (): string => {
    const start = at;
    while (at < value.length && !' \t\r\n,="'.includes(value[at]!)) at++;
    return value.slice(start, at);
  };
  for (;;) {
    skip(' \t\r\n,');
    if (at >= value.length) return challenges;
    const name = word();
    skip(' \t\r\n');
    if (value[at] !== '=') {
      // Neither a name nor a separator: garbage such as a lone quote; step over it.
      if (name === '') at++;
      else challenges.push({ scheme: name.toLowerCase(), params: new Map() });
      continue;
    }
    at++;
    skip(' \t\r\n');
    let text: string;
    if (value[at] === '"') {
      // RFC 7616 hashes the content of the quotes as sent, so escapes stay.
      const start = ++at;
      while (at < value.length && value[at] !== '"') at += value[at] === '\\' ? 2 : 1;
      text = value.slice(start, at);
      at++;
    } else text = word();
    const params = challenges.at(-1)?.params;
    if (params && !params.has(name.toLowerCase())) params.set(name.toLowerCase(), text);
  }
}

/** The first challenge we can answer: the server lists them in its order of preference (RFC 8760 2.4). */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(({ scheme, params }) => {
    if (scheme !== 'digest' || !params.has('realm') || !params.has('nonce')) return false;
    const qop = qopsOf(params);
    return (
      hashOf(params) !== undefined && (qop.length === 0 || qop.includes('auth') || qop.includes('auth-int'))
    );
  });
}

/** What is signed: `uri` is the Request-URI as sent, `body` the body as sent. */
export interface SignedRequest {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
}

/** The value of the Authorization or Proxy-Authorization header. `cnonce` is opaque; the nonce count is always 1. */
export function authorize(
  challenge: Challenge,
  request: SignedRequest,
  credentials: Credentials,
  cnonce: string,
): string {
  const { params } = challenge;
  const algorithm = params.get('algorithm');
  const hashName = hashOf(params);
  if (hashName === undefined)
    throw new Error(`digest algorithm ${algorithm} was not checked by chooseChallenge`);
  const hash = (...parts: string[]): string => createHash(hashName).update(parts.join(':')).digest('hex');
  const realm = params.get('realm') ?? '';
  const nonce = params.get('nonce') ?? '';
  const qops = qopsOf(params);
  const qop = qops.includes('auth') ? 'auth' : qops[0];
  const nc = '00000001';

  let a1 = hash(credentials.username, realm, credentials.password);
  if (algorithm?.toLowerCase().endsWith('-sess')) a1 = hash(a1, nonce, cnonce);
  const a2 =
    qop === 'auth-int'
      ? hash(request.method, request.uri, hash(request.body))
      : hash(request.method, request.uri);
  const response = qop === undefined ? hash(a1, nonce, a2) : hash(a1, nonce, nc, cnonce, qop, a2);

  const fields = [
    `username=${quoteString(credentials.username)}`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${request.uri}"`,
    `response="${response}"`,
  ];
  if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`);
  if (qop !== undefined) fields.push(`qop=${qop}`, `nc=${nc}`, `cnonce="${cnonce}"`);
  else if (algorithm?.toLowerCase().endsWith('-sess')) fields.push(`cnonce="${cnonce}"`);
  const opaque = params.get('opaque');
  if (opaque !== undefined) fields.push(`opaque="${opaque}"`);
  return `Digest ${fields.join(', ')}`;
}

/** node:crypto's name for the challenge's algorithm; undefined when it is not one of ours. */
function hashOf(params: ReadonlyMap<string, string>): string | undefined {
  const algorithm = (params.get('algorithm') ?? 'MD5').toLowerCase();
  return HASHES[algorithm.endsWith('-sess') ? algorithm.slice(0, -5) : algorithm];
}

function qopsOf(params: ReadonlyMap<string, string>): string[] {
  return (params.get('qop') ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}
