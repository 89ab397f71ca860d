import type { Finding, LegLook } from './look.ts';

/** Below this it is digital silence, dBov; a quiet room is some 20 dB louder. */
const SILENT_DB = -70;
/** Above this somebody speaks. */
const SPEECH_DB = -45;
/** So long from who was never heard; and from who was, for a gate may shut the microphone of who listens, ms. */
const FROM_THE_FIRST_MS = 8_000;
const LATER_MS = 30_000;
/** Looks at which the other side spoke meanwhile. */
const SPEAKS = 3;

/** Watches whether what a leg sends is silence while the other side speaks. Only frames that are decoded tell. */
export class SilenceWatch {
  #sinceMs: number | undefined;
  #wasLoud = false;
  #otherSpoke = 0;

  restart(): void {
    this.#sinceMs = undefined;
    this.#otherSpoke = 0;
  }

  take({ levelDb }: LegLook, other: LegLook, nowMs: number): Finding {
    if (levelDb !== undefined && levelDb >= SILENT_DB) {
      if (levelDb >= SPEECH_DB) this.#wasLoud = true;
      this.restart();
      return undefined;
    }
    if (levelDb !== undefined) this.#sinceMs ??= nowMs;
    if (this.#sinceMs === undefined) return undefined;
    if (other.levelDb !== undefined && other.levelDb >= SPEECH_DB) this.#otherSpoke += 1;
    const ms = nowMs - this.#sinceMs;
    if (ms < (this.#wasLoud ? LATER_MS : FROM_THE_FIRST_MS) || this.#otherSpoke < SPEAKS) return undefined;
    return { cause: 'silence', evidence: { ms: Math.round(ms) } };
  }
}
