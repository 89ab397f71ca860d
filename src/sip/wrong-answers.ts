/** So many wrong passwords from one address, then no more for a while. */
const MAX_WRONG = 10;
const WINDOW_MS = 300_000;
/** Addresses remembered; beyond it the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;

/** Who tries passwords, by address. Time is passed in, monotonic ms. */
export class WrongAnswers {
  readonly #seen = new Map<string, { readonly sinceMs: number; readonly count: number }>();

  /** Another one; true when it was the one too many. */
  add(address: string, nowMs: number): boolean {
    const old = this.#current(address, nowMs);
    const next = { sinceMs: old?.sinceMs ?? nowMs, count: (old?.count ?? 0) + 1 };
    this.#seen.delete(address);
    this.#seen.set(address, next);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_ADDRESSES) break;
      this.#seen.delete(oldest);
    }
    return next.count === MAX_WRONG;
  }

  /** Seconds until this address may try again; 0 when it may. */
  blockedS(address: string, nowMs: number): number {
    const old = this.#current(address, nowMs);
    return old && old.count >= MAX_WRONG ? Math.ceil((old.sinceMs + WINDOW_MS - nowMs) / 1_000) : 0;
  }

  #current(address: string, nowMs: number): { readonly sinceMs: number; readonly count: number } | undefined {
    const old = this.#seen.get(address);
    if (old && nowMs - old.sinceMs < WINDOW_MS) return old;
    this.#seen.delete(address);
    return undefined;
  }
}
