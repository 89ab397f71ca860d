/** A grant lasts so long, ms: 7 days. */
const GRANT_MS = 7 * 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** How many requests may be sent to one person in so many ms. */
export interface RequestLimit {
  readonly ms: number;
  readonly max: number;
}

export const MESSENGER_LIMITS: readonly RequestLimit[] = [{ ms: DAY_MS, max: 2 }];
export const WHATSAPP_LIMITS: readonly RequestLimit[] = [
  { ms: DAY_MS, max: 1 },
  { ms: 7 * DAY_MS, max: 2 },
];

/** Who lets the Page call, and who was asked when. Pure: `now` is milliseconds since the epoch. */
export class PermissionLedger {
  readonly #grants = new Map<string, number>();
  readonly #requests = new Map<string, number[]>();
  readonly limits: readonly RequestLimit[];

  constructor(limits: readonly RequestLimit[] = MESSENGER_LIMITS) {
    this.limits = limits;
  }

  /** An approved request, a connected call, or a consumer's call that the Page missed. Returns its end, ms. */
  grant(psid: string, now: number): number {
    const until = now + GRANT_MS;
    this.#grants.set(psid, until);
    return until;
  }

  revoke(psid: string): void {
    this.#grants.delete(psid);
  }

  /** Until when, ms; undefined: no. */
  until(psid: string, now: number): number | undefined {
    const until = this.#grants.get(psid);
    return until !== undefined && now < until ? until : undefined;
  }

  /** Requests of the last so many ms, by default those of the first limit. */
  used(psid: string, now: number, ms: number = DAY_MS): number {
    return (this.#requests.get(psid) ?? []).filter((at) => now - at < ms).length;
  }

  mayRequest(psid: string, now: number): boolean {
    return this.limits.every(({ ms, max }) => this.used(psid, now, ms) < max);
  }

  /** Notes a request; false: there were too many. */
  request(psid: string, now: number): boolean {
    if (!this.mayRequest(psid, now)) return false;
    const longest = Math.max(...this.limits.map(({ ms }) => ms));
    const recent = (this.#requests.get(psid) ?? []).filter((at) => now - at < longest);
    this.#requests.set(psid, [...recent, now]);
    return true;
  }

  /** Forgets the requests: a connected call gives new ones (WhatsApp). */
  resetRequests(psid: string): void {
    this.#requests.delete(psid);
  }

  get requestsADay(): number {
    return this.limits[0]?.max ?? 0;
  }
}
