import { createHash, randomBytes } from 'node:crypto';

const REALM = 'interop';

/** The side of RFC 2617 that asks: MD5, qop auth; a nonce lives as long as this. */
export class DigestCheck {
  readonly #users: Readonly<Record<string, string>>;
  readonly #nonce = randomBytes(16).toString('hex');

  /** @param users password by user name */
  constructor(users: Readonly<Record<string, string>>) {
    this.#users = users;
  }

  /** Value of WWW-Authenticate or Proxy-Authenticate. */
  get challenge(): string {
    return `Digest realm="${REALM}", nonce="${this.#nonce}", algorithm=MD5, qop="auth"`;
  }

  /** Who signed a request of this method; undefined when nobody or with a wrong password. */
  user(authorization: string | undefined, method: string): string | undefined {
    const fields = new Map<string, string>();
    for (const [, key, quoted, bare] of (authorization ?? '').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
      if (key) fields.set(key.toLowerCase(), quoted ?? bare ?? '');
    }
    const get = (key: string): string => fields.get(key) ?? '';
    const user = get('username');
    const password = this.#users[user];
    if (password === undefined || get('realm') !== REALM || get('nonce') !== this.#nonce) return undefined;
    const ha1 = md5(`${user}:${REALM}:${password}`);
    const ha2 = md5(`${method}:${get('uri')}`);
    const middle = get('qop') === '' ? [this.#nonce] : [this.#nonce, get('nc'), get('cnonce'), get('qop')];
    return get('response') === md5([ha1, ...middle, ha2].join(':')) ? user : undefined;
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
