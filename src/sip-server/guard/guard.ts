import type { Clock } from '../../shared/clock.ts';
import type { SipRequest } from '../message/message.ts';
import type { ListenOptions, RateLimitOptions, SipAccess, SipContact } from '../types.ts';
import type { Counters } from './counters.ts';
import { Peers } from './peers.ts';
import { RateLimit } from './rate-limit.ts';
import { isScanner } from './scanners.ts';

/** Server transactions that may live at once; each lives 32 s after its answer, so 1,000 calls a second fit. */
const MAX_TRANSACTIONS = 65_536;

/**
 * Messages a second that are read of a source that is no peer, and of all such: the answers of a trunk that is none, a
 * thousand calls a second of them, and a tenth of a core at the most.
 */
const STRANGER = { perSecond: 5_000, burst: 5_000 } as const;
const STRANGERS = { perSecond: 10_000, burst: 10_000 } as const;

/** What one listener lets in. */
interface Door {
  readonly peers: Peers;
  readonly limit: RateLimit | undefined;
}

type Settings = Partial<SipAccess> & {
  readonly listen: readonly ListenOptions[];
};
/** How a message came: the listener's protocol and bound address. */
type Way = Pick<SipContact, 'protocol'> & { readonly bound: Pick<SipContact, 'address' | 'port'> };

/**
 * Who may cost us anything, by listener: peers, how many new requests of a source, scanners. What it turns away is
 * counted and gets no answer: RFC 3261 21.5.4 allows it, and an answer would tell a scanner that we are here.
 */
export class Guard {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #byContact = new Map<string, Door>();
  readonly #strangers: RateLimit;
  readonly #allStrangers: RateLimit;
  #common: Door;
  #doors: readonly Door[];
  #contacts: readonly SipContact[] = [];

  /** @throws GatewayError SIP_SERVER_OPTIONS, SIP_SERVER_ALLOW_MISSING */
  constructor(settings: Settings, clock: Clock, counters: Counters) {
    this.#settings = settings;
    this.#clock = clock;
    this.#counters = counters;
    this.#strangers = new RateLimit(STRANGER, clock);
    this.#allStrangers = new RateLimit(STRANGERS, clock);
    ({ common: this.#common, doors: this.#doors } = doorsOf(settings, clock));
  }

  /**
   * Other peers and another limit for listeners that have none of their own. Connections that are open stay, their
   * requests are judged anew.
   * @throws GatewayError SIP_SERVER_OPTIONS, SIP_SERVER_ALLOW_MISSING: nothing has changed then
   */
  admit(access: SipAccess): void {
    ({ common: this.#common, doors: this.#doors } = doorsOf({ ...this.#settings, ...access }, this.#clock));
    this.bind(this.#contacts);
  }

  /** Says where the listeners of the settings, in their order, really are. */
  bind(contacts: readonly SipContact[]): void {
    this.#contacts = contacts;
    contacts.forEach((contact, i) => {
      const door = this.#doors[i];
      if (door) this.#byContact.set(key(contact.protocol, contact), door);
    });
  }

  #door(way: Way): Door {
    return this.#byContact.get(key(way.protocol, way.bound)) ?? this.#common;
  }

  /** Whether that address is one of the listener's peers. */
  knows(address: string, way: Way): boolean {
    return this.#door(way).peers.has(address);
  }

  /** Whether another message of a stranger is read at all: it may belong to something of ours. */
  mayRead(address: string): boolean {
    if (this.#strangers.take(address) && this.#allStrangers.take('')) return true;
    this.#counters.add('rateLimited');
    return false;
  }

  /** Whether a request that would make a transaction may; one inside a dialog or a repetition is never asked about. */
  admits(request: SipRequest, address: string, way: Way, transactions: number): boolean {
    if (isScanner(request)) {
      this.#counters.add('scanners');
      return false;
    }
    if (transactions >= MAX_TRANSACTIONS) {
      this.#counters.add('overload');
      return false;
    }
    return this.mayCost(address, way);
  }

  /** Whether the source may have one more answer. */
  mayCost(address: string, way: Way): boolean {
    const { limit } = this.#door(way);
    if (!limit || limit.take(address)) return true;
    this.#counters.add('rateLimited');
    return false;
  }
}

function doorsOf(
  settings: Settings,
  clock: Clock,
): { readonly common: Door; readonly doors: readonly Door[] } {
  const limit = (options: RateLimitOptions | false): RateLimit | undefined =>
    options === false ? undefined : new RateLimit(options, clock);
  const common = { peers: new Peers(settings.allow ?? []), limit: limit(settings.rateLimit ?? {}) };
  const doors = settings.listen.map(({ address, allow, rateLimit }) => {
    const peers = allow ? new Peers(allow) : common.peers;
    peers.checkListener(address);
    return { peers, limit: rateLimit === undefined ? common.limit : limit(rateLimit) };
  });
  return { common, doors };
}

const key = (protocol: string, { address, port }: { address: string; port: number }): string =>
  `${protocol} ${address} ${port}`;
