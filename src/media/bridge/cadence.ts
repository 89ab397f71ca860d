/** One frame of the tick, ms. */
export const FRAME_MS = 20;

/** Nothing came for so long after a normal packet: jitter is over, fill. */
const PATIENCE_MS = 80;
/** After a packet that announced DTX the silence is certain. */
const DTX_PATIENCE_MS = 40;

/**
 * Keeps a steady 20 ms cadence on an outgoing stream whose source pauses. Frames are driven by packets; the tick
 * asks `due` how many frames are missing by now.
 */
export class Cadence {
  /** Time up to which the stream was served, ms monotonic; -1 before the first frame. */
  #servedMs = -1;
  #dtx = false;
  filling = false;

  /**
   * A packet of `packetMs` of sound was sent on; `dtx` when it announced a pause. Returns ms that the stream's clock
   * lacks after filling.
   */
  served(nowMs: number, dtx: boolean, packetMs = FRAME_MS): number {
    const late = this.filling && this.#servedMs >= 0 ? nowMs - this.#servedMs - FRAME_MS : 0;
    // The sound of a long packet lasts until the next one comes.
    this.#servedMs = nowMs + Math.max(packetMs - FRAME_MS, 0);
    this.#dtx = dtx;
    this.filling = false;
    return Math.max(late, 0);
  }

  /** True when a frame must be made up now; ask again until it says no. `eager`: something of ours waits to be heard. */
  due(nowMs: number, eager = false): boolean {
    if (this.#servedMs < 0) {
      // Nothing was ever sent: begin with this tick.
      this.#servedMs = nowMs - FRAME_MS;
    }
    const silent = nowMs - this.#servedMs;
    const patience = eager || this.filling ? FRAME_MS : this.#dtx ? DTX_PATIENCE_MS : PATIENCE_MS;
    if (silent < patience) return false;
    // A stalled thread must not answer with a burst of a second.
    if (silent > 10 * FRAME_MS) this.#servedMs = nowMs - FRAME_MS;
    else this.#servedMs += FRAME_MS;
    this.filling = true;
    return true;
  }

  restart(): void {
    this.#servedMs = -1;
    this.filling = false;
  }
}
