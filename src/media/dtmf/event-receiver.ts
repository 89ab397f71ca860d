import { read16, timestampDelta } from '../rtp/header.ts';
import { DTMF_KEYS } from './keys.ts';

/** Payload of RFC 4733 section 2.3: event, end bit and volume, duration. */
export const TELEPHONE_EVENT_BYTES = 4;
/** No packet of an event for so long, ms: its end was lost. */
export const EVENT_TIMEOUT_MS = 120;
/** A segment of a long event is about as long as its field can say (RFC 4733 section 2.5.1.3). */
const LONGEST_SEGMENT = 0xffff;
const SHORTEST_SEGMENT = 0xe000;
/** An event this much older than the one being followed is a repetition; older still, the sender began anew. */
const LATE_S = 10;
/** Nobody presses so many keys a second for long; who sends more floods. A network that stood still brings some at once. */
const KEYS_PER_S = 20;
const KEYS_AT_ONCE = 40;

export type KeyStep = 'start' | 'update' | 'end';

/**
 * Follows received telephone-events: one event is one (SSRC, timestamp, code), its segments are one event, a repeated
 * or late packet is nothing, a new event ends the one before. Told by `onStep`, with the fields as they are then.
 */
export class EventReceiver {
  code = 0;
  /** Ticks of `clockRate` so far. */
  duration = 0;
  clockRate = 8_000;
  /** dBm0 below zero, 0 to 63 (RFC 4733 section 2.3.4). */
  volume = 10;
  /** RTP timestamp at which the key went down. */
  beganAt = 0;
  active = false;
  readonly #onStep: (step: KeyStep, nowMs: number) => void;
  #seen = false;
  #ssrc = 0;
  /** Of the segment. */
  #timestamp = 0;
  /** Ticks of the segments before. */
  #before = 0;
  #lastMs = 0;
  #allowed = KEYS_AT_ONCE;
  #allowedAtMs = 0;

  constructor(onStep: (step: KeyStep, nowMs: number) => void) {
    this.#onStep = onStep;
  }

  /**
   * One packet's payload at `packet[at, at + bytes)`. False: it is no key (flash, tones, too short, two at a time), or
   * one of a flood.
   * @param clockRate of this payload type, Hz @param nowMs monotonic
   */
  take(
    packet: Uint8Array,
    at: number,
    bytes: number,
    ssrc: number,
    timestamp: number,
    marker: boolean,
    clockRate: number,
    nowMs: number,
  ): boolean {
    if (bytes < TELEPHONE_EVENT_BYTES) return false;
    const code = packet[at] as number;
    if (code >= DTMF_KEYS.length) return false;
    const flags = packet[at + 1] as number;
    const ended = (flags & 0x80) !== 0;
    const duration = read16(packet, at + 2);
    if (this.#seen && ssrc === this.#ssrc && clockRate === this.clockRate) {
      const delta = timestampDelta(timestamp, this.#timestamp);
      if (delta === 0) {
        if (code !== this.code) return false;
        this.#goOn(duration, ended, nowMs);
        return true;
      }
      if (code === this.code && this.active && this.#isSegment(delta, marker)) {
        this.#before += delta;
        this.#timestamp = timestamp;
        this.#goOn(duration, ended, nowMs);
        return true;
      }
      if (delta < 0 && delta > -LATE_S * clockRate) return true;
    }
    if (!this.#mayBegin(nowMs)) return false;
    this.#end(nowMs);
    this.#begin(code, ssrc, timestamp, clockRate);
    this.volume = flags & 0x3f;
    this.duration = duration;
    this.#lastMs = nowMs;
    this.active = true;
    this.#onStep('start', nowMs);
    if (ended) this.#end(nowMs);
    return true;
  }

  /** Ends a key whose end must have been lost. */
  tick(nowMs: number): void {
    if (this.active && nowMs - this.#lastMs >= EVENT_TIMEOUT_MS) this.#end(nowMs);
  }

  /** Payload type or clock are others from now on: a key that is down ends, and timestamps mean nothing any more. */
  reset(nowMs: number): void {
    this.#end(nowMs);
    this.#seen = false;
  }

  get digit(): string {
    return DTMF_KEYS[this.code] as string;
  }

  get durationMs(): number {
    return Math.round((this.duration * 1000) / this.clockRate);
  }

  #mayBegin(nowMs: number): boolean {
    const regained = (Math.max(0, nowMs - this.#allowedAtMs) * KEYS_PER_S) / 1000;
    this.#allowed = Math.min(KEYS_AT_ONCE, this.#allowed + regained);
    this.#allowedAtMs = nowMs;
    if (this.#allowed < 1) return false;
    this.#allowed -= 1;
    return true;
  }

  #goOn(duration: number, ended: boolean, nowMs: number): void {
    if (!this.active) return;
    const sofar = this.#before + duration;
    // Reordered: an older duration of the same event.
    if (sofar < this.duration && !ended) return;
    this.duration = Math.max(this.duration, sofar);
    this.#lastMs = nowMs;
    if (ended) this.#end(nowMs);
    else this.#onStep('update', nowMs);
  }

  /** It begins where the segment before ends, whose last packet may be lost; the same key again has a marker. */
  #isSegment(delta: number, marker: boolean): boolean {
    const known = this.duration - this.#before;
    if (delta === known) return true;
    return !marker && delta > known && delta >= SHORTEST_SEGMENT && delta <= LONGEST_SEGMENT;
  }

  #begin(code: number, ssrc: number, timestamp: number, clockRate: number): void {
    this.code = code;
    this.#ssrc = ssrc;
    this.#timestamp = timestamp;
    this.beganAt = timestamp;
    this.clockRate = clockRate;
    this.#before = 0;
    this.#seen = true;
  }

  #end(nowMs: number): void {
    if (!this.active) return;
    this.active = false;
    this.#onStep('end', nowMs);
  }
}
