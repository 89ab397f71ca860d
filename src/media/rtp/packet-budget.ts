/** Three times what packets of 10 ms with an event beside them come to. */
const PACKETS_A_SECOND = 300;
/** What a network that stood still for two seconds may deliver at once. */
const BURST = 300;

/** Bounds what one side can make us decode: a token bucket. */
export class PacketBudget {
  #tokens = BURST;
  #lastMs = 0;

  /** @param nowMs monotonic; false: this packet is one too many */
  take(nowMs: number): boolean {
    if (nowMs > this.#lastMs) {
      this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#lastMs) * PACKETS_A_SECOND) / 1_000);
      this.#lastMs = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
