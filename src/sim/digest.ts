import { createHash, randomBytes } from 'node:crypto';

/** `stale`: the password is right, the nonce is not one of ours or was used up: ask again (RFC 7616 section 3.3). */
export type DigestVerdict = 'right' | 'wrong' | 'stale';

const REALM = 'desk, phone';
/** Nonces whose count is remembered; older ones are stale. */
const KEPT_NONCES = 100;

/** A phone that wants a password: challenges and checks by RFC 7616 (MD5, qop=auth), nothing left out. */
export class DigestChallenge {
  readonly #username: string;
  readonly #password: string;
  /** The highest count seen of each nonce. */
  readonly #counts = new Map<string, number>();

  constructor(credentials: { readonly username: string; readonly password: string }) {
    this.#username = credentials.username;
    this.#password = credentials.password;
  }

  /** Value of Proxy-Authenticate, with a nonce of its own. */
  challenge(stale = false): string {
    const nonce = randomBytes(16).toString('hex');
    this.#counts.set(nonce, 0);
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= KEPT_NONCES) break;
      this.#counts.delete(oldest);
    }
    return `Digest realm="${REALM}", nonce="${nonce}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`;
  }

  /** @param authorization value of Proxy-Authorization @param uri the Request-URI */
  check(authorization: string | undefined, method: string, uri: string): DigestVerdict {
    const fields = fieldsOf(authorization);
    const get = (key: string): string => fields.get(key) ?? '';
    const isOurs =
      get('username') === this.#username &&
      get('realm') === REALM &&
      get('uri') === uri &&
      get('qop') === 'auth' &&
      get('cnonce') !== '' &&
      /^[0-9a-f]{8}$/i.test(get('nc')) &&
      (get('algorithm') || 'MD5').toUpperCase() === 'MD5';
    if (!isOurs) return 'wrong';
    const ha1 = md5(`${this.#username}:${REALM}:${this.#password}`);
    const ha2 = md5(`${method}:${uri}`);
    const wanted = md5([ha1, get('nonce'), get('nc'), get('cnonce'), 'auth', ha2].join(':'));
    if (get('response') !== wanted) return 'wrong';
    const count = Number.parseInt(get('nc'), 16);
    const last = this.#counts.get(get('nonce'));
    if (last === undefined || count <= last) return 'stale';
    this.#counts.set(get('nonce'), count);
    return 'right';
  }
}

function fieldsOf(authorization = ''): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (!/^digest\s/i.test(authorization)) return fields;
  for (const [, key, quoted, bare] of authorization.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    if (key) fields.set(key.toLowerCase(), quoted ?? bare ?? '');
  }
  return fields;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
