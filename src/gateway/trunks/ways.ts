import { isDeepStrictEqual } from 'node:util';
import { escapeUser, formatHost, nextHop } from '../../routing/index.ts';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { Binding, Credentials, RegisterOptions, Registration, SipControl } from '../../sip/index.ts';
import type { TrunkBoard } from './board.ts';

/** What says how a trunk is reached; the configuration's trunks fit. */
export interface WayTrunk {
  readonly host: string;
  readonly port?: number;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly fromDomain?: string;
  readonly credentials?: Credentials;
  readonly proxy?: string;
  /** User of the account that it registers here with. */
  readonly registered?: string;
  readonly register?: {
    readonly servers?: readonly string[];
    readonly user?: string;
    readonly domain?: string;
    readonly username?: string;
    readonly password?: string;
    readonly contactUser?: string;
    readonly expiresS: number;
    readonly refreshS?: number;
  };
  readonly callerId?: { readonly from?: 'caller' | 'trunk'; readonly fromUser?: string };
}

/** How a request goes to a trunk now: what is said here takes the place of what it would have. */
export interface TrunkWay {
  /** Next hop, as a SIP URI. */
  readonly proxy?: string;
  /** Route set, as SIP URIs: Service-Route of its registrar, Path of its registration here. */
  readonly routes?: readonly string[];
  readonly from?: { readonly user?: string; readonly host: string };
  readonly credentials?: Credentials;
  /** Request-URI and To for that user there, in place of those of the host; '' is the trunk itself. */
  readonly address?: (user: string) => { readonly uri: string; readonly to: string };
  /** Where several Contacts of one account ring: the ways to those that ring at once, in their order. */
  readonly forks?: { readonly groups: readonly (readonly TrunkWay[])[]; readonly ringMs: number };
}

/** How the Contacts of an account are rung; the registrar's configuration fits. */
export interface Ringing {
  readonly ring: 'all' | 'best';
  /** How long those with a higher q ring before the next, ms. */
  readonly ringMs: number;
}

/** Who registers here, and where from. */
export interface RegistrarBook {
  readonly accounts: readonly { readonly user: string; readonly password: string }[];
  /** Best first. */
  bindings(user: string): readonly Binding[];
  /** Monotonic ms. */
  nextEndMs(): number | undefined;
}

export interface TrunkWaysOptions {
  readonly trunks: Readonly<Record<string, WayTrunk>>;
  readonly board: Pick<TrunkBoard, 'set' | 'begin'>;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly registrar?: RegistrarBook | undefined;
  readonly ringing?: Ringing | undefined;
}

/** A trunk at a source address, as it registered. */
export interface RegisteredTrunk {
  readonly name: string;
  /** It calls what we registered, not a number. */
  readonly isOurContact: boolean;
  /** What its INVITEs must be signed with. */
  readonly callers?: Credentials;
}

/** A trunk whose PBX we register at. */
interface Registering {
  readonly options: Omit<RegisterOptions, 'onState'>;
  /** User part of From; undefined: the caller's. */
  fromUser: string | undefined;
  registration: Registration | undefined;
  /** Of another registration of the trunk: its end, which must not take away what the new one has registered. */
  readonly after: Promise<unknown>;
}

/** The ways to trunks: outbound proxies, and the servers that have our registrations. Tells the board of those. */
export class TrunkWays {
  readonly #board: TrunkWaysOptions['board'];
  #trunks: Readonly<Record<string, WayTrunk>> = {};
  #sip: Pick<SipControl, 'register'> | undefined;
  readonly #clock: TrunkWaysOptions['clock'];
  readonly #registrar: RegistrarBook | undefined;
  readonly #ringing: Ringing | undefined;
  /** Trunks whose account has been registered here. */
  readonly #seen = new Set<string>();
  #lapse: TimerHandle | undefined;
  #closed = false;
  readonly #registering = new Map<string, Registering>();
  /** Registrations of trunks that register no more, until they are taken away. */
  readonly #ending = new Map<string, Promise<unknown>>();

  constructor({ trunks, board, clock, registrar, ringing }: TrunkWaysOptions) {
    this.#board = board;
    this.#clock = clock;
    this.#registrar = registrar;
    this.#ringing = ringing;
    this.replace(trunks);
  }

