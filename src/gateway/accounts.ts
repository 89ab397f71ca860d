import { MESSENGER, type Platform, WHATSAPP } from '../call/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { CallsApi } from '../meta/index.ts';

/** A Page or a WhatsApp number: what calls are placed and taken as. */
export interface Account {
  /** Page id, or phone_number_id. */
  readonly id: string;
  readonly platform: Platform;
  readonly api: CallsApi;
  /** Name of the route that its calls take. */
  readonly route: string;
  /** How long Meta lets a consumer's call ring, ms; unset: Messenger's 60 s. */
  readonly acceptWindowMs?: number;
}

/** What is left of the accept window when the last accept is sent, and when ringing stops, ms. */
const ACCEPT_RESERVE_MS = 2_000;
const RING_RESERVE_MS = 5_000;

/** Those that are ours, by id. */
export interface Accounts {
  get(id: string): Account | undefined;
  has(id: string): boolean;
  /** One that was ours before a reload: its calls go on, and new ones are not taken. */
  former?(id: string): Account | undefined;
}

/** The accounts of a gateway whose configuration may change. */
export class AccountBook implements Accounts {
  readonly #api: Parameters<typeof accountsOf>[1];
  readonly #former = new Map<string, Account>();
  #now: ReadonlyMap<string, Account>;

  constructor(meta: GatewayConfig['meta'], api: Parameters<typeof accountsOf>[1]) {
    this.#api = api;
    this.#now = accountsOf(meta, api);
  }

  get(id: string): Account | undefined {
    return this.#now.get(id);
  }

  has(id: string): boolean {
    return this.#now.has(id);
  }

  former(id: string): Account | undefined {
    return this.#former.get(id);
  }

  replace(meta: GatewayConfig['meta']): void {
    const next = accountsOf(meta, this.#api);
    for (const [id, account] of this.#now) if (!next.has(id)) this.#former.set(id, account);
    this.#now = next;
  }
}

/** Every Page and number of the configuration; ids are unique among both. */
export function accountsOf(
  { pages, numbers }: GatewayConfig['meta'],
  api: { readonly messenger: CallsApi; readonly whatsapp: CallsApi },
): ReadonlyMap<string, Account> {
  const all: Account[] = [
    ...pages.map(({ id, route }) => ({ id, route, platform: MESSENGER, api: api.messenger })),
    ...numbers.map(({ id, route, acceptWindowMs }) => ({
      id,
      route,
      acceptWindowMs,
      platform: WHATSAPP,
      api: api.whatsapp,
    })),
  ];
  return new Map(all.map((account) => [account.id, account]));
}

/** The route's ring budget and the moment of the last accept, where Meta's window is shorter than Messenger's. */
export function ringLimits(
  { acceptWindowMs }: Pick<Account, 'acceptWindowMs'>,
  ringBudgetMs: number,
): { readonly ringBudgetMs: number; readonly acceptWindowMs?: number } {
  if (acceptWindowMs === undefined) return { ringBudgetMs };
  return {
    ringBudgetMs: Math.min(ringBudgetMs, acceptWindowMs - RING_RESERVE_MS),
    acceptWindowMs: acceptWindowMs - ACCEPT_RESERVE_MS,
  };
}
