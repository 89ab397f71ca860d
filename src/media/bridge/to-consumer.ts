import {
  type AudioDecoder,
  type AudioEncoder,
  MAX_PACKET_SAMPLES,
  type OpusLibrary,
  opusSamples48k,
} from '../codec/index.ts';
import { type RtpHeader, timestampDelta } from '../rtp/header.ts';
import type { Arrival } from '../rtp/reception.ts';
import { Cadence, FRAME_MS } from './cadence.ts';
import { metaEncoder, pcmRate, phoneDecoder } from './codecs.ts';
import type { Counters } from './counters.ts';
import { Framer } from './framer.ts';
import type { Outlet } from './outlet.ts';
import type { PhonePlan, SendPlan } from './types.ts';

const OPUS_TICKS = 960;
const MAX_CONCEALED_MS = 100;
/** 20 ms of silence as any Opus decoder reads it: CELT, one frame, all bands at zero. */
const OPUS_SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

/** The phone's audio on its way to the consumer: continuous Opus frames of 20 ms. */
export class ToConsumer {
  readonly #opus: OpusLibrary;
  readonly #complexity: number;
  /** Of the phone's leg. */
  readonly #counters: Counters;
  readonly #outlet: Outlet;
  readonly #send: (length: number, payloadAt: number) => void;
  readonly #cadence = new Cadence();
  readonly #pcm = new Int16Array(MAX_PACKET_SAMPLES);
  #frame = new Int16Array(160);
  #framer = new Framer(160, MAX_PACKET_SAMPLES);
  #phone: PhonePlan | undefined;
  #plan: SendPlan | undefined;
  #decoder: AudioDecoder | undefined;
  #encoder: AudioEncoder | undefined;
  #expected = 0;
  #synced = false;

  constructor(
    opus: OpusLibrary,
    complexity: number,
    counters: Counters,
    outlet: Outlet,
    send: (length: number, payloadAt: number) => void,
  ) {
    this.#opus = opus;
    this.#complexity = complexity;
    this.#counters = counters;
    this.#outlet = outlet;
    this.#send = send;
  }

  configureSend(plan: SendPlan): void {
    const previous = this.#plan;
    this.#plan = plan;
    this.#outlet.payloadType = plan.payloadType;
    if (
      previous?.maxAverageBitrate !== plan.maxAverageBitrate ||
      previous?.maxPlaybackRate !== plan.maxPlaybackRate ||
      previous?.useInbandFec !== plan.useInbandFec
    ) {
      this.#encoder?.close();
      this.#encoder = undefined;
    }
    this.#ready();
  }

  configurePhone(plan: PhonePlan): void {
    if (this.#phone?.codec !== plan.codec) {
      this.#decoder?.close();
      this.#encoder?.close();
      this.#decoder = undefined;
      this.#encoder = undefined;
      this.#synced = false;
      const samples = (pcmRate(plan.codec) * FRAME_MS) / 1000;
      this.#framer = new Framer(samples, MAX_PACKET_SAMPLES);
      this.#frame = new Int16Array(samples);
    }
    this.#phone = plan;
    this.#ready();
  }

  /** One packet of the phone's codec. False: it could not be read. */
  audio(packet: Uint8Array, header: RtpHeader, arrival: Arrival, missing: number, nowMs: number): boolean {
    const phone = this.#phone;
    const decoder = this.#decoder;
    if (!phone || !this.#plan || header.payloadLength === 0) return false;
    const at = header.payloadOffset;
    const payload = packet.subarray(at, at + header.payloadLength);
    if (phone.codec === 'opus') return this.#pass(payload, header, arrival, nowMs);
    if (!decoder) return false;
    if (arrival === 'restart' || arrival === 'first') this.#synced = false;
    const gap = this.#synced ? timestampDelta(header.timestamp, this.#expected) : 0;
    const lateMs = this.#cadence.served(nowMs, false);
    if (lateMs > 0) this.#outlet.advance(Math.round(lateMs * 48));
    else if (missing > 0 && gap > 0)
      this.#conceal(phone, Math.min(gap, (phone.clockRate * MAX_CONCEALED_MS) / 1000));
    const samples = decoder.decode(payload, this.#pcm);
    const ticks = (samples * phone.clockRate) / decoder.sampleRate;
    this.#expected = (header.timestamp + ticks) >>> 0;
    this.#synced = true;
    this.#push(samples);
    return samples > 0;
  }

  /** Silence for a phone that holds, pauses or died: Meta's clients drop a call that falls silent for 20 s. */
  tick(nowMs: number): void {
    const phone = this.#phone;
    if (!phone || !this.#plan) return;
    while (this.#cadence.due(nowMs)) {
      if (phone.codec === 'opus') this.#sendPayload(OPUS_SILENCE);
      else {
        this.#framer.clear();
        this.#pcm.fill(0, 0, this.#framer.frame);
        this.#push(this.#framer.frame);
      }
    }
  }

  close(): void {
    this.#decoder?.close();
    this.#encoder?.close();
    this.#decoder = undefined;
    this.#encoder = undefined;
  }

  #conceal(phone: PhonePlan, gapTicks: number): void {
    const decoder = this.#decoder;
    if (!decoder) return;
    const samples = Math.round((gapTicks * decoder.sampleRate) / phone.clockRate);
    this.#push(decoder.conceal(this.#pcm, samples));
    this.#counters.concealedSamples += gapTicks;
  }

  #push(samples: number): void {
    this.#framer.push(this.#pcm, samples);
    while (this.#framer.shift(this.#frame)) {
      const encoder = this.#encoder;
      if (!encoder) return;
      const at = this.#outlet.begin();
      const bytes = encoder.encode(this.#frame, this.#frame.length, this.#outlet.packet.subarray(at));
      this.#send(at + bytes, at);
      this.#outlet.advance(OPUS_TICKS);
    }
  }

  #pass(payload: Uint8Array, header: RtpHeader, arrival: Arrival, nowMs: number): boolean {
    const ticks = opusSamples48k(payload);
    if (ticks === 0) return false;
    const lateMs = this.#cadence.served(nowMs, false);
    // Gaps of the phone's clock stay gaps: the consumer's decoder conceals them with the packets' own FEC.
    const gap = this.#synced && arrival !== 'restart' ? timestampDelta(header.timestamp, this.#expected) : 0;
    if (lateMs > 0) this.#outlet.advance(Math.round(lateMs * 48));
    else if (gap > 0 && gap < 48_000) {
      this.#outlet.advance(gap);
      const lost = Math.round(gap / ticks);
      if (arrival === 'gap') this.#outlet.sequence = (this.#outlet.sequence + lost) & 0xffff;
    }
    this.#expected = (header.timestamp + ticks) >>> 0;
    this.#synced = true;
    this.#sendPayload(payload, ticks);
    return true;
  }

  #sendPayload(payload: Uint8Array, ticks = OPUS_TICKS): void {
    const at = this.#outlet.begin();
    this.#outlet.packet.set(payload, at);
    this.#send(at + payload.length, at);
    this.#outlet.advance(ticks);
  }

  #ready(): void {
    const phone = this.#phone;
    const plan = this.#plan;
    if (!phone || !plan || phone.codec === 'opus') return;
    this.#decoder ??= phoneDecoder(phone.codec, this.#opus);
    this.#encoder ??= metaEncoder(this.#opus, pcmRate(phone.codec), plan, this.#complexity);
  }
}
