import { RtpHeader } from 'werift';
import { type AudioEncoder, type OpusLibrary, Tone } from '../media/index.ts';
import type { Clock } from '../shared/clock.ts';
import { Impairment, type ImpairmentOptions } from './impairment.ts';
import type { MediaPeer } from './media-peer.ts';
import { Pacer } from './pacer.ts';

export interface VoiceOptions extends ImpairmentOptions {
  readonly toneHz: number;
  /** Speech-like: 600 ms of tone, 400 ms of nothing with the RTP clock running on. Default false. */
  readonly dtx?: boolean;
  /** In-band FEC (RFC 6716 section 2.1.7). Default true. */
  readonly fec?: boolean;
  /** The last packets of telephone-events never leave. Default false. */
  readonly loseDtmfEnds?: boolean;
  /** The consumer is muted from the beginning: nothing is sent. Default false. */
  readonly muted?: boolean;
}

const FRAME_TICKS = 960;
const SAMPLES = 320;
/** Meta's digits: 500 ms, 100 ms apart; a packet every 20 ms. */
const DIGIT_FRAMES = 25;
const GAP_FRAMES = 5;
/** Number and clock of the keys' events. */
export const MESSENGER_EVENT = { payloadType: 110, clockRate: 48_000 };
export const WHATSAPP_EVENT = { payloadType: 126, clockRate: 8_000 };
const OPUS_CLOCK = 48_000;
const KEYS = '0123456789*#';

/** How the voice looks in RTP. */
export interface VoiceFormat {
  readonly ssrc: number;
  readonly opusPayloadType: number;
  /** Of the m-line that carries the voice: the second one after a renegotiation; unset: no header extensions. */
  readonly mid?: string;
  readonly telephoneEvent: { readonly payloadType: number; readonly clockRate: number };
}

/** What the consumer's client sends: 16 kHz Opus at 20 kbit/s with FEC, RFC 4733 digits at 48 kHz. */
export class Voice {
  readonly #peer: MediaPeer;
  readonly #options: VoiceOptions;
  readonly #format: VoiceFormat;
  readonly #network: Impairment;
  readonly #encoder: AudioEncoder;
  readonly #tone: Tone;
  readonly #pacer: Pacer;
  readonly #pcm = new Int16Array(SAMPLES);
  readonly #packet = new Uint8Array(1_275);
  /** From anywhere (RFC 3550 section 5.1), so that a call may begin just before the numbers wrap. */
  #sequence: number;
  #timestamp: number;
  #closed = false;
  #frame = 0;
  #digits: { readonly key: number; readonly done: () => void }[] = [];
  #digitFrame = 0;
  #digitTimestamp = 0;
  /** Packets and payload bytes that left, lost ones included. */
  packets = 0;
  bytes = 0;
  /** Of the m-line; it changes when the voice moves to another. */
  mid: string | undefined;
  /** No audio leaves; the RTP clock runs on, and keys are still heard. */
  muted = false;

  constructor(
    peer: MediaPeer,
    opus: OpusLibrary,
    clock: Clock,
    random: () => number,
    format: VoiceFormat,
    options: VoiceOptions,
  ) {
    this.#peer = peer;
    this.#options = options;
    this.#format = format;
    this.mid = format.mid;
    this.#network = new Impairment(options, clock, random, (datagram) => peer.send(datagram));
    this.#sequence = Math.floor(random() * 2 ** 16);
    this.#timestamp = Math.floor(random() * 2 ** 32);
    this.#tone = new Tone(options.toneHz, 16_000);
    this.#encoder = opus.encoder({
      sampleRate: 16_000,
      bitrate: 20_000,
      complexity: 3,
      inbandFec: options.fec ?? true,
      expectedLossPercent: options.fec === false ? 0 : 10,
      dtx: false,
      maxPlaybackRate: 16_000,
    });
    this.#pacer = new Pacer(clock, () => this.#send());
  }

  start(): void {
    this.#pacer.start();
  }

  /** Presses keys one after the other; resolves when the last one is let go. Unknown characters are left out. */
  async press(digits: string): Promise<void> {
    if (this.#closed) return;
    const keys = [...digits].map((digit) => KEYS.indexOf(digit)).filter((key) => key >= 0);
    await Promise.all(keys.map((key) => new Promise<void>((done) => this.#digits.push({ key, done }))));
  }

  /** RTP sequence number of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** RTP timestamp of now. */
  get timestamp(): number {
    return this.#timestamp;
  }

  close(): void {
    this.#closed = true;
    this.#pacer.stop();
    this.#network.close();
    this.#encoder.close();
    for (const { done } of this.#digits.splice(0)) done();
  }

  #send(): void {
    this.#frame += 1;
    this.#timestamp = (this.#timestamp + FRAME_TICKS) >>> 0;
    const digit = this.#digits[0];
    if (digit) return this.#sendDigit(digit);
    if (this.muted) return;
    const pause = this.#options.dtx === true && this.#frame % 50 >= 30;
    this.#tone.fill(this.#pcm, SAMPLES);
    if (pause) {
      // The first frame of a pause announces it: a TOC byte alone.
      if (this.#frame % 50 === 30)
        this.#emit(this.#format.opusPayloadType, Buffer.of(9 << 3), this.#timestamp, false);
      return;
    }
    const bytes = this.#encoder.encode(this.#pcm, SAMPLES, this.#packet);
    const first = this.#frame % 50 === 0 && this.#options.dtx === true;
    this.#emit(
      this.#format.opusPayloadType,
      Buffer.from(this.#packet.subarray(0, bytes)),
      this.#timestamp,
      first,
    );
  }

  #sendDigit({ key, done }: { readonly key: number; readonly done: () => void }): void {
    const frame = this.#digitFrame++;
    // RFC 4733 section 2.1: the timestamp counts in the event's own clock.
    if (frame === 0) this.#digitTimestamp = this.#inEventClock(this.#timestamp);
    if (frame < DIGIT_FRAMES) {
      const last = frame === DIGIT_FRAMES - 1;
      const payload = Buffer.from([key, last ? 0x8a : 0x0a, 0, 0]);
      const { payloadType, clockRate } = this.#format.telephoneEvent;
      payload.writeUInt16BE(((frame + 1) * FRAME_TICKS * clockRate) / OPUS_CLOCK, 2);
      const copies = last ? (this.#options.loseDtmfEnds ? 0 : 3) : 1;
      for (let i = 0; i < copies; i++) this.#emit(payloadType, payload, this.#digitTimestamp, frame === 0);
      return;
    }
    if (frame < DIGIT_FRAMES + GAP_FRAMES) return;
    this.#digitFrame = 0;
    this.#digits.shift();
    done();
  }

  #inEventClock(timestamp: number): number {
    return Math.floor((timestamp * this.#format.telephoneEvent.clockRate) / OPUS_CLOCK) >>> 0;
  }

  get #extensions(): object {
    const { mid } = this;
    if (mid === undefined) return {};
    const extensions = [
      { id: 1, payload: Buffer.of(0x8a) },
      { id: 4, payload: Buffer.from(mid) },
    ];
    return { extension: true, extensionProfile: 0xbede, extensions };
  }

  #emit(payloadType: number, payload: Buffer, timestamp: number, marker: boolean): void {
    const header = new RtpHeader({
      payloadType,
      sequenceNumber: this.#sequence,
      timestamp,
      ssrc: this.#format.ssrc,
      marker,
      ...this.#extensions,
    });
    const datagram = this.#peer.protectRtp(payload, header);
    if (!datagram) return;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.packets += 1;
    this.bytes += payload.length;
    this.#network.send(datagram);
  }
}
