/** RTP packets that show that somebody speaks: half a second of the usual 20 ms. */
const ENOUGH = 25;
/**
 * What comes sooner shows nothing, ms: it was under way, or is of a phone that the PBX has yet to take away, if it tells of
 * success first. Half of the time at most.
 */
const LEAVING_MS = 2_000;

/**
 * Whether a phone that is to speak does so in time. RTCP does not count: it comes from a program, which may have left us
 * alone with it. Times are in ms of one monotonic clock.
 */
export class SpeechWatch {
  #limitMs = 0;
  /** Undefined: nobody waits. */
  #sinceMs: number | undefined;
  #packets = 0;

  /** It has `limitMs` from now on, also where it had some before. */
  begin(nowMs: number, limitMs: number): void {
    this.#limitMs = limitMs;
    this.#sinceMs = nowMs;
    this.#packets = 0;
  }

  /** Something else was agreed with it: its time begins anew. */
  again(nowMs: number): void {
    if (this.#sinceMs !== undefined) this.begin(nowMs, this.#limitMs);
  }

  /** Another phone has the call. */
  end(): void {
    this.#sinceMs = undefined;
  }

  /** An RTP packet of the phone's. */
  packet(nowMs: number): void {
    if (this.#sinceMs === undefined) return;
    if (nowMs - this.#sinceMs < Math.min(LEAVING_MS, this.#limitMs / 2)) return;
    this.#packets += 1;
    if (this.#packets >= ENOUGH) this.end();
  }

  /** How long it was silent, ms, when its time is over; told once. */
  take(nowMs: number): number | undefined {
    if (this.#sinceMs === undefined || nowMs - this.#sinceMs < this.#limitMs) return undefined;
    const silentMs = Math.round(nowMs - this.#sinceMs);
    this.end();
    return silentMs;
  }
}
