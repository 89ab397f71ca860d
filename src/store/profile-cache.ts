export interface ProfileCacheOptions {
  /** Milliseconds a name stays good. Default 24 h. */
  readonly ttlMs?: number;
  /** Milliseconds a look-up without a name is not repeated. Default 10 min. */
  readonly missTtlMs?: number;
  /** Default 10 000 consumers; beyond it the one not asked for longest is forgotten. */
  readonly max?: number;
}

export interface CachedProfile {
  /** Unset: looked up, and Meta had no name for us. */
  readonly name?: string | undefined;
  /** `de_DE`; unset: not asked for, or Meta does not tell. */
  readonly language?: string | undefined;
}

/** Callers' names by page and PSID. Pure: `now` is milliseconds since the epoch; memory only, nothing on disk. */
export class ProfileCache {
  readonly #entries = new Map<string, CachedProfile & { readonly untilMs: number }>();
  readonly #ttlMs: number;
  readonly #missTtlMs: number;
  readonly #max: number;

  constructor({ ttlMs = 24 * 3_600_000, missTtlMs = 600_000, max = 10_000 }: ProfileCacheOptions = {}) {
    this.#ttlMs = ttlMs;
    this.#missTtlMs = missTtlMs;
    this.#max = max;
  }

  /** Undefined when nothing is known any more. */
  get(pageId: string, psid: string, now: number): CachedProfile | undefined {
    const key = `${pageId} ${psid}`;
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (now >= entry.untilMs) return undefined;
    this.#entries.set(key, entry); // the youngest again
    return { name: entry.name, language: entry.language };
  }

  set(pageId: string, psid: string, { name, language }: CachedProfile, now: number): void {
    const key = `${pageId} ${psid}`;
    this.#entries.delete(key);
    this.#entries.set(key, {
      name,
      language,
      untilMs: now + (name === undefined ? this.#missTtlMs : this.#ttlMs),
    });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) break;
      this.#entries.delete(oldest);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}
