import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { GrantedScope, Scope } from '../shared/admin-scopes.ts';

/** A token as the configuration has it: its hash, or itself. */
export interface AdminToken {
  readonly name: string;
  readonly scopes: readonly GrantedScope[];
  /** `sha256:` and 64 hexadecimal digits. */
  readonly hash?: string | undefined;
  readonly secret?: string | undefined;
}

/** Who a request is from. */
export interface Bearer {
  readonly name: string;
  readonly scopes: readonly GrantedScope[];
}

const PREFIX = 'sha256:';

/**
 * The tokens that are taken. Each is 256 random bits, or a secret of 32 characters at least: a plain SHA-256 cannot be
 * guessed back, and a slow hash would only give strangers a way to keep us busy.
 */
export class TokenBook {
  readonly #known: readonly { readonly bearer: Bearer; readonly digest: Buffer }[];

  constructor(tokens: readonly AdminToken[]) {
    this.#known = tokens.flatMap(({ name, scopes, hash, secret }) => {
      const text = hash?.startsWith(PREFIX) ? hash.slice(PREFIX.length) : undefined;
      const digest = text ? Buffer.from(text, 'hex') : secret ? sha256(secret) : undefined;
      return digest?.length === 32 ? [{ bearer: { name, scopes }, digest }] : [];
    });
  }

  get size(): number {
    return this.#known.length;
  }

  /** Takes as long whether the token is known or not, and whichever it is. */
  find(token: string): Bearer | undefined {
    const presented = sha256(token);
    let found: Bearer | undefined;
    for (const { bearer, digest } of this.#known) {
      if (timingSafeEqual(digest, presented)) found = bearer;
    }
    return found;
  }
}

export function mayDo({ scopes }: Bearer, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}

/** A token of 256 random bits, and what the configuration keeps of it. */
export function newToken(): { readonly token: string; readonly hash: string } {
  const token = `msgw_${randomBytes(32).toString('base64url')}`;
  return { token, hash: hashOf(token) };
}

export function hashOf(token: string): string {
  return PREFIX + sha256(token).toString('hex');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
