import type { Clock } from '../../shared/clock.ts';
import type { Hop } from './dns/locate.ts';

/** How long a place that failed comes last. ms. */
export const UNREACHABLE_MS = 120_000;
const MAX_ENTRIES = 1024;

/** Places that failed lately: tried last, so that not every call waits for them (RFC 3263 4.3). */
export class Unreachable {
  readonly #clock: Clock;
  /** Monotonic ms until which. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(hop: Hop, ms = UNREACHABLE_MS): void {
    const key = keyOf(hop);
    this.#until.delete(key);
    this.#until.set(key, this.#clock.monotonic() + ms);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MAX_ENTRIES) break;
      this.#until.delete(oldest);
    }
  }

  has(hop: Hop): boolean {
    const until = this.#until.get(keyOf(hop));
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#until.delete(keyOf(hop));
    return false;
  }

  /** The same places; those that failed lately come last. */
  sort(hops: readonly Hop[]): Hop[] {
    const bad = hops.filter((hop) => this.has(hop));
    return [...hops.filter((hop) => !bad.includes(hop)), ...bad];
  }
}

const keyOf = ({ protocol, address, port }: Hop): string => `${protocol} ${address} ${port}`;
