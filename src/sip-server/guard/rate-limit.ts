import { isIPv6 } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { RateLimitOptions } from '../types.ts';
import { AddressList } from './peers.ts';

/** Three times a PBX that makes 300 calls a second, and a burst of two seconds of it. */
const PER_SECOND = 1000;
const BURST = 2000;
/** Sources whose buckets are kept. Who is forgotten starts with a full one, so a flood harms no honest source. */
export const MAX_SOURCES = 4096;

interface Bucket {
  tokens: number;
  /** Monotonic ms of the last refill. */
  at: number;
}

/** A token bucket for each source address; an IPv6 host owns its whole /64. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #exempt: AddressList;
  /** The source heard longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  /** @throws GatewayError SIP_SERVER_OPTIONS */
  constructor(options: RateLimitOptions, clock: Clock) {
    const { perSecond = PER_SECOND, burst = Math.max(BURST, perSecond * 2) } = options;
    for (const [name, value] of Object.entries({ perSecond, burst })) {
      if (!(value > 0 && Number.isFinite(value))) {
        const option = `rateLimit.${name}`;
        throw new GatewayError('SIP_SERVER_OPTIONS', `${option}: must be above 0`, { option });
      }
    }
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, burst);
    this.#exempt = new AddressList(options.exempt ?? [], 'rateLimit.exempt');
  }

  /** Takes one token; false when there is none. */
  take(address: string): boolean {
    if (this.#exempt.size > 0 && this.#exempt.has(address)) return true;
    const key = isIPv6(address) ? prefix64(address) : address;
    const now = this.#clock.monotonic();
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs);
    bucket.at = now;
    if (known) this.#buckets.delete(key);
    else if (this.#buckets.size >= MAX_SOURCES) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  get sources(): number {
    return this.#buckets.size;
  }
}

/** The first four groups of an IPv6 address, written one way. */
function prefix64(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':');
}
