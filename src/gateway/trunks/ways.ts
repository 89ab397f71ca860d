import { formatHost, nextHop } from '../../routing/index.ts';
import type { RegisterOptions, Registration, SipControl } from '../../sip/index.ts';
import type { TrunkBoard } from './board.ts';

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What says how a trunk is reached; the configuration's trunks fit. */
export interface WayTrunk {
  readonly host: string;
  readonly port?: number;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly fromDomain?: string;
  readonly credentials?: Credentials;
  readonly proxy?: string;
  readonly register?: {
    readonly servers?: readonly string[];
    readonly user?: string;
    readonly domain?: string;
    readonly username?: string;
    readonly password?: string;
    readonly contactUser?: string;
    readonly expiresS: number;
    readonly fromUser: 'account' | 'caller';
  };
}

/** How a request goes to a trunk now: what is said here takes the place of what it would have. */
export interface TrunkWay {
  /** Next hop, as a SIP URI. */
  readonly proxy?: string;
  readonly from?: { readonly user?: string; readonly host: string };
  readonly credentials?: Credentials;
}

/** A trunk whose PBX we register at. */
interface Registering {
  readonly options: Omit<RegisterOptions, 'onState'>;
  readonly fromUser: 'account' | 'caller';
  registration: Registration | undefined;
}

/** The ways to trunks: outbound proxies, and the servers that have our registrations. Tells the board of those. */
export class TrunkWays {
  readonly #board: Pick<TrunkBoard, 'set'>;
  readonly #trunks: Readonly<Record<string, WayTrunk>>;
  readonly #registering: ReadonlyMap<string, Registering>;

  constructor(trunks: Readonly<Record<string, WayTrunk>>, board: Pick<TrunkBoard, 'set'>) {
    this.#board = board;
    this.#trunks = trunks;
    this.#registering = new Map(
      Object.entries(trunks).flatMap(([name, trunk]) => {
        const { register } = trunk;
        if (!register) return [];
        const { fromUser } = register;
        return [
          [name, { options: registerOptions(name, trunk, register), fromUser, registration: undefined }],
        ];
      }),
    );
  }

  /** Registers where that is wanted, until `sip` is closed. */
  start(sip: Pick<SipControl, 'register'>): void {
    for (const [name, each] of this.#registering) {
      this.#board.set(name, 'registration', false, 'not yet registered');
      each.registration = sip.register({
        ...each.options,
        onState: ({ up, why }) => this.#board.set(name, 'registration', up, why),
      });
    }
  }

  of(name: string): TrunkWay {
    const trunk = this.#trunks[name];
    const each = this.#registering.get(name);
    const proxy = trunk?.proxy ?? undefined;
    if (!trunk || !each) return proxy === undefined ? {} : { proxy: nextHop(proxy, trunk?.transport) };
    const { aor, credentials, servers } = each.options;
    // Without a registration the first server says best what it thinks of a call.
    const server = each.registration?.view.server ?? servers[0];
    const next = proxy === undefined ? server : nextHop(proxy, trunk.transport);
    return {
      ...(next === undefined ? {} : { proxy: next }),
      from: { ...(each.fromUser === 'account' ? { user: aor.user } : {}), host: aor.domain },
      ...(credentials ? { credentials } : {}),
    };
  }

  /**
   * The trunks whose registrar has that address, and whose Contact it calls when it calls `user`: those first, the
   * others of that registrar after them.
   */
  registeredAt(address: string, user: string): { readonly name: string; readonly isOurContact: boolean }[] {
    return [...this.#registering]
      .filter(([, { registration }]) => registration?.view.up && registration.view.address === address)
      .map(([name, { options }]) => ({ name, isOurContact: options.contactUser === user }))
      .sort((a, b) => Number(b.isOurContact) - Number(a.isOurContact));
  }
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
  };
}
