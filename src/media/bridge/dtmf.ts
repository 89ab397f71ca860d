import { read16, timestampDelta, write16 } from '../rtp/header.ts';
import type { Outlet } from './outlet.ts';

/** Payload of RFC 4733 section 2.3: event, end bit and volume, duration. */
export const TELEPHONE_EVENT_BYTES = 4;

/** Events 0 to 15; flash and tones are not digits. */
const DIGITS = '0123456789*#ABCD';

/** No packet of an event for so long: its end was lost. */
export const DTMF_TIMEOUT_MS = 120;

/** RFC 4733 section 2.5.1.4: the last packet goes out three times. */
const END_PACKETS = 3;
const VOLUME = 10;

/** What one received event packet means. */
export type DtmfStep = 'none' | 'start' | 'update' | 'end';

/** Follows received events: one event is one (SSRC, timestamp, code); a repeated end is nothing. */
export class DtmfReceiver {
  code = 0;
  /** Duration so far in ticks of `clockRate`. */
  duration = 0;
  clockRate = 8_000;
  active = false;
  #timestamp = 0;
  #ssrc = 0;
  #seen = false;
  /** Of earlier segments of one long event (RFC 4733 section 2.5.1.3). */
  #before = 0;
  #lastMs = 0;

  take(
    packet: Uint8Array,
    at: number,
    bytes: number,
    ssrc: number,
    timestamp: number,
    clockRate: number,
    nowMs: number,
  ): DtmfStep {
    if (bytes < TELEPHONE_EVENT_BYTES) return 'none';
    const code = packet[at] as number;
    if (code >= DIGITS.length) return 'none';
    const ended = ((packet[at + 1] as number) & 0x80) !== 0;
    const duration = read16(packet, at + 2);
    const same = this.#seen && ssrc === this.#ssrc && code === this.code;
    if (same && timestamp === this.#timestamp) {
      if (!this.active) return 'none';
      // Reordered: an older duration of the same event.
      if (this.#before + duration < this.duration && !ended) return 'none';
    } else if (
      same &&
      this.active &&
      timestampDelta(timestamp, this.#timestamp) === this.duration - this.#before
    ) {
      this.#before = this.duration;
      this.#timestamp = timestamp;
    } else {
      if (same && timestampDelta(timestamp, this.#timestamp) < 0) return 'none';
      this.#begin(code, ssrc, timestamp, clockRate);
      this.duration = duration;
      this.#lastMs = nowMs;
      this.active = !ended;
      return ended ? 'end' : 'start';
    }
    this.duration = Math.max(this.duration, this.#before + duration);
    this.#lastMs = nowMs;
    if (!ended) return 'update';
    this.active = false;
    return 'end';
  }

  /** True once, when the end of an event must have been lost. */
  expired(nowMs: number): boolean {
    if (!this.active || nowMs - this.#lastMs < DTMF_TIMEOUT_MS) return false;
    this.active = false;
    return true;
  }

  get digit(): string {
    return DIGITS[this.code] as string;
  }

  get durationMs(): number {
    return Math.round((this.duration * 1000) / this.clockRate);
  }

  #begin(code: number, ssrc: number, timestamp: number, clockRate: number): void {
    this.code = code;
    this.#ssrc = ssrc;
    this.#timestamp = timestamp;
    this.clockRate = clockRate;
    this.#before = 0;
    this.#seen = true;
  }
}

/** Writes events into an outgoing stream at its own clock; the stream's audio is silent meanwhile. */
export class DtmfSender {
  active = false;
  #timestamp = 0;
  #payloadType = 0;
  #code = 0;
  #duration = 0;
  readonly #outlet: Outlet;
  readonly #send: (length: number, payloadAt: number) => void;

  constructor(outlet: Outlet, send: (length: number, payloadAt: number) => void) {
    this.#outlet = outlet;
    this.#send = send;
  }

  /** @param duration in ticks of the outgoing clock */
  start(code: number, payloadType: number, duration: number): void {
    this.active = true;
    this.#code = code;
    this.#payloadType = payloadType;
    this.#timestamp = this.#outlet.timestamp;
    this.#duration = 0;
    this.#outlet.marker = true;
    this.update(duration);
  }

  update(duration: number): void {
    this.#duration = Math.min(Math.max(duration, this.#duration, 1), 0xffff);
    this.#write(false);
  }

  /** Three end packets; the audio clock goes on behind the event. */
  end(duration: number): void {
    this.#duration = Math.min(Math.max(duration, this.#duration, 1), 0xffff);
    for (let i = 0; i < END_PACKETS; i++) this.#write(true);
    this.active = false;
    const behind = timestampDelta((this.#timestamp + this.#duration) >>> 0, this.#outlet.timestamp);
    if (behind > 0) this.#outlet.advance(behind);
    this.#outlet.marker = true;
  }

  #write(ended: boolean): void {
    const outlet = this.#outlet;
    const at = outlet.begin(this.#timestamp, this.#payloadType);
    outlet.packet[at] = this.#code;
    outlet.packet[at + 1] = (ended ? 0x80 : 0) | VOLUME;
    write16(outlet.packet, at + 2, this.#duration);
    this.#send(at + TELEPHONE_EVENT_BYTES, at);
  }
}
