import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { type Binding, type BindingFlow, Bindings, type WantedContact } from './bindings.ts';
import { DigestGuard } from './digest-guard.ts';
import { deltaSeconds, isUri, parseNameAddr, splitOutside, userOf } from './grammar.ts';
import { cseqOf } from './headers.ts';
import { routeSetIn } from './service-route.ts';
import { WrongAnswers } from './wrong-answers.ts';

/** Contacts that one REGISTER may carry. */
const MAX_CONTACTS_A_REQUEST = 10;

export interface RegistrarOptions {
  readonly realm: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly accounts: readonly { readonly user: string; readonly password: string }[];
  /** Seconds. */
  readonly expires: { readonly minS: number; readonly defaultS: number; readonly maxS: number };
  /** Of one account. */
  readonly maxContacts: number;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Log;
  /** Bindings of that account came, changed or went, except by the clock. */
  readonly onChange: (user: string) => void;
}

/** A REGISTER as it came. */
export interface RegisterRequest {
  readonly uri: string;
  readonly callId: string;
  readonly source: BindingFlow;
  header(name: string): string | undefined;
}

export interface RegisterAnswer {
  readonly status: number;
  readonly phrase?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A small registrar (RFC 3261 10.3): phones and PBXs of known accounts, always with digest, one address of record an
 * account. Sends nothing itself; time comes from its clock.
 */
export class Registrar {
  #options: RegistrarOptions;
  readonly #digest: DigestGuard;
  readonly #bindings: Bindings;
  readonly #wrong = new WrongAnswers();

  constructor(options: RegistrarOptions) {
    const { realm, algorithm, clock, maxContacts } = options;
    this.#options = options;
    this.#digest = new DigestGuard({ realm, algorithm, now: () => clock.now() });
    this.#bindings = new Bindings(maxContacts);
  }

