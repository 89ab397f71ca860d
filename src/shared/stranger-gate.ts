import type { Sender } from './datagram.ts';

/** What one stranger may have looked at, a second and at once: a phone behind a NAT that moved sends no more. */
const A_SOURCE = 100;
/** All of them together: whoever forges addresses has as many sources as packets. */
const ALL = 300;
const SLOTS = 8;

/**
 * Bounds how many datagrams of a socket's strangers are looked at at all: what is dropped here costs its system call and
 * nothing more. One that floods leaves room for others; nothing is allocated, and no sender kept: two with one hash, one
 * pair in four thousand million, share what one source has.
 */
export class StrangerGate {
  /** By hash. */
  readonly #sources = new Int32Array(SLOTS);
  readonly #tokens = new Float64Array(SLOTS).fill(A_SOURCE);
  readonly #takenMs = new Float64Array(SLOTS);
  #next = 0;
  #all = ALL;
  #allMs = 0;
  /** Datagrams that were not looked at. */
  dropped = 0;

  /** @param nowMs monotonic; false: nobody looks at this one */
  take(from: Sender, nowMs: number): boolean {
    const slot = this.#slotOf(from, nowMs);
    const tokens = refilled(this.#tokens[slot] as number, nowMs - (this.#takenMs[slot] as number), A_SOURCE);
    const all = refilled(this.#all, nowMs - this.#allMs, ALL);
    this.#takenMs[slot] = nowMs;
    this.#allMs = nowMs;
    const isIn = tokens >= 1 && all >= 1;
    this.#tokens[slot] = isIn ? tokens - 1 : tokens;
    this.#all = isIn ? all - 1 : all;
    if (!isIn) this.dropped += 1;
    return isIn;
  }

  /** Where its tokens are; a new one takes the place of the oldest. */
  #slotOf({ hash }: Sender, nowMs: number): number {
    for (let i = 0; i < SLOTS; i++) if (this.#sources[i] === hash) return i;
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    this.#sources[slot] = hash;
    this.#tokens[slot] = A_SOURCE;
    this.#takenMs[slot] = nowMs;
    return slot;
  }
}

function refilled(tokens: number, ms: number, most: number): number {
  return Math.min(most, tokens + (Math.max(0, ms) * most) / 1_000);
}
