import type { TimerHandle } from '../../shared/clock.ts';
import { Bridge } from './bridge.ts';
import { FRAME_MS } from './cadence.ts';
import type { BridgeOptions, EngineOptions } from './types.ts';

/** All bridges of a thread, and the one coarse tick that serves them; armed only while there is one. */
export class MediaEngine {
  readonly #options: EngineOptions;
  readonly #bridges = new Set<Bridge>();
  #timer: TimerHandle | undefined;
  #dueMs = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** @param ssrc our SSRC towards Meta, as in our offer */
  openBridge(options: BridgeOptions, ssrc: number): Bridge {
    const bridge = new Bridge(this.#options, options, ssrc, (closed) => this.#forget(closed));
    this.#bridges.add(bridge);
    if (!this.#timer) {
      this.#dueMs = this.#options.clock.monotonic();
      this.#arm();
    }
    return bridge;
  }

  get bridges(): number {
    return this.#bridges.size;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#bridges].map((bridge) => bridge.close()));
  }

  /** An absolute schedule: late ticks do not add up. */
  #arm(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#dueMs = Math.max(this.#dueMs + FRAME_MS, now);
    this.#timer = clock.after(this.#dueMs - now, () => this.#tick());
  }

  #tick(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#arm();
    for (const bridge of this.#bridges) {
      try {
        bridge.tick(now);
      } catch (error) {
        // A bug in one call must not stop the cadence of the others.
        bridge.fail(error);
      }
    }
  }

  #forget(bridge: Bridge): void {
    this.#bridges.delete(bridge);
    if (this.#bridges.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
