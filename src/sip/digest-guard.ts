import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parseChallenges } from './digest.ts';
import type { Credentials } from './types.ts';

/** A nonce is good for so long, ms; a phone that comes later is asked again and shows nothing. */
const NONCE_MS = 300_000;
/** Nonces whose count is remembered; beyond it the oldest is stale. */
const MAX_NONCES = 10_000;

/** `none`: no Authorization of our realm. `stale`: the password is right, the nonce is too old or was used up. */
export type DigestVerdict =
  | { readonly verdict: 'right'; readonly username: string }
  | { readonly verdict: 'wrong' | 'stale' | 'none' };

export interface DigestGuardOptions {
  readonly realm: string;
  /** MD5 is what every PBX speaks; SHA-256 (RFC 8760) where the PBX does. */
  readonly algorithm: 'MD5' | 'SHA-256';
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Secret of the nonces; default random: a restart makes all of them stale. */
  readonly secret?: Uint8Array;
}

/**
 * The server side of HTTP digest (RFC 3261 22, RFC 7616 3.4, qop=auth only). Nonces are signed, not stored, so that a
 * flood of challenges costs no memory; only those that were used are counted, against replay.
 */
export class DigestGuard {
  readonly #options: DigestGuardOptions;
  readonly #secret: Uint8Array;
  /** The highest count seen of each nonce. */
  readonly #counts = new Map<string, number>();
  /** Nonces made until then may have been used and forgotten, milliseconds since the epoch. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(options: DigestGuardOptions) {
    this.#options = options;
    this.#secret = options.secret ?? randomBytes(32);
  }

  /** Value of WWW-Authenticate. */
  challenge(stale: boolean): string {
    const { realm, algorithm, now } = this.#options;
    const stamp = `${now().toString(36)}.${randomBytes(9).toString('base64url')}`;
    const nonce = `${stamp}.${this.#sign(stamp)}`;
    return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`;
  }

  /** Whose password an Authorization of our realm says that it shows; undefined: it is none. */
  claimed(authorization: string | undefined): string | undefined {
    return this.#given(authorization)?.get('username');
  }

  #given(authorization = ''): ReadonlyMap<string, string> | undefined {
    const { realm } = this.#options;
    return parseChallenges(authorization).find(
      ({ scheme, params }) => scheme === 'digest' && params.get('realm') === realm,
    )?.params;
  }

  /**
   * @param authorization value of Authorization
   * @param uri the Request-URI as it came: what is signed must be what was asked for
   * @param known the credentials of those who may pass
   */
  check(
    authorization: string | undefined,
    method: string,
    uri: string,
    known: readonly Credentials[],
  ): DigestVerdict {
    const { realm, algorithm } = this.#options;
    const given = this.#given(authorization);
    if (!given) return { verdict: 'none' };
    const get = (key: string): string => given.get(key) ?? '';
    const [username, nonce, nc, cnonce] = [get('username'), get('nonce'), get('nc'), get('cnonce')];
    // Right or wrong: one of before our start, or of somebody who never saw a challenge and may borrow the address.
    if (!this.#isOurs(nonce)) return { verdict: 'stale' };
    const isForm =
      get('qop') === 'auth' &&
      cnonce !== '' &&
      /^[0-9a-f]{8}$/i.test(nc) &&
      (get('algorithm') || 'MD5').toUpperCase() === algorithm &&
      get('uri') === uri;
    // Somebody unknown is told no faster than somebody with a wrong password.
    const person = known.find((each) => each.username === username);
    const hash = (...parts: string[]): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(parts.join(':'))
        .digest('hex');
    const a1 = hash(username, realm, person?.password ?? '');
    const wanted = hash(a1, nonce, nc, cnonce, 'auth', hash(method, uri));
    const isRight = same(get('response').toLowerCase(), wanted);
    if (!isForm || !isRight || !person) return { verdict: 'wrong' };
    if (!this.#isFresh(nonce, Number.parseInt(nc, 16))) return { verdict: 'stale' };
    return { verdict: 'right', username };
  }

  #isOurs(nonce: string): boolean {
    const at = nonce.lastIndexOf('.');
    return same(nonce.slice(at + 1), this.#sign(nonce.slice(0, Math.max(0, at))));
  }

  #isFresh(nonce: string, count: number): boolean {
    const madeAt = madeAtOf(nonce);
    const age = this.#options.now() - madeAt;
    if (!(age >= 0 && age < NONCE_MS)) return false;
    const last = this.#counts.get(nonce);
    if (last === undefined ? madeAt <= this.#forgottenMs : count <= last) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= MAX_NONCES) break;
      this.#counts.delete(oldest);
      this.#forgottenMs = Math.max(this.#forgottenMs, madeAtOf(oldest));
    }
    return true;
  }

  #sign(stamp: string): string {
    return createHmac('sha256', this.#secret).update(stamp).digest('base64url').slice(0, 22);
  }
}

const madeAtOf = (nonce: string): number => Number.parseInt(nonce.split('.', 1)[0] ?? '', 36);

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
