import { timestampDelta, write16 } from '../rtp/header.ts';
import { TELEPHONE_EVENT_BYTES } from './event-receiver.ts';

/** RFC 4733 section 2.5.1.4: the last packet goes out three times. */
const END_PACKETS = 3;
/** The longest duration that the field can say; a longer event is told in segments. */
const LONGEST_SEGMENT = 0xffff;
/** RFC 4733 section 2.3.4: what is softer a receiver need not hear. */
const SOFTEST = 36;

/** The stream that events are written into; the bridge's outlets fit. */
export interface EventOutlet {
  readonly packet: Uint8Array;
  timestamp: number;
  marker: boolean;
  begin(timestamp: number, payloadType: number): number;
  advance(ticks: number): void;
}

/** How one key is sent. */
export interface EventFormat {
  readonly payloadType: number;
  /** Of the durations, Hz. */
  readonly clockRate: number;
}

/**
 * Writes events into an outgoing stream (RFC 4733 section 2.5.1). Timestamps count in the clock of the stream's audio
 * also where the durations have another one: receivers order events among the audio, and so does libwebrtc.
 */
export class EventSender {
  active = false;
  /** Events begun so far: who began one sees by it whether another has taken its place. */
  begun = 0;
  readonly #outlet: EventOutlet;
  readonly #send: (length: number, payloadAt: number) => void;
  #payloadType = 0;
  #code = 0;
  #volume = 10;
  /** Stream ticks an event tick. */
  #scale = 1;
  #beganAt = 0;
  #segmentAt = 0;
  /** Event ticks of the segments before, and in all. */
  #before = 0;
  #total = 0;

  constructor(outlet: EventOutlet, send: (length: number, payloadAt: number) => void) {
    this.#outlet = outlet;
    this.#send = send;
  }

  /**
   * @param streamClock of the outlet's timestamps, Hz @param volume dBm0 below zero
   * @param duration so far, ticks of the format's clock @param timestamp of the key, in the stream's clock; default now
   * One that is active ends first.
   */
  start(
    code: number,
    format: EventFormat,
    streamClock: number,
    volume: number,
    duration: number,
    timestamp?: number,
  ): void {
    this.finish();
    this.active = true;
    this.begun += 1;
    this.#code = code;
    this.#payloadType = format.payloadType;
    this.#scale = streamClock / format.clockRate;
    this.#volume = Math.min(volume, SOFTEST);
    this.#beganAt = timestamp ?? this.#outlet.timestamp;
    this.#segmentAt = this.#beganAt;
    this.#before = 0;
    this.#total = 0;
    this.#outlet.marker = true;
    this.update(duration);
  }

  /** @param duration in all, ticks of the event's clock; never less than before */
  update(duration: number): void {
    if (!this.active) return;
    this.#grow(duration);
    this.#write(false);
  }

  /** Three end packets; the audio clock goes on behind the event. */
  end(duration: number): void {
    if (!this.active) return;
    this.#grow(duration);
    for (let i = 0; i < END_PACKETS; i++) this.#write(true);
    this.active = false;
    const ends = (this.#beganAt + Math.round(this.#total * this.#scale)) >>> 0;
    const behind = timestampDelta(ends, this.#outlet.timestamp);
    if (behind > 0) this.#outlet.advance(behind);
    this.#outlet.marker = true;
  }

  /** Ends the event where it is: what it was sent with is no longer agreed. */
  finish(): void {
    this.end(this.#total);
  }

  #grow(duration: number): void {
    this.#total = Math.max(duration, this.#total, 1);
    while (this.#total - this.#before > LONGEST_SEGMENT) {
      this.#writeDuration(LONGEST_SEGMENT, false);
      this.#before += LONGEST_SEGMENT;
      this.#segmentAt = (this.#beganAt + Math.round(this.#before * this.#scale)) >>> 0;
    }
  }

  #write(ended: boolean): void {
    this.#writeDuration(this.#total - this.#before, ended);
  }

  #writeDuration(duration: number, ended: boolean): void {
    const outlet = this.#outlet;
    const at = outlet.begin(this.#segmentAt, this.#payloadType);
    outlet.packet[at] = this.#code;
    outlet.packet[at + 1] = (ended ? 0x80 : 0) | this.#volume;
    write16(outlet.packet, at + 2, duration);
    this.#send(at + TELEPHONE_EVENT_BYTES, at);
  }
}
