import type { TimerHandle } from '../../shared/clock.ts';
import { Bridge } from './bridge.ts';
import { FRAME_MS } from './cadence.ts';
import { Totals } from './totals.ts';
import type { BridgeOptions, EngineOptions } from './types.ts';

/** All bridges of a thread, and the one coarse tick that serves them; armed only while there is one. */
export class MediaEngine {
  readonly #options: EngineOptions;
  /** A list: going through a set costs an object for each. */
  readonly #bridges: Bridge[] = [];
  readonly #onTick = (): void => this.#tick();
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
    this.#bridges.push(bridge);
    if (!this.#timer) {
      this.#dueMs = this.#options.clock.monotonic();
      this.#arm();
    }
    return bridge;
  }

  /** libopus complexity of all calls, 0 to 10, those to come included. */
  setOpusComplexity(complexity: number): void {
    if (complexity === this.#opusComplexity) return;
    this.#opusComplexity = complexity;
    for (const bridge of this.#bridges) bridge.setOpusComplexity(complexity);
  }

  get opusComplexity(): number {
    return this.#opusComplexity;
  }

  get bridges(): number {
    return this.#bridges.length;
  }

  /** Packets of all bridges there ever were, those that are open included. */
  totals(): Totals {
    const totals = this.#ended.copy();
    for (const bridge of this.#bridges) bridge.countInto(totals);
    return totals;
  }

  /** How late the worst tick since the last asking was, ms; 0 when there was none. */
  takeTickLateMs(): number {
    const worst = this.#worstLateMs;
    this.#worstLateMs = 0;
    return worst;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#bridges].map((bridge) => bridge.close()));
  }

  /** An absolute schedule: late ticks do not add up. */
  #arm(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#dueMs = Math.max(this.#dueMs + FRAME_MS, now);
    this.#timer = clock.after(this.#dueMs - now, this.#onTick);
  }

  #tick(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#worstLateMs = Math.max(this.#worstLateMs, now - this.#dueMs);
    this.#arm();
    // From the last on: one that ends in its tick leaves the list.
    for (let i = this.#bridges.length - 1; i >= 0; i--) {
      const bridge = this.#bridges[i];
      try {
        bridge?.tick(now);
      } catch (error) {
        // A bug in one call must not stop the cadence of the others.
        bridge?.fail(error);
      }
    }
  }

  #forget(bridge: Bridge): void {
    const at = this.#bridges.indexOf(bridge);
    if (at >= 0) {
      this.#bridges.splice(at, 1);
      bridge.countInto(this.#ended);
    }
    if (this.#bridges.length > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
