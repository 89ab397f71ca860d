import { createHash, randomBytes } from 'node:crypto';

/** A phone that wants a password: challenges and checks by RFC 2617 (MD5, qop=auth). */
export class DigestChallenge {
  readonly #username: string;
  readonly #password: string;
  readonly #realm = 'desk, phone';
  readonly #nonce = randomBytes(16).toString('hex');

  constructor(credentials: { readonly username: string; readonly password: string }) {
    this.#username = credentials.username;
    this.#password = credentials.password;
  }

  /** Value of Proxy-Authenticate. */
  get header(): string {
    return `Digest realm="${this.#realm}", nonce="${this.#nonce}", algorithm=MD5, qop="auth"`;
  }

  /** @param authorization value of Proxy-Authorization */
  accepts(authorization: string | undefined, method: string): boolean {
    if (!authorization) return false;
    const fields = new Map<string, string>();
    for (const [, key, quoted, bare] of authorization.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
      if (key) fields.set(key.toLowerCase(), quoted ?? bare ?? '');
    }
    const get = (key: string): string => fields.get(key) ?? '';
    if (get('username') !== this.#username || get('nonce') !== this.#nonce) return false;
    const ha1 = md5(`${this.#username}:${this.#realm}:${this.#password}`);
    const ha2 = md5(`${method}:${get('uri')}`);
    return get('response') === md5([ha1, this.#nonce, get('nc'), get('cnonce'), get('qop'), ha2].join(':'));
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
