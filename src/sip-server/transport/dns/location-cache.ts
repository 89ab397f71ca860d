import type { Clock, TimerHandle } from '../../../shared/clock.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Target } from '../transport.ts';
import type { Located } from './locate.ts';
import { NEGATIVE_TTL_MS } from './resolver.ts';

/** A look-up that takes longer has failed. ms. */
export const LOOKUP_MS = 5_000;
/** TTLs of 0 and of days are brought into these bounds. ms. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 60 * 60_000;
/** While nobody answers, what was known last is used for so long (RFC 8767). ms. */
const STALE_MS = 60 * 60_000;
const MAX_ENTRIES = 1024;

type Told = (located: Result<Located, Error>) => void;

interface Entry {
  readonly outcome: Result<Located, Error>;
  /** Monotonic ms. */
  readonly until: number;
  readonly staleUntil: number;
}

interface Pending {
  readonly told: Told[];
  readonly timer: TimerHandle;
}

/**
 * Where targets are, for as long as DNS says. Look-ups of one target are joined, so that requests to it leave in the
 * order they were made; one that fails is not tried again for a while, so that not every call waits for it.
 */
export class LocationCache {
  readonly #clock: Clock;
  readonly #locate: (target: Target) => Promise<Located>;
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock, locate: (target: Target) => Promise<Located>) {
    this.#clock = clock;
    this.#locate = locate;
  }

  /** Look-ups under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Calls back at once when it is known. */
  find(target: Target, told: Told): void {
    const key = keyOf(target);
    const known = this.#entries.get(key);
    if (known && known.until > this.#clock.monotonic()) {
      told(known.outcome);
      return;
    }
    const pending = this.#pending.get(key);
    if (pending) {
      pending.told.push(told);
      return;
    }
    const timer = this.#clock.after(LOOKUP_MS, () =>
      settle(err(new Error(`${target.host}: DNS does not answer`))),
    );
    const mine: Pending = { told: [told], timer };
    this.#pending.set(key, mine);
    const settle = (outcome: Result<Located, Error>): void => {
      // Too late, or closed.
      if (this.#pending.get(key) !== mine) return;
      this.#pending.delete(key);
      timer.clear();
      const kept = this.#keep(key, outcome);
      for (const each of mine.told) each(kept);
    };
    this.#locate(target).then(
      (located) => settle(ok(located)),
      (error: unknown) => settle(err(error instanceof Error ? error : new Error(String(error)))),
    );
  }

  #keep(key: string, outcome: Result<Located, Error>): Result<Located, Error> {
    const now = this.#clock.monotonic();
    const before = this.#entries.get(key);
    const stale = !outcome.ok && before?.outcome.ok && before.staleUntil > now ? before : undefined;
    const ttlMs = outcome.ok
      ? Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, outcome.value.ttlMs))
      : NEGATIVE_TTL_MS;
    const entry: Entry = {
      outcome: stale?.outcome ?? outcome,
      until: now + ttlMs,
      staleUntil: stale?.staleUntil ?? now + STALE_MS,
    };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) break;
      this.#entries.delete(oldest);
    }
    return entry.outcome;
  }

  /** Nobody is called back any more. */
  close(): void {
    for (const { timer } of this.#pending.values()) timer.clear();
    this.#pending.clear();
    this.#entries.clear();
  }
}

const keyOf = ({ host, port, protocol, secure, silent }: Target): string =>
  `${host.toLowerCase()} ${port ?? ''} ${protocol ?? ''} ${secure === true} ${silent ?? ''}`;