  /**
   * Other accounts and terms, for requests from now on. Bindings of accounts that are gone go with them; those of an
   * account with another password stay until they lapse, and are not refreshed without it.
   */
  replace(next: Pick<RegistrarOptions, 'accounts' | 'expires' | 'maxContacts'>): void {
    const before = this.#options.accounts;
    const { accounts, expires, maxContacts } = next;
    this.#options = { ...this.#options, accounts, expires, maxContacts };
    this.#bindings.limit(maxContacts);
    for (const { user } of before) {
      if (accounts.some((each) => each.user === user)) continue;
      if (this.#bindings.drop(user)) this.#options.onChange(user);
    }
  }

  get accounts(): RegistrarOptions['accounts'] {
    return this.#options.accounts;
  }

  /** Where the account can be reached now, best first. */
  bindings(user: string): readonly Binding[] {
    return this.#bindings.of(user, this.#options.clock.monotonic());
  }

  /** Monotonic ms at which the next binding lapses. */
  nextEndMs(): number | undefined {
    return this.#bindings.nextEndMs();
  }

  answer(request: RegisterRequest): RegisterAnswer {
    const { accounts, clock, log } = this.#options;
    const nowMs = clock.monotonic();
    const { address } = request.source;
    const blockedS = this.#wrong.blockedS(address, nowMs);
    if (blockedS > 0 && !this.#isKnownFlow(request)) {
      return refusal(403, 'Too Many Wrong Passwords', { 'Retry-After': String(blockedS) });
    }
    const known = accounts.map(({ user, password }) => ({ username: user, password }));
    const checked = this.#digest.check(request.header('authorization'), 'REGISTER', request.uri, known);
    if (checked.verdict !== 'right') {
      if (checked.verdict === 'wrong') {
        const code = 'SIP_REGISTRAR_PASSWORD';
        log.warn({ code, from: address, user: toUser(request).slice(0, 64) }, 'registrar.refused');
        if (this.#wrong.add(address, nowMs)) log.warn({ from: address }, 'registrar.blocked');
      }
      const challenge = this.#digest.challenge(checked.verdict === 'stale');
      return refusal(401, 'Unauthorized', { 'WWW-Authenticate': challenge });
    }
    // Who one is does not say that another's calls are his (10.3, step 4).
    const { username } = checked;
    if (toUser(request) !== username) {
      const code = 'SIP_REGISTRAR_ACCOUNT';
      log.warn({ code, from: address, user: username }, 'registrar.refused');
      return refusal(403, 'Not Your Address Of Record');
    }
    const required = splitOutside(request.header('require') ?? '', ',').filter(
      (option) => option.toLowerCase() !== 'path',
    );
    if (required.length > 0) return refusal(420, 'Bad Extension', { Unsupported: required.join(', ') });
    return this.#register(request, username, nowMs);
  }

  #register(request: RegisterRequest, user: string, nowMs: number): RegisterAnswer {
    const { log, onChange } = this.#options;
    const before = this.bindings(user);
    const contacts = splitOutside(request.header('contact') ?? '', ',');
    const path = routeSetIn(request.header('path'), request.source.address);
    if (!path) return refusal(400, 'Unusable Path');
    const by = {
      callId: request.callId,
      cseq: cseqOf(request.header('cseq')),
      flow: flowOf(request),
      ...(path.length > 0 && { path }),
    };
    if (contacts.includes('*')) {
      const isWhole = contacts.length === 1 && request.header('expires')?.trim() === '0';
      if (!isWhole) return refusal(400, 'Contact * Is For Expires 0');
      if (!this.#bindings.clear(user, by, nowMs)) return refusal(500, 'CSeq Out Of Order');
    } else {
      const wanted = this.#wanted(contacts, request.header('expires'));
      if (!Array.isArray(wanted)) return wanted;
      if (!this.#bindings.update(user, wanted, by, nowMs)) return refusal(500, 'CSeq Out Of Order');
    }
    const bindings = this.bindings(user);
    if (contacts.length > 0) {
      const { protocol, address, port } = request.source;
      const facts = { user, contacts: bindings.length, protocol, address, port };
      const isNews = (before.length === 0) !== (bindings.length === 0);
      log[isNews ? 'info' : 'debug'](
        facts,
        bindings.length > 0 ? 'registrar.registered' : 'registrar.unregistered',
      );
      onChange(user);
    }
    const listed = bindings.map(
      ({ contact, untilMs }) => `<${contact}>;expires=${Math.max(1, Math.round((untilMs - nowMs) / 1_000))}`,
    );
    return {
      status: 200,
      headers: {
        ...(listed.length > 0 && { Contact: listed.join(', ') }),
        ...(path.length > 0 && { Supported: 'path', Path: path.map((uri) => `<${uri}>`).join(', ') }),
      },
    };
  }

  #wanted(contacts: readonly string[], expires: string | undefined): WantedContact[] | RegisterAnswer {
    const { minS, defaultS, maxS } = this.#options.expires;
    if (contacts.length > MAX_CONTACTS_A_REQUEST) return refusal(400, 'Too Many Contacts');
    const wanted: WantedContact[] = [];
    for (const item of contacts) {
      const { uri, params } = parseNameAddr(item);
      // It becomes a Request-URI: headers and a method have no place there (RFC 3261 19.1.1).
      if (!isUri(uri) || !/^sips?:/i.test(uri) || /\?|;method=/i.test(uri))
        return refusal(400, 'Unusable Contact');
      const asked = deltaSeconds(params.get('expires')) ?? deltaSeconds(expires) ?? defaultS;
      if (asked > 0 && asked < minS) {
        return refusal(423, 'Interval Too Brief', { 'Min-Expires': String(minS) });
      }
      const q = Number(params.get('q') ?? '1');
      wanted.push({ contact: uri, q: q >= 0 && q <= 1 ? q : 0, expiresS: Math.min(asked, maxS) });
    }
    return wanted;
  }

  /**
   * A phone that is registered goes on, whoever uses up the tries of its address: what it sends is still checked, and
   * its address cannot be borrowed to learn anything.
   */
  #isKnownFlow(request: RegisterRequest): boolean {
    const { protocol, address, port } = request.source;
    return this.bindings(toUser(request)).some(
      ({ flow }) => flow.protocol === protocol && flow.address === address && flow.port === port,
    );
  }
}

const refusal = (
  status: number,
  phrase: string,
  headers: Readonly<Record<string, string>> = {},
): RegisterAnswer => ({ status, phrase, headers });

const toUser = (request: RegisterRequest): string => userOf(parseNameAddr(request.header('to')).uri);

const flowOf = ({ source }: RegisterRequest): BindingFlow => ({
  protocol: source.protocol,
  address: source.address,
  port: source.port,
});
