import type { Refusal } from '../call/index.ts';
import type { CallPermission, CallsApi, GraphFailure, MessageOutcome } from '../meta/index.ts';
import type { Log } from '../shared/log.ts';

/** Meta's word on permission is kept no longer than this, ms. */
const KEPT_MS = 60_000;
/** After asking a consumer, not again for so long: Meta allows two a day, and one is the agent's to decide on. */
const ASK_AGAIN_MS = 24 * 3_600_000;
/** Consumers remembered; the oldest is forgotten. */
const MAX_KEPT = 10_000;

export interface PermissionDeskOptions {
  /** Of the Page or number that calls. */
  readonly api: (pageId: string) => Pick<CallsApi, 'permission' | 'requestPermission'>;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export interface PermissionVerdict {
  readonly allowed: boolean;
  /** What the phone is told when not. */
  readonly refusal?: Refusal;
}

/** May this consumer be called? Asks Graph, remembers for a minute, and asks the consumer when a rule says so. */
export class PermissionDesk {
  readonly #options: PermissionDeskOptions;
  readonly #kept = new Map<string, { readonly permission: CallPermission; readonly atMs: number }>();
  readonly #asked = new Map<string, number>();

  constructor(options: PermissionDeskOptions) {
    this.#options = options;
  }

  /**
   * @param ask sends one `calling_optin` when the consumer has not permitted calls and Meta lets us ask; never
   *   repeated by itself
   */
  async check(pageId: string, psid: string, ask: boolean): Promise<PermissionVerdict> {
    const known = this.#recall(pageId, psid);
    let permission = known;
    if (!permission) {
      const outcome = await this.#options.api(pageId).permission(pageId, psid);
      if (!outcome.ok) return { allowed: false, refusal: refusalOf(outcome.failure) };
      permission = outcome.permission;
      this.#keep(pageId, psid, permission);
    }
    if (permission.canCall) return { allowed: true };
    return {
      allowed: false,
      refusal: { status: 403, phrase: await this.#explain(pageId, psid, permission, ask) },
    };
  }

  /** Asks because a person decided so, whatever was asked before; noted, so that no rule asks on top of it. */
  ask(pageId: string, psid: string): Promise<MessageOutcome> {
    this.#asked.set(`${pageId} ${psid}`, this.#options.now());
    trim(this.#asked);
    return this.#options.api(pageId).requestPermission(pageId, psid);
  }

  /** The consumer answered a request: what was kept is worth nothing. A no stands: no rule asks again the same day. */
  answered(pageId: string, psid: string, response: 'approve' | 'reject'): void {
    this.#kept.delete(`${pageId} ${psid}`);
    if (response === 'approve') this.#asked.delete(`${pageId} ${psid}`);
  }

  async #explain(pageId: string, psid: string, permission: CallPermission, ask: boolean): Promise<string> {
    if (permission.status === 'unknown') return 'Permission Unknown';
    if (!ask) return 'No Permission To Call';
    const key = `${pageId} ${psid}`;
    const askedAtMs = this.#asked.get(key);
    const now = this.#options.now();
    if (askedAtMs !== undefined && now - askedAtMs < ASK_AGAIN_MS) return 'Permission Requested Before';
    if (!permission.canRequest) return 'Permission Request Limit Reached';
    // Noted first: a request whose reply is lost may have been sent, and must not be sent again.
    this.#asked.set(key, now);
    trim(this.#asked);
    const outcome = await this.#options.api(pageId).requestPermission(pageId, psid);
    if (outcome.ok) return 'Permission Requested';
    this.#options.log.warn(
      { pageId, failure: outcome.failure.message, remedy: outcome.failure.remedy },
      'meta.permission-request-failed',
    );
    return 'No Permission To Call';
  }

  #recall(pageId: string, psid: string): CallPermission | undefined {
    const kept = this.#kept.get(`${pageId} ${psid}`);
    if (!kept) return undefined;
    const now = this.#options.now();
    const { expiresAtMs = Number.POSITIVE_INFINITY } = kept.permission;
    return now - kept.atMs < KEPT_MS && now < expiresAtMs ? kept.permission : undefined;
  }

  #keep(pageId: string, psid: string, permission: CallPermission): void {
    const key = `${pageId} ${psid}`;
    this.#kept.delete(key);
    // A no may become a yes any moment: the consumer has the request on the screen.
    if (permission.canCall) this.#kept.set(key, { permission, atMs: this.#options.now() });
    trim(this.#kept);
  }
}

function refusalOf({ sipStatus, retryAfterS }: GraphFailure): Refusal {
  return { status: sipStatus, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
}

function trim(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MAX_KEPT) return;
    map.delete(oldest);
  }
}
