import type { Clock } from '../../shared/clock.ts';
import { CallRate } from './call-rate.ts';

/** Who says whether a trunk may be used: its answers to OPTIONS, its registration, its 503 with Retry-After. */
export type HealthSource = 'qualify' | 'registration' | 'congestion';

export interface TrunkLimits {
  /** Calls at a time, both ways together. */
  readonly maxCalls?: number | undefined;
  /** New calls to the trunk in any second. */
  readonly callsPerSecond?: number | undefined;
}

/** A call of a trunk; it counts until `release`, which may be called again for nothing. */
export interface Lease {
  readonly ok: true;
  release(): void;
}

/** A limit of the trunk is reached. */
export interface Refusal {
  readonly ok: false;
  readonly code: 'TRUNK_FULL' | 'TRUNK_RATE';
}

/** Why a trunk is not used: one entry for each source that speaks against it. */
export interface TrunkTrouble {
  readonly source: HealthSource;
  readonly why: string;
}

/** One trunk as operators see it. */
export interface TrunkState {
  readonly trunk: string;
  readonly up: boolean;
  /** Wall-clock ms of the last change of `up`; of the start where there was none. */
  readonly sinceMs: number;
  /** What made it so; absent where nothing was heard yet. */
  readonly why?: string;
  readonly troubles: readonly TrunkTrouble[];
  readonly calls: { readonly in: number; readonly out: number };
  readonly limits: TrunkLimits;
  /** Calls that were not let through since the start, by reason. */
  readonly refused: { readonly full: number; readonly rate: number };
  /** It is not in the configuration any more, and has calls that began before. */
  readonly removed?: true;
}

export interface TrunkBoardOptions {
  /** The configuration's trunks fit. */
  readonly trunks: Readonly<Record<string, TrunkLimits>>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly onChange?: (change: TrunkState) => void;
}

interface Word {
  readonly why: string;
  /** Monotonic ms; later it counts no more. */
  readonly untilMs: number;
}

interface Entry {
  limits: TrunkLimits;
  rate: CallRate | undefined;
  /** Calls that began before may still ask for it. */
  removed: boolean;
  readonly against: Map<HealthSource, Word>;
  readonly calls: { in: number; out: number };
  readonly refused: { full: number; rate: number };
  up: boolean;
  /** Down from the beginning, which is no news until somebody says why. */
  isBeginning: boolean;
  sinceMs: number;
  why: string | undefined;
}

/**
 * Which trunk may be used now. A trunk is up until some source says otherwise, and again when none does. Names are
 * those of the configuration, or were; any other is a bug and throws.
 */
export class TrunkBoard {
  readonly #clock: TrunkBoardOptions['clock'];
  readonly #onChange: TrunkBoardOptions['onChange'];
  #trunks: ReadonlyMap<string, Entry> = new Map();

