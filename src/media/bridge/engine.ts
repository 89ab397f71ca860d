import type { TimerHandle } from '../../shared/clock.ts';
import { Bridge } from './bridge.ts';
import { FRAME_MS } from './cadence.ts';
import { Totals } from './totals.ts';
import type { BridgeOptions, EngineOptions } from './types.ts';

/** Parts of the bridges, whose ticks come one after the other: hundreds in one go would keep packets waiting for a millisecond. */
const SLICES = 4;
const SLICE_MS = FRAME_MS / SLICES;
/**
 * How often it is looked whether a part is due, ms; whole, as Node's timers are. One that repeats makes no objects, one for
 * each part some five hundred bytes. A thread that has packets gives timers a turn every four milliseconds, whatever they
 * ask for, and epoll's loop one every two while nothing comes.
 */
const LOOK_MS = 2;

/** All bridges of a thread, and the coarse tick that serves each every 20 ms; armed only while there is one. */
export class MediaEngine {
  readonly #options: EngineOptions;
  /** Lists: going through a set costs an object for each. */
  readonly #slices: readonly Bridge[][] = Array.from({ length: SLICES }, () => []);
  /** The slice whose tick comes next, at `#dueMs`. */
  #next = 0;
  readonly #onLook = (): void => this.#look();
  readonly #ended = new Totals();
  #timer: TimerHandle | undefined;
  #dueMs = 0;
  #worstLateMs = 0;
  #opusComplexity: number;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#opusComplexity = options.opusComplexity;
  }

  /** @param ssrc our SSRC towards Meta, as in our offer */
  openBridge(options: BridgeOptions, ssrc: number): Bridge {
    const bridge = new Bridge(this.#options, options, ssrc, this.#opusComplexity, (closed) =>
      this.#forget(closed),
    );
    const at = this.#shortest();
    this.#slices[at]?.push(bridge);
    if (!this.#timer) {
      const { clock } = this.#options;
      this.#dueMs = clock.monotonic() + FRAME_MS;
      this.#next = at;
      this.#timer = clock.every(LOOK_MS, this.#onLook);
    }
    return bridge;
  }

  /** libopus complexity of all calls, 0 to 10, those to come included. */
  setOpusComplexity(complexity: number): void {
    if (complexity === this.#opusComplexity) return;
    this.#opusComplexity = complexity;
    for (const bridge of this.#all()) bridge.setOpusComplexity(complexity);
  }

  get opusComplexity(): number {
    return this.#opusComplexity;
  }

  get bridges(): number {
    return this.#slices.reduce((sum, { length }) => sum + length, 0);
  }

  /** Packets of all bridges there ever were, those that are open included. */
  totals(): Totals {
    const totals = this.#ended.copy();
    for (const bridge of this.#all()) bridge.countInto(totals);
    return totals;
  }

  /** How late the worst tick since the last asking was, ms; 0 when there was none. */
  takeTickLateMs(): number {
    const worst = this.#worstLateMs;
    this.#worstLateMs = 0;
    return worst;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((bridge) => bridge.close()));
  }

  #shortest(): number {
    const lengths = this.#slices.map(({ length }) => length);
    return lengths.indexOf(Math.min(...lengths));
  }

  #all(): Bridge[] {
    return this.#slices.flat();
  }

  /** Ticks the slices that are due, on an absolute schedule: late ticks do not add up. */
  #look(): void {
    const now = this.#options.clock.monotonic();
    if (this.#dueMs > now) return;
    this.#worstLateMs = Math.max(this.#worstLateMs, now - this.#dueMs);
    // Of a thread that is late, several are due: each once. What it missed before that is not made up for.
    this.#dueMs = Math.max(this.#dueMs, now - FRAME_MS + SLICE_MS);
    while (this.#dueMs <= now) {
      const bridges = this.#slices[this.#next] as Bridge[];
      this.#next = (this.#next + 1) % SLICES;
      this.#dueMs += SLICE_MS;
      this.#tickAll(bridges, now);
    }
  }

  #tickAll(bridges: readonly Bridge[], now: number): void {
    // As those of packets: a number with a fraction would be made an object for each of the bridges.
    const wholeMs = Math.floor(now);
    // From the last on: one that ends in its tick leaves the list.
    for (let i = bridges.length - 1; i >= 0; i--) {
      const bridge = bridges[i];
      try {
        bridge?.tick(wholeMs);
      } catch (error) {
        // A bug in one call must not stop the cadence of the others.
        bridge?.fail(error);
      }
    }
  }

  #forget(bridge: Bridge): void {
    for (const slice of this.#slices) {
      const at = slice.indexOf(bridge);
      if (at < 0) continue;
      slice.splice(at, 1);
      bridge.countInto(this.#ended);
    }
    if (this.bridges > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
