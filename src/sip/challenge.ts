import { authorize, chooseChallenge, parseChallenges, type SignedRequest } from './digest.ts';
import type { InboundResponse } from './link.ts';
import type { Credentials } from './types.ts';

/** Proxies on the way and the far end may each ask once, and a nonce may be stale (RFC 3261 22.2, 22.3). */
const MAX_ROUNDS = 3;

/** The credentials of one request through its challenges. */
export class ChallengeAnswers {
  readonly #credentials: Credentials | undefined;
  readonly #random: () => number;
  readonly #headers: Record<string, string> = {};
  readonly #answered = new Set<string>();
  #rounds = 0;

  constructor(credentials: Credentials | undefined, random: () => number) {
    this.#credentials = credentials;
    this.#random = random;
  }

  /**
   * Headers to send `request` again with; undefined when `response` is no challenge, none we can answer, or one that
   * says our credentials are wrong (same realm again without `stale=true`).
   */
  next(response: InboundResponse, request: SignedRequest): Record<string, string> | undefined {
    const proxy = response.status === 407;
    if (!this.#credentials || (!proxy && response.status !== 401)) return undefined;
    const challenge = chooseChallenge(
      parseChallenges(response.header(proxy ? 'proxy-authenticate' : 'www-authenticate') ?? ''),
    );
    if (!challenge || ++this.#rounds > MAX_ROUNDS) return undefined;
    const key = `${response.status} ${challenge.params.get('realm')}`;
    const stale = challenge.params.get('stale')?.toLowerCase() === 'true';
    if (this.#answered.has(key) && !stale) return undefined;
    this.#answered.add(key);
    const cnonce = Array.from({ length: 4 }, () =>
      Math.floor(this.#random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    this.#headers[proxy ? 'Proxy-Authorization' : 'Authorization'] = authorize(
      challenge,
      request,
      this.#credentials,
      cnonce,
    );
    return { ...this.#headers };
  }
}
