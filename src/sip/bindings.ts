import { parseNameAddr, splitOutside } from './grammar.ts';

/** Where requests of one phone come from, and go to: its NAT knows no other way. */
export interface BindingFlow {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

/** One Contact of an account (RFC 3261 10.3). */
export interface Binding {
  /** URI as the phone gave it: the Request-URI that it expects. */
  readonly contact: string;
  /** 0 to 1. */
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  /** Monotonic ms. */
  readonly untilMs: number;
  readonly flow: BindingFlow;
  /** Proxies between us and the phone, as loose routes (RFC 3327); they are the way, not `flow`. */
  readonly path?: readonly string[];
}

/** What one REGISTER asks for; `expiresS` 0 takes the Contact away. */
export interface WantedContact {
  readonly contact: string;
  readonly q: number;
  readonly expiresS: number;
}

/** The bindings of all accounts. Time is passed in, monotonic ms; what has lapsed is not there. */
export class Bindings {
  #maxContacts: number;
  readonly #users = new Map<string, readonly Binding[]>();

  /** @param maxContacts of one account; one more takes the place of the one that was refreshed longest ago */
  constructor(maxContacts: number) {
    this.#maxContacts = maxContacts;
  }

  /** For Contacts that come from now on. */
  limit(maxContacts: number): void {
    this.#maxContacts = maxContacts;
  }

  /** The account is gone. False: it had no binding. */
  drop(user: string): boolean {
    return this.#users.delete(user);
  }

  /** Best first: by q, then the one that came last. */
  of(user: string, nowMs: number): readonly Binding[] {
    const all = this.#users.get(user) ?? [];
    const live = all.filter(({ untilMs }) => untilMs > nowMs);
    if (live.length === 0) this.#users.delete(user);
    else if (live.length < all.length) this.#users.set(user, live);
    return live.toSorted((a, b) => b.q - a.q || live.indexOf(b) - live.indexOf(a));
  }

  /** False when a Contact was set by a later request of the same Call-ID (10.3, step 7): nothing is changed then. */
  update(
    user: string,
    wanted: readonly WantedContact[],
    by: Pick<Binding, 'callId' | 'cseq' | 'flow' | 'path'>,
    nowMs: number,
  ): boolean {
    let next = this.#live(user, nowMs);
    for (const { contact, q, expiresS } of wanted) {
      const key = sameContact(contact);
      const old = next.find((each) => sameContact(each.contact) === key);
      if (old && isLate(old, by)) return false;
      next = next.filter((each) => each !== old);
      if (expiresS > 0) next = [...next, { contact, q, untilMs: nowMs + expiresS * 1_000, ...by }];
    }
    this.#users.set(user, next.slice(-this.#maxContacts));
    return true;
  }

  /** `Contact: *` with an expiry of 0. */
  clear(user: string, by: Pick<Binding, 'callId' | 'cseq'>, nowMs: number): boolean {
    if (this.#live(user, nowMs).some((each) => isLate(each, by))) return false;
    this.#users.delete(user);
    return true;
  }

  /** When the next one lapses; undefined when there is none. */
  nextEndMs(): number | undefined {
    const ends = [...this.#users.values()].flatMap((each) => each.map(({ untilMs }) => untilMs));
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  #live(user: string, nowMs: number): readonly Binding[] {
    return (this.#users.get(user) ?? []).filter(({ untilMs }) => untilMs > nowMs);
  }
}

const isLate = (old: Binding, by: Pick<Binding, 'callId' | 'cseq'>): boolean =>
  old.callId === by.callId && by.cseq <= old.cseq;

/** A Contact for comparison (RFC 3261 19.1.4): scheme, user, host, port and transport; other parameters change nothing. */
function sameContact(uri: string): string {
  const [head = '', ...params] = splitOutside(parseNameAddr(`<${uri}>`).uri, ';');
  const at = head.lastIndexOf('@') + 1;
  const transport = params.find((each) => /^transport=/i.test(each)) ?? '';
  return `${head.slice(0, at)}${head.slice(at).toLowerCase()};${transport.toLowerCase()}`;
}
