import { MAX_SKEW_MS } from './clock-window.ts';

/** Limits of a `Ledger`, in milliseconds and entries. */
export interface LedgerOptions {
  /** How long a delivered event is remembered. Default 48 h. */
  readonly dedupMs?: number;
  /** Default 200 000; beyond it the oldest is forgotten. */
  readonly dedupMax?: number;
  /** How long a terminate without a call keeps its connect from ringing. Default 2 h. */
  readonly tombstoneMs?: number;
  /** Default 50 000; beyond it the oldest is forgotten. */
  readonly tombstoneMax?: number;
  /** A connect older than this does not ring. Default 60 000. */
  readonly staleMs?: number;
}

/** What identifies a webhook item: Meta sends no event id. */
export interface WebhookIdentity {
  readonly pageId: string;
  readonly callId: string;
  /** `connect`, `terminate`, `media_update`, `call_status`. */
  readonly event: string;
  /** As Meta sent it, in any unit. */
  readonly timestamp?: number | string | undefined;
  /** `call_status`, or the version of a media_update. */
  readonly variant?: number | string | undefined;
}

export type ConnectVerdict =
  /** Make a call of it. `skewed`: the stamp is further than 120 s ahead of our clock: warn the operator. */
  | { readonly verdict: 'ring'; readonly skewed: boolean }
  /** Its terminate came first; `status` as Meta sent it. Record it as missed. */
  | { readonly verdict: 'tombstoned'; readonly status: string }
  /** It is over, and has its record. */
  | { readonly verdict: 'recorded'; readonly status: string }
  /** Older than 60 s: the consumer is no longer there. Record it as missed. */
  | { readonly verdict: 'stale'; readonly ageMs: number };

/** Both clocks: what is remembered ages by the one that nobody sets, Meta's stamps are compared with the other. */
export interface LedgerTime {
  /** Monotonic ms. */
  readonly monotonicMs: number;
  /** Milliseconds since the epoch. */
  readonly wallMs: number;
}

/**
 * What the gateway remembers of webhooks beyond living calls. Times are passed in: `nowMs` is monotonic, so that a clock
 * that is set forgets nothing and keeps nothing longer. Memory is bounded by age and by number.
 */
export class Ledger {
  readonly #seen: AgingMap<true>;
  readonly #tombstones: AgingMap<{ readonly status: string; readonly recorded: boolean }>;
  readonly #staleMs: number;

  constructor(options: LedgerOptions = {}) {
    this.#seen = new AgingMap(options.dedupMs ?? 48 * 3_600_000, options.dedupMax ?? 200_000);
    this.#tombstones = new AgingMap(options.tombstoneMs ?? 2 * 3_600_000, options.tombstoneMax ?? 50_000);
    this.#staleMs = options.staleMs ?? 60_000;
  }

  /** True the first time; false when the same item was delivered before. */
  isNew(item: WebhookIdentity, nowMs: number): boolean {
    const key = JSON.stringify([
      item.pageId,
      item.callId,
      item.event,
      String(item.timestamp ?? ''),
      String(item.variant ?? ''),
    ]);
    if (this.#seen.has(key, nowMs)) return false;
    this.#seen.set(key, true, nowMs);
    return true;
  }

  /**
   * Remembers that a call is over: for a terminate of a call that is not here, and for every call that
   * ended, so that a connect delivered late never rings.
   *
   * @param nowMs when, monotonic; before a start it is less than 0
   * @param recorded it has its record, or is about to have it; once said, it stays so
   */
  bury(callId: string, status: string, nowMs: number, recorded = false): void {
    const before = this.#tombstones.get(callId, nowMs)?.recorded ?? false;
    this.#tombstones.set(callId, { status, recorded: recorded || before }, nowMs);
  }

  /** Whether a user-initiated connect may ring. `timestampMs`: Meta's stamp, in milliseconds. */
  judgeConnect(
    connect: { readonly callId: string; readonly timestampMs?: number | undefined },
    { monotonicMs, wallMs }: LedgerTime,
  ): ConnectVerdict {
    const grave = this.#tombstones.get(connect.callId, monotonicMs);
    if (grave) return { verdict: grave.recorded ? 'recorded' : 'tombstoned', status: grave.status };
    if (connect.timestampMs === undefined) return { verdict: 'ring', skewed: false };
    // A stamp behind our clock is age, whatever its size: ringing a dead call is worse than missing one.
    const ageMs = wallMs - connect.timestampMs;
    if (ageMs > this.#staleMs) return { verdict: 'stale', ageMs };
    return { verdict: 'ring', skewed: ageMs < -MAX_SKEW_MS };
  }

  /** For operators and leak checks. */
  dump(): { readonly seen: number; readonly tombstones: number } {
    return { seen: this.#seen.size, tombstones: this.#tombstones.size };
  }
}

/** A map whose entries age in the order in which they were set; the oldest go first. */
class AgingMap<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly atMs: number }>();
  readonly #maxAgeMs: number;
  readonly #max: number;

  constructor(maxAgeMs: number, max: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string, now: number): boolean {
    return this.#live(key, now) !== undefined;
  }

  get(key: string, now: number): V | undefined {
    return this.#live(key, now)?.value;
  }

  set(key: string, value: V, now: number): void {
    this.#entries.delete(key); // so that it becomes the youngest
    this.#entries.set(key, { value, atMs: now });
    for (const [oldest, { atMs }] of this.#entries) {
      if (this.#entries.size <= this.#max && now - atMs <= this.#maxAgeMs) break;
      this.#entries.delete(oldest);
    }
  }

  #live(key: string, now: number): { readonly value: V } | undefined {
    const entry = this.#entries.get(key);
    return entry && now - entry.atMs <= this.#maxAgeMs ? entry : undefined;
  }
}