  /** Registers where that is wanted, until `sip` is closed. */
  start(sip: Pick<SipControl, 'register'>): void {
    this.#sip = sip;
    for (const [name, each] of this.#registering) {
      this.#board.begin(name, 'registration', 'not yet registered');
      this.#register(name, each);
    }
    for (const [name, { registered }] of Object.entries(this.#trunks))
      if (registered !== undefined) this.#board.begin(name, 'registration', 'not registered');
    this.bindingsChanged();
  }

  /**
   * Other trunks. A registration that is not wanted any more, or is wanted otherwise, is taken away, and the new one
   * follows; until it is there the trunk counts as what it was. The others are not touched.
   */
  replace(trunks: Readonly<Record<string, WayTrunk>>): void {
    const before = this.#trunks;
    this.#trunks = trunks;
    for (const [name, old] of [...this.#registering]) {
      const wanted = wantedOf(name, trunks[name]);
      if (wanted && isDeepStrictEqual(wanted.options, old.options)) {
        old.fromUser = wanted.fromUser;
        continue;
      }
      this.#registering.delete(name);
      const after = Promise.all([old.after, old.registration?.stop()]);
      if (wanted) this.#add(name, wanted, after);
      else this.#ending.set(name, after);
    }
    for (const [name, trunk] of Object.entries(trunks)) {
      const wanted = this.#registering.has(name) ? undefined : wantedOf(name, trunk);
      if (wanted) {
        if (this.#sip) this.#board.begin(name, 'registration', 'not yet registered');
        this.#add(name, wanted, this.#ending.get(name) ?? Promise.resolve());
        this.#ending.delete(name);
      }
      const isNewAccount = trunk.registered !== undefined && trunk.registered !== before[name]?.registered;
      if (isNewAccount) this.#seen.delete(name);
      if (isNewAccount && this.#sip) this.#board.begin(name, 'registration', 'not registered');
      const had = before[name]?.register ?? before[name]?.registered;
      if (had !== undefined && !trunk.register && trunk.registered === undefined)
        this.#board.set(name, 'registration', true, 'it registers no more');
    }
    // One that comes back begins anew.
    for (const name of this.#seen) if (trunks[name]?.registered === undefined) this.#seen.delete(name);
    if (this.#sip) this.bindingsChanged();
  }

  #add(name: string, wanted: Wanted, after: Promise<unknown>): void {
    const each: Registering = { ...wanted, registration: undefined, after };
    this.#registering.set(name, each);
    if (!this.#sip) return;
    void after.then(() => {
      if (!this.#closed && this.#registering.get(name) === each) this.#register(name, each);
    });
  }

  #register(name: string, each: Registering): void {
    each.registration = this.#sip?.register({
      ...each.options,
      onState: ({ up, why }) => {
        // The end of one that another follows says nothing of the trunk.
        if (this.#registering.get(name) === each) this.#board.set(name, 'registration', up, why);
      },
    });
  }

  /** Tells the board who is registered here, now and when the next registration lapses. */
  bindingsChanged(): void {
    for (const [name, { registered }] of Object.entries(this.#trunks)) {
      if (registered === undefined) continue;
      const isThere = (this.#registrar?.bindings(registered).length ?? 0) > 0;
      if (isThere) this.#seen.add(name);
      if (this.#seen.has(name))
        this.#board.set(name, 'registration', isThere, isThere ? 'registered' : 'not registered');
    }
    this.#lapse?.clear();
    const endMs = this.#registrar?.nextEndMs();
    if (endMs === undefined || this.#closed) return;
    const afterMs = Math.max(1, Math.ceil(endMs - this.#clock.monotonic()));
    this.#lapse = this.#clock.after(afterMs, () => this.bindingsChanged());
  }

  close(): void {
    this.#closed = true;
    this.#lapse?.clear();
  }

  /** Undefined while it is nowhere: not registered here. */
  of(name: string): TrunkWay | undefined {
    const account = this.#trunks[name]?.registered;
    if (account !== undefined) return this.#wayBack(account);
    const trunk = this.#trunks[name];
    const each = this.#registering.get(name);
    const proxy = trunk?.proxy ?? undefined;
    if (!trunk || !each) return proxy === undefined ? {} : { proxy: nextHop(proxy, trunk?.transport) };
    const { aor, credentials, servers } = each.options;
    // Without a registration the first server says best what it thinks of a call.
    const { server = servers[0], routes } = each.registration?.view ?? {};
    const next = proxy === undefined ? (routes ? undefined : server) : nextHop(proxy, trunk.transport);
    return {
      ...(next === undefined ? {} : { proxy: next }),
      ...(routes ? { routes } : {}),
      from: { ...(each.fromUser === undefined ? {} : { user: each.fromUser }), host: aor.domain },
      ...(credentials ? { credentials } : {}),
    };
  }

  /**
   * The trunks that have to do with that address by a registration: those whose registrar it is, first those whose
   * Contact is called when `user` is; and those that registered here from it.
   */
  registeredAt(address: string, user: string): RegisteredTrunk[] {
    const ours = [...this.#registering]
      .filter(([, { registration }]) => registration?.view.up && registration.view.address === address)
      .map(([name, { options }]) => ({ name, isOurContact: options.contactUser === user }))
      .sort((a, b) => Number(b.isOurContact) - Number(a.isOurContact));
    const theirs = Object.entries(this.#trunks).flatMap(([name, { registered = '' }]) => {
      const account = this.#registrar?.accounts.find((each) => each.user === registered);
      const isHere = this.#registrar?.bindings(registered).some(({ flow }) => flow.address === address);
      if (!account || !isHere) return [];
      return [{ name, isOurContact: false, callers: { username: account.user, password: account.password } }];
    });
    return [...ours, ...theirs];
  }

  /** To the best of its Contacts, and to all of them where all shall ring. */
  #wayBack(account: string): TrunkWay | undefined {
    const bindings = this.#registrar?.bindings(account) ?? [];
    const [best] = bindings;
    if (!best) return undefined;
    const way = wayTo(account, best);
    const { ring = 'best', ringMs = 0 } = this.#ringing ?? {};
    if (ring === 'best' || bindings.length === 1) return way;
    const groups = [...Map.groupBy(bindings, ({ q }) => q).values()];
    return {
      ...way,
      forks: { groups: groups.map((group) => group.map((each) => wayTo(account, each))), ringMs },
    };
  }
}

/**
 * To where its registration came from: its Contact may be an address behind a NAT, and a Path whatever the phone likes.
 * The proxies that it named come after that; the first one says its port itself, where its address is that one.
 */
function wayTo(account: string, { contact, path = [], flow }: Binding): TrunkWay {
  const { address, port, protocol } = flow;
  const host = formatHost(address) ?? address;
  return {
    ...(path.length > 0 ? { routes: path } : {}),
    ...(hostOf(path[0] ?? '') === host ? {} : { proxy: `sip:${host}:${port};transport=${protocol}` }),
    address: (user) => {
      // A PBX finds whom to ring in the Request-URI; a phone expects the Contact that it gave.
      const uri = user === '' || user === account ? contact : withUser(contact, user);
      return { uri, to: uri.replace(/[;?][^@]*$/, '') };
    },
  };
}

/** As it stands in the URI, in lower case. */
const hostOf = (uri: string): string | undefined =>
  /^sips?:(?:[^@;]*@)?(\[[^\]]*\]|[^:;]+)/i.exec(uri)?.[1]?.toLowerCase();

/** The same URI with another user part. */
const withUser = (uri: string, user: string): string =>
  uri.replace(/^(sips?:)(?:[^@]*@)?/i, (_, scheme: string) => `${scheme}${escapeUser(user)}@`);

type Wanted = Pick<Registering, 'options' | 'fromUser'>;

function wantedOf(name: string, trunk: WayTrunk | undefined): Wanted | undefined {
  const { register } = trunk ?? {};
  if (!trunk || !register) return undefined;
  const options = registerOptions(name, trunk, register);
  // Most registrars take calls of the account alone.
  const { from = 'trunk', fromUser = options.aor.user } = trunk.callerId ?? {};
  return { options, fromUser: from === 'trunk' ? fromUser : undefined };
}

function registerOptions(
  name: string,
  trunk: WayTrunk,
  register: NonNullable<WayTrunk['register']>,
): Omit<RegisterOptions, 'onState'> {
  const { host, port, transport, fromDomain, proxy } = trunk;
  const { username = trunk.credentials?.username, password = trunk.credentials?.password } = register;
  const user = register.user ?? username ?? '';
  const domain = register.domain ?? fromDomain ?? host;
  const servers = register.servers ?? [`${formatHost(host) ?? host}${port === undefined ? '' : `:${port}`}`];
  return {
    name,
    aor: { user, domain: formatHost(domain) ?? domain },
    contactUser: register.contactUser ?? user,
    servers: servers.map((server) => nextHop(server, transport)),
    ...(proxy === undefined ? {} : { proxy: nextHop(proxy, transport) }),
    ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
    expiresS: register.expiresS,
    ...(register.refreshS === undefined ? {} : { refreshS: register.refreshS }),
  };
}
