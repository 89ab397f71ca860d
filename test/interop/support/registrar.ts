import type { SrfRequest, SrfResponse } from '../../sip-server/support/srf.ts';
import { DigestCheck } from './digest-check.ts';

/** Where a user can be called (RFC 3261 10.3). */
export interface Binding {
  readonly user: string;
  /** The URI it gave. */
  readonly contact: string;
  /** Where its REGISTER came from, as a SIP URI: the way to it. */
  readonly via: string;
  readonly callId: string;
}

interface Registration {
  readonly user: string;
  readonly expiresS: number;
  readonly binding: Binding;
}

/** The registrar of the test's PBX: challenges every REGISTER, keeps one binding a user. */
export class Registrar {
  readonly check: DigestCheck;
  /** Every REGISTER that was accepted, in order. */
  readonly accepted: Registration[] = [];
  readonly #users: Readonly<Record<string, string>>;
  readonly #grantS: number;
  readonly #bindings = new Map<string, Binding>();
  #wake: (() => void)[] = [];

  /**
   * @param users password by user name
   * @param grantS no binding lives longer
   */
  constructor(users: Readonly<Record<string, string>>, grantS: number) {
    this.#users = users;
    this.#grantS = grantS;
    this.check = new DigestCheck(users);
  }

  has(user: string): boolean {
    return this.#users[user] !== undefined;
  }

  binding(user: string): Binding | undefined {
    return this.#bindings.get(user);
  }

  /** A peer that does not register: it is called at this URI, by way of another when that is given. */
  bind(user: string, contact: string, via = contact): void {
    this.#bindings.set(user, { user, contact, via, callId: '' });
  }

  /** Resolves with the `nth` accepted registration of a user, now or later. */
  async registered(user: string, nth = 1): Promise<Binding> {
    return (await this.#nth((each) => each.user === user && each.expiresS > 0, nth)).binding;
  }

  /** Resolves when a user has taken its binding away. */
  async unregistered(user: string): Promise<void> {
    await this.#nth((each) => each.user === user && each.expiresS === 0, 1);
  }

  /** A handler for drachtio-srf. */
  readonly onRegister = (req: SrfRequest, res: SrfResponse): void => {
    if (this.check.user(req.get('Authorization'), 'REGISTER') === undefined) {
      res.send(401, { headers: { 'WWW-Authenticate': this.check.challenge } });
      return;
    }
    const user = userOf(req.get('To'));
    const contact = req.get('Contact') ?? '';
    const asked = /;\s*expires=(\d+)/i.exec(contact)?.[1] ?? req.get('Expires') ?? String(this.#grantS);
    const expiresS = Math.min(Number(asked), this.#grantS);
    const uri = /<([^>]+)>/.exec(contact)?.[1] ?? contact;
    const binding = { user, contact: uri, via: sourceOf(req), callId: req.get('Call-ID') ?? '' };
    if (expiresS === 0) this.#bindings.delete(user);
    else this.#bindings.set(user, binding);
    const headers = expiresS === 0 ? {} : { Contact: `<${uri}>;expires=${expiresS}` };
    res.send(200, { headers });
    this.accepted.push({ user, expiresS, binding });
    for (const wake of this.#wake.splice(0)) wake();
  };

  async #nth(match: (each: Registration) => boolean, nth: number): Promise<Registration> {
    for (;;) {
      const found = this.accepted.filter(match)[nth - 1];
      if (found) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}

/** The way back to the sender of a request, on the transport it used. */
const sourceOf = (req: SrfRequest): string => {
  const { source_address: host, source_port: port, protocol } = req as SrfRequest & { protocol: string };
  return `sip:${host}:${port};transport=${protocol}`;
};

/** User part of the first SIP URI in a text. */
export const userOf = (text: string | undefined): string => /sips?:([^@;>\s]+)@/.exec(text ?? '')?.[1] ?? '';
