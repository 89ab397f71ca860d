import { escapeUser } from './sip-uri.ts';

/** Where a call may be sent on to. */
export interface RedirectPlace {
  readonly trunk: string;
  readonly user: string;
}

/** How often one target may send the call on. */
const MAX_FOLLOWED = 5;

/** 300, 301, 302 and 305 name whom to call instead (RFC 3261 21.3); 380 describes services, which nobody reads. */
export const isRedirect = (status: number): boolean =>
  status === 300 || status === 301 || status === 302 || status === 305;

/**
 * The places that one target's 3xx led to (RFC 3261 8.1.3.4): tried one after the other, best q first, those of a later
 * 3xx before what is left of an earlier one; none twice, five in all.
 */
export class RedirectTrail {
  readonly #seen: Set<string>;
  #open: RedirectPlace[] = [];
  #followed = 0;

  constructor(first: RedirectPlace) {
    this.#seen = new Set([keyOf(first)]);
  }

  /**
   * Takes the contacts of a 3xx. `allowed` says where a URI leads, if there; why the others are not followed is
   * returned: `loop` has been called already.
   * @param user who was called: a proxy (305) is asked for the same
   */
  take(
    { status, contacts, user }: { status: number; contacts: readonly string[]; user: string },
    allowed: (uri: string) => RedirectPlace | string,
  ): readonly string[] {
    const refused: string[] = [];
    const found: RedirectPlace[] = [];
    for (const contact of contacts) {
      const place = allowed(status === 305 ? throughProxy(contact, user) : contact);
      if (typeof place === 'string') refused.push(place);
      else if (this.#seen.has(keyOf(place))) refused.push('loop');
      else {
        this.#seen.add(keyOf(place));
        found.push(place);
      }
    }
    this.#open = [...found, ...this.#open];
    return refused;
  }

  /** Whom to call now; `too-many` when there is somebody, but enough were called. */
  next(): RedirectPlace | 'too-many' | undefined {
    const place = this.#open.shift();
    if (!place) return undefined;
    if (this.#followed >= MAX_FOLLOWED) return 'too-many';
    this.#followed += 1;
    return place;
  }
}

const keyOf = ({ trunk, user }: RedirectPlace): string => `${trunk}/${user}`;

function throughProxy(contact: string, user: string): string {
  const [, scheme, rest] = /^(sips?):(?:[^@]*@)?(.*)$/is.exec(contact) ?? [];
  return scheme === undefined ? contact : `${scheme}:${escapeUser(user)}@${rest}`;
}