  constructor({ trunks, clock, onChange }: TrunkBoardOptions) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.replace(trunks);
  }

  /** Other trunks, or other limits. What is known of those that stay, their calls too, goes on. */
  replace(trunks: Readonly<Record<string, TrunkLimits>>): void {
    const before = this.#trunks;
    const next = Object.entries(trunks).map(([name, { maxCalls, callsPerSecond }]) => {
      const known = before.get(name);
      const entry = known ?? this.#newEntry();
      if (known?.removed) this.#revive(known);
      if (entry.limits.callsPerSecond !== callsPerSecond)
        entry.rate = callsPerSecond === undefined ? undefined : new CallRate(callsPerSecond);
      entry.limits = { maxCalls, callsPerSecond };
      return [name, entry] as const;
    });
    const gone = [...before].filter(([name]) => !Object.hasOwn(trunks, name));
    for (const [, entry] of gone) {
      if (entry.removed) continue;
      Object.assign(entry, { removed: true, up: false, why: 'removed', sinceMs: this.#clock.now() });
    }
    this.#trunks = new Map([...next, ...gone]);
  }

  /** It is down until that source says something: nobody is told, for nothing has happened to it yet. */
  begin(trunk: string, source: HealthSource, why: string): void {
    const entry = this.#entry(trunk);
    entry.against.set(source, { why, untilMs: Number.POSITIVE_INFINITY });
    Object.assign(entry, { up: false, isBeginning: true, why });
  }

  /**
   * What a source knows of a trunk now; its last word counts. `forMs` (ms): a word against the trunk that lapses by
   * itself.
   */
  set(trunk: string, source: HealthSource, up: boolean, why: string, forMs = Infinity): void {
    const entry = this.#entry(trunk);
    if (up) entry.against.delete(source);
    else entry.against.set(source, { why, untilMs: this.#clock.monotonic() + forMs });
    // What it waited for has failed: that is news.
    if (!up && entry.isBeginning && !entry.removed) {
      Object.assign(entry, { isBeginning: false, sinceMs: this.#clock.now(), why });
      this.#onChange?.(this.#state(trunk, entry));
    }
    this.#settle(trunk, entry, why);
  }

  isUp(trunk: string): boolean {
    const entry = this.#entry(trunk);
    this.#settle(trunk, entry);
    return entry.up;
  }

  /** Up, and below its limit of calls. */
  isFree(trunk: string): boolean {
    const { calls, limits } = this.#entry(trunk);
    return this.isUp(trunk) && calls.in + calls.out < (limits.maxCalls ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Room for one call; `out` is a call that we place at the trunk, and only those are counted by the second. Does not
   * ask whether the trunk is up: when nothing else is left, a trunk that is down is tried all the same.
   */
  take(trunk: string, direction: 'in' | 'out' = 'out'): Lease | Refusal {
    const { calls, limits, rate, refused } = this.#entry(trunk);
    if (limits.maxCalls !== undefined && calls.in + calls.out >= limits.maxCalls) {
      refused.full += 1;
      return { ok: false, code: 'TRUNK_FULL' };
    }
    if (direction === 'out' && rate && !rate.take(this.#clock.monotonic())) {
      refused.rate += 1;
      return { ok: false, code: 'TRUNK_RATE' };
    }
    calls[direction] += 1;
    let held = true;
    return {
      ok: true,
      release: () => {
        if (held) calls[direction] -= 1;
        held = false;
      },
    };
  }

  /** Every trunk, in the order of the configuration; then those that are removed and still have calls. */
  dump(): TrunkState[] {
    const shown = [...this.#trunks].filter(([, { removed, calls }]) => !removed || calls.in + calls.out > 0);
    return shown.map(([trunk, entry]) => {
      this.#settle(trunk, entry);
      return this.#state(trunk, entry);
    });
  }

  #entry(trunk: string): Entry {
    const entry = this.#trunks.get(trunk);
    if (!entry) throw new Error(`there is no trunk ${trunk}`);
    return entry;
  }

  /** Forgets words that have lapsed, and tells a change. */
  #settle(trunk: string, entry: Entry, why = 'time is over'): void {
    const now = this.#clock.monotonic();
    for (const [source, { untilMs }] of entry.against) if (untilMs <= now) entry.against.delete(source);
    const up = entry.against.size === 0;
    if (up === entry.up || entry.removed) return;
    entry.isBeginning = false;
    entry.up = up;
    entry.sinceMs = this.#clock.now();
    entry.why = why;
    this.#onChange?.(this.#state(trunk, entry));
  }

  #newEntry(): Entry {
    return {
      limits: {},
      rate: undefined,
      removed: false,
      against: new Map(),
      calls: { in: 0, out: 0 },
      refused: { full: 0, rate: 0 },
      up: true,
      isBeginning: false,
      sinceMs: this.#clock.now(),
      why: undefined,
    };
  }

  /** It is back: as a new one, but for the calls that it still has. */
  #revive(entry: Entry): void {
    entry.against.clear();
    Object.assign(entry, {
      removed: false,
      up: true,
      isBeginning: false,
      why: undefined,
      sinceMs: this.#clock.now(),
    });
  }

  #state(trunk: string, entry: Entry): TrunkState {
    const { up, sinceMs, why, against, calls, limits, refused, removed } = entry;
    const troubles = [...against].map(([source, word]) => ({ source, why: word.why }));
    return {
      trunk,
      up,
      sinceMs,
      ...(why === undefined ? {} : { why }),
      troubles,
      calls: { ...calls },
      limits,
      refused: { ...refused },
      ...(removed ? { removed } : {}),
    };
  }
}
