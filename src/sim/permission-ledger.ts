/** A grant lasts so long, ms: 7 days. */
const GRANT_MS = 7 * 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** Requests that a Page may send to one person in 24 hours. */
const REQUESTS_A_DAY = 2;

/** Who lets the Page call, and who was asked when. Pure: `now` is milliseconds since the epoch. */
export class PermissionLedger {
  readonly #grants = new Map<string, number>();
  readonly #requests = new Map<string, number[]>();

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

  used(psid: string, now: number): number {
    return (this.#requests.get(psid) ?? []).filter((at) => now - at < DAY_MS).length;
  }

  /** Notes a request; false: there were two in 24 hours. */
  request(psid: string, now: number): boolean {
    if (this.used(psid, now) >= REQUESTS_A_DAY) return false;
    const recent = (this.#requests.get(psid) ?? []).filter((at) => now - at < DAY_MS);
    this.#requests.set(psid, [...recent, now]);
    return true;
  }

  get requestsADay(): number {
    return REQUESTS_A_DAY;
  }
}
