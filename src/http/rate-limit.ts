import { isIPv6 } from 'node:net';

export interface RateLimitOptions {
  readonly perSecond: number;
  /** How many may come at once. */
  readonly burst: number;
  /** Keys that are remembered; who was heard longest ago is forgotten, and starts anew. */
  readonly maxKeys: number;
  /** Wall-clock milliseconds; may jump. */
  readonly now: () => number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Fractions add up to a little less than they should. */
const ONE = 1 - 1e-6;

/** A token bucket for each key. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  /** The key heard longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  get keys(): number {
    return this.#buckets.size;
  }

  /** Takes one; the milliseconds to wait when there is none, else 0. */
  take(key: string): number {
    const { burst, maxKeys } = this.#options;
    const bucket = this.#filled(key) ?? { tokens: burst, atMs: this.#options.now() };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.tokens < ONE) return this.#waitMs(bucket);
    bucket.tokens -= 1;
    return 0;
  }

  /** As `take` would answer, without taking. */
  waitMs(key: string): number {
    const bucket = this.#filled(key);
    return !bucket || bucket.tokens >= ONE ? 0 : this.#waitMs(bucket);
  }

  #filled(key: string): Bucket | undefined {
    const { burst, perSecond, now } = this.#options;
    const bucket = this.#buckets.get(key);
    if (!bucket) return undefined;
    const nowMs = now();
    // A clock that went back must not shut anybody out.
    const sinceMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (sinceMs * perSecond) / 1_000);
    bucket.atMs = nowMs;
    return bucket;
  }

  #waitMs({ tokens }: Bucket): number {
    return Math.ceil(((ONE - tokens) * 1_000) / this.#options.perSecond);
  }
}

/** Whom an address counts for: an IPv6 host owns its whole /64. */
export function sourceOf(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':');
}
