import type { EventFormat, EventSender } from './event-sender.ts';

/** Shortest event and shortest pause behind it, ms: what any receiver of events follows. */
const MIN_KEY_MS = 60;
const PAUSE_MS = 60;
const MAX_WAITING = 32;
/** A key without a packet to say how loud it was. */
const VOLUME = 10;

interface Waiting {
  readonly code: number;
  /** ms; undefined: until it is let go. */
  readonly ms: number | undefined;
}

/** Sends keys as telephone-events that no received event drives (SIP INFO, a tone): one after the other, by the tick. */
export class KeyPlayer {
  readonly #sender: EventSender;
  readonly #waiting: Waiting[] = [];
  #format: EventFormat | undefined;
  #streamClock = 48_000;
  #key: Waiting | undefined;
  #startedMs = 0;
  /** Which of the sender's events it is. */
  #event = 0;
  /** ms that the key lasts; undefined: it is down. */
  #lastsMs: number | undefined;
  #freeAtMs = -Infinity;

  constructor(sender: EventSender) {
    this.#sender = sender;
  }

  get active(): boolean {
    return this.#key !== undefined || this.#waiting.length > 0;
  }

  /** How keys are sent from now on; undefined: not at all, and those that wait are forgotten. */
  configure(format: EventFormat | undefined, streamClock: number): void {
    this.#format = format;
    this.#streamClock = streamClock;
    if (format) return;
    this.#waiting.length = 0;
    this.#key = undefined;
  }

  /** @param code 0 to 15 @param ms how long; without it until `release`. False: nobody takes it, or too many wait. */
  press(code: number, ms?: number): boolean {
    if (!this.#format || this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push({ code, ms });
    return true;
  }

  /** The key that was pressed without a time is let go, after `ms` in all. */
  release(ms: number): void {
    for (let i = 0; i < this.#waiting.length; i++) {
      const waiting = this.#waiting[i] as Waiting;
      if (waiting.ms === undefined) this.#waiting[i] = { code: waiting.code, ms };
    }
    if (this.#key && this.#key.ms === undefined) this.#lastsMs = Math.max(ms, MIN_KEY_MS);
  }

  /** Every 20 ms. True: an event is being sent, and is the stream meanwhile. */
  tick(nowMs: number): boolean {
    const format = this.#format;
    if (!format) return false;
    if (!this.#key) return this.#begin(format, nowMs);
    // An event of the phone's own came: that one is followed now.
    if (this.#sender.begun !== this.#event) {
      this.#key = undefined;
      this.#freeAtMs = nowMs + PAUSE_MS;
      return false;
    }
    const sofar = nowMs - this.#startedMs;
    const { clockRate } = format;
    if (this.#lastsMs === undefined || sofar < this.#lastsMs) {
      this.#sender.update(Math.round((sofar * clockRate) / 1000));
      return true;
    }
    this.#sender.end(Math.round((this.#lastsMs * clockRate) / 1000));
    this.#key = undefined;
    this.#freeAtMs = nowMs + PAUSE_MS;
    return true;
  }

  #begin(format: EventFormat, nowMs: number): boolean {
    // An event of the phone's own goes first.
    if (nowMs < this.#freeAtMs || this.#sender.active) return false;
    const key = this.#waiting.shift();
    if (!key) return false;
    this.#key = key;
    this.#startedMs = nowMs;
    this.#lastsMs = key.ms === undefined ? undefined : Math.max(key.ms, MIN_KEY_MS);
    this.#sender.start(key.code, format, this.#streamClock, VOLUME, 0);
    this.#event = this.#sender.begun;
    return true;
  }
}
