import { randomInt } from 'node:crypto';
import {
  type AudioDecoder,
  ComfortNoise,
  LossEstimate,
  type OpusEncoder,
  type OpusLibrary,
  opusSamples48k,
} from '../codec/index.ts';
import {
  type DtmfDetector,
  type EventReceiver,
  EventSender,
  KeyPlayer,
  type KeyStep,
} from '../dtmf/index.ts';
import type { JitterBuffer } from '../jitter/jitter-buffer.ts';
import { type RtpHeader, timestampDelta } from '../rtp/header.ts';
import type { Arrival } from '../rtp/reception.ts';
import type { RtcpState } from '../rtp/rtcp.ts';
import { isSilent } from '../stats/level.ts';
import { Cadence, FRAME_MS } from './cadence.ts';
import { metaEncoder, payloadTicks, pcmRate, phoneDecoder, sameFormat } from './codecs.ts';
import type { Counters } from './counters.ts';
import { Framer } from './framer.ts';
import { Inserts, type PcmSource, type PcmTap, type PlayMode } from './inserts.ts';
import { OpusPassage } from './opus-passage.ts';
import type { Outlet } from './outlet.ts';
import { type Playout, playoutFor } from './playout.ts';
import { scratchPcm } from './scratch.ts';
import type { PhonePlan, SendPlan, Taken } from './types.ts';

const OPUS_TICKS = 960;
const OPUS_CLOCK = 48_000;
const MAX_CONCEALED_MS = 100;
/** Q.24: a pause of 40 ms ends a key. */
const KEY_PAUSE_MS = 40;

/** Of sounds that are heard while there is no phone, Hz. */
export const RATE_ALONE = 16_000;

/** 20 ms of silence as any Opus decoder reads it: CELT, one frame, all bands at zero. */
const OPUS_SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

/** The phone's audio on its way to the consumer: continuous Opus frames of 20 ms. */
export class ToConsumer {
  readonly #opus: OpusLibrary;
  #complexity: number;
  /** Of the phone's leg. */
  readonly #counters: Counters;
  readonly #outlet: Outlet;
  readonly #send: (length: number, payloadAt: number) => void;
  readonly #cadence = new Cadence();
  /** Hz of decoded audio. */
  #rate = 8_000;
  #frame = new Int16Array(160);
  #framer = new Framer(160);
  #phone: PhonePlan | undefined;
  #plan: SendPlan | undefined;
  #decoder: AudioDecoder | undefined;
  #encoder: OpusEncoder | undefined;
  #expected = 0;
  #synced = false;
  /** Where Opus passes through. */
  #passage: OpusPassage | undefined;
  readonly #loss = new LossEstimate();
  #lossReports = 0;
  readonly #noise = new ComfortNoise(randomInt(2 ** 31));
  /** Place of the last word of it in the jitter buffer's sequence. */
  #noiseAt = 0;
  readonly #inserts: Inserts;
  /** Behind a jitter buffer, when the trunk wants one. */
  #playout: Playout | undefined;
  readonly #events: EventSender;
  readonly #keys: KeyPlayer;
  /** Hears keys in the phone's audio. */
  #detector: DtmfDetector | undefined;

  constructor(
    opus: OpusLibrary,
    complexity: number,
    counters: Counters,
    outlet: Outlet,
    send: (length: number, payloadAt: number) => void,
    onPlayed: () => void,
  ) {
    this.#opus = opus;
    this.#complexity = complexity;
    this.#counters = counters;
    this.#outlet = outlet;
    this.#send = send;
    this.#inserts = new Inserts(() => {
      this.#ready();
      onPlayed();
    });
    this.#events = new EventSender(outlet, send);
    this.#keys = new KeyPlayer(this.#events);
  }

  configureSend(plan: SendPlan): void {
    const previous = this.#plan;
    const [was, is] = [previous?.telephoneEvent, plan.telephoneEvent];
    if (was?.payloadType !== is?.payloadType || was?.clockRate !== is?.clockRate) {
      this.#events.finish();
      this.#keys.configure(is, OPUS_CLOCK);
    }
    this.#plan = plan;
    this.#outlet.payloadType = plan.payloadType;
    if (
      previous?.maxAverageBitrate !== plan.maxAverageBitrate ||
      previous?.maxPlaybackRate !== plan.maxPlaybackRate ||
      previous?.useInbandFec !== plan.useInbandFec ||
      previous?.cbr !== plan.cbr
    ) {
      this.#encoder?.close();
      this.#encoder = undefined;
    }
    this.#ready();
  }

  configurePhone(plan: PhonePlan): void {
    if (!sameFormat(this.#phone, plan)) {
      this.#decoder?.close();
      this.#encoder?.close();
      this.#decoder = undefined;
      this.#encoder = undefined;
      this.#synced = false;
      this.#noise.active = false;
      const samples = (pcmRate(plan) * FRAME_MS) / 1000;
      this.#framer = new Framer(samples);
      this.#frame = new Int16Array(samples);
    }
    this.#phone = plan;
    const { jitterBuffer, clockRate, codec } = plan;
    this.#playout = playoutFor(this.#playout, jitterBuffer, clockRate, codec, this.#counters);
    this.#ready();
  }

  /** libopus complexity, 0 to 10, from the next frame on. */
  setComplexity(complexity: number): void {
    this.#complexity = complexity;
    this.#encoder?.setComplexity(complexity);
  }

  /** What Meta's receiver says it loses of ours; its FEC is made for that. */
  hearReports(rtcp: RtcpState): void {
    if (rtcp.blocks === this.#lossReports) return;
    this.#lossReports = rtcp.blocks;
    this.#loss.report(rtcp.remoteFractionLost);
    if (this.#plan?.useInbandFec) this.#encoder?.setExpectedLoss(this.#loss.percent);
  }

  /** The phone's audio as the consumer hears it, before a source is put in. */
  tap(tap: PcmTap): void {
    this.#inserts.tap(tap);
    this.#ready();
  }

  untap(tap: PcmTap): void {
    this.#inserts.untap(tap);
    this.#ready();
  }

  /** What the consumer hears instead of or with the phone; undefined ends it. */
  play(source: PcmSource | undefined, mode: PlayMode): void {
    this.#inserts.play(source, mode);
    this.#ready();
  }

  /** Keys are listened for in the phone's audio from now on; undefined: no more. */
  detectKeys(detector: DtmfDetector | undefined): void {
    if (this.#detector) this.#inserts.untap(this.#detector);
    if (detector) this.#inserts.tap(detector);
    this.#detector = detector;
    this.#ready();
  }

  /** A step of a telephone-event of the phone's: goes on only where Meta's description names telephone-event. */
  key(step: KeyStep, received: EventReceiver, nowMs: number): void {
    const format = this.#plan?.telephoneEvent;
    if (!format) return;
    this.#cadence.served(nowMs, false);
    const { code, volume, clockRate } = received;
    const duration = Math.round((received.duration * format.clockRate) / clockRate);
    if (step === 'start') this.#events.start(code, format, OPUS_CLOCK, volume, duration);
    else if (step === 'update') this.#events.update(duration);
    else this.#events.end(duration);
  }

  /** A key that no received event drives; as `key`. @param ms without it until `releaseKey` */
  pressKey(code: number, ms?: number): void {
    this.#keys.press(code, ms);
  }

  releaseKey(ms: number): void {
    this.#keys.release(ms);
  }

  /** Opus goes on as it came. A source makes us encode for as long as it plays. */
  get passesThrough(): boolean {
    return this.#phone?.codec === 'opus' && !this.#inserts.playing;
  }

  /** Comfort noise of the phone's sounds. */
  get pausing(): boolean {
    return this.#noise.active;
  }

  get buffers(): boolean {
    return this.#playout !== undefined;
  }

  get buffer(): JitterBuffer | undefined {
    return this.#playout?.buffer;
  }

  /** Before an event packet is followed. */
  eventComes(header: RtpHeader, nowMs: number): void {
    this.#playout?.pass(header, nowMs);
  }

  /** One packet of the phone's codec; without a jitter buffer in order, or behind a gap of `missing` packets. */
  audio(packet: Uint8Array, header: RtpHeader, arrival: Arrival, missing: number, nowMs: number): Taken {
    const phone = this.#phone;
    if (!phone || !this.#plan) return 'notOpen';
    const { payloadOffset, payloadLength } = header;
    if (payloadLength === 0) return 'undecodable';
    const isOpus = phone.codec === 'opus';
    const ticks = isOpus ? opusSamples48k(packet, payloadOffset, payloadOffset + payloadLength) : 0;
    if (isOpus && ticks === 0) return 'undecodable';
    if (this.#playout) return this.#buffer(this.#playout, phone, packet, header, arrival, nowMs);
    if (arrival === 'restart' || arrival === 'first') this.#synced = false;
    const gap = this.#synced ? timestampDelta(header.timestamp, this.#expected) : 0;
    // Time that no packet was sent for is a pause between two keys, though the tones follow one another here.
    if (missing === 0 && gap * 1_000 >= KEY_PAUSE_MS * phone.clockRate) this.#detector?.reset(nowMs);
    if (this.passesThrough) {
      this.#pass(packet, header, ticks, arrival, missing, gap, nowMs);
      return undefined;
    }
    const lateMs = this.#cadence.served(nowMs, false, this.#counters.packetMs);
    if (lateMs > 0) this.#outlet.advance(Math.round(lateMs * 48));
    const wasNoise = this.#noise.active;
    this.#noise.active = false;
    return this.#decode(packet, header, lateMs > 0 || missing === 0 || wasNoise ? 0 : gap, nowMs)
      ? undefined
      : 'undecodable';
  }

  /** Comfort noise of the phone's (RFC 3389): it is heard until speech is back. */
  comfortNoise(packet: Uint8Array, header: RtpHeader, nowMs: number): Taken {
    const phone = this.#phone;
    const { payloadOffset, payloadLength } = header;
    const noise = this.#noise;
    const begins = !noise.active;
    if (!phone || !this.#plan || phone.codec === 'opus') return 'undecodable';
    if (!noise.update(packet, payloadOffset, payloadOffset + payloadLength)) return 'undecodable';
    if (this.#playout) {
      this.#playout.pass(header, nowMs);
      this.#noiseAt = this.#playout.buffer.highest;
      return undefined;
    }
    // The first packet of a pause stands for a frame of it; the tick makes the others.
    if (!begins || this.#events.active) return undefined;
    const lateMs = this.#cadence.served(nowMs, true);
    if (lateMs > 0) this.#outlet.advance(Math.round(lateMs * 48));
    noise.fill(scratchPcm, this.#framer.frame);
    this.#push(this.#framer.frame, nowMs);
    return undefined;
  }

  #decode(packet: Uint8Array, header: RtpHeader, gap: number, nowMs: number): boolean {
    const phone = this.#phone;
    const decoder = this.#decoder;
    if (!phone || !decoder) return false;
    if (gap > 0) this.#conceal(phone, Math.min(gap, (phone.clockRate * MAX_CONCEALED_MS) / 1000), nowMs);
    const from = header.payloadOffset;
    const samples = decoder.decode(packet, scratchPcm, from, from + header.payloadLength);
    const ticks = (samples * phone.clockRate) / decoder.sampleRate;
    this.#expected = (header.timestamp + ticks) >>> 0;
    this.#synced = true;
    this.#counters.played(ticks);
    this.#counters.packetMs = (samples * 1000) / decoder.sampleRate;
    if (this.#counters.probes > 0) this.#counters.measure(scratchPcm, samples);
    this.#push(samples, nowMs);
    return samples > 0;
  }

  /** Silence for a phone that holds, pauses or died: Meta's clients drop a call that falls silent for 20 s. */
  tick(nowMs: number): void {
    const phone = this.#phone;
    if (!this.#plan || (!phone && !this.#inserts.playing)) return;
    if (this.#keys.tick(nowMs)) this.#cadence.served(nowMs, false);
    if (this.#playout) return this.#paced(this.#playout, nowMs);
    if (this.#events.active) return;
    while (this.#cadence.due(nowMs)) {
      if (this.passesThrough) {
        this.#passage?.flush();
        this.#sendPayload(OPUS_SILENCE, 0, OPUS_SILENCE.length, OPUS_TICKS);
        if (!this.#inserts.listening) continue;
      }
      if (this.#noise.active) this.#noise.fill(scratchPcm, this.#framer.frame);
      else {
        this.#framer.clear();
        scratchPcm.fill(0, 0, this.#framer.frame);
      }
      // Before its first packet there is no stream that lacks anything, nor where the phone tells of silence.
      if (phone && this.#synced && !this.#noise.active)
        this.#counters.concealed((phone.clockRate * FRAME_MS) / 1000, true);
      this.#push(this.#framer.frame, nowMs);
    }
  }

  /** What the jitter buffer says is due: one frame after the other. */
  #paced(playout: Playout, nowMs: number): void {
    const framer = this.#framer;
    if (this.passesThrough) framer.clear();
    while (playout.due(nowMs, (framer.filled * 1000) / this.#rate)) {
      const decoder = this.#decoder;
      if (this.passesThrough) {
        if (decoder && this.#inserts.listening) this.#hear(playout.pull(decoder, scratchPcm), nowMs);
        else playout.advance();
        playout.forward(this.#outlet, this.#send, OPUS_SILENCE, !this.#events.active && !this.#mutesKey);
        continue;
      }
      if (!decoder) return;
      while (framer.filled < framer.frame) {
        const samples = playout.pull(decoder, scratchPcm, this.#noise.active ? this.#noise : undefined);
        // Speech of before the pause may still wait when the pause is told of.
        if (playout.buffer.played > this.#noiseAt) this.#noise.active = false;
        this.#queue(samples, nowMs);
      }
      framer.shift(this.#frame);
      this.#sendFrame();
    }
  }

  close(): void {
    this.#decoder?.close();
    this.#encoder?.close();
    this.#decoder = undefined;
    this.#encoder = undefined;
  }

  #conceal(phone: PhonePlan, gapTicks: number, nowMs: number): void {
    const decoder = this.#decoder;
    if (!decoder) return;
    const wanted = Math.round((gapTicks * decoder.sampleRate) / phone.clockRate);
    const samples = decoder.conceal(scratchPcm, wanted);
    this.#counters.concealed(gapTicks, isSilent(scratchPcm, samples));
    this.#push(samples, nowMs);
  }

  #push(samples: number, nowMs: number): void {
    if (this.passesThrough) return this.#hear(samples, nowMs);
    this.#queue(samples, nowMs);
    while (this.#framer.shift(this.#frame)) this.#sendFrame();
  }

  #hear(samples: number, nowMs: number): void {
    if (this.#inserts.listening) this.#inserts.hear(scratchPcm, samples, this.#rate, nowMs);
  }

  #queue(samples: number, nowMs: number): void {
    this.#hear(samples, nowMs);
    if (this.#mutesKey) scratchPcm.fill(0, 0, samples);
    this.#framer.push(scratchPcm, samples);
  }

  #sendFrame(): void {
    const encoder = this.#encoder;
    if (!encoder) return;
    if (this.#inserts.playing) this.#inserts.apply(this.#frame, this.#rate);
    // A key that is told as an event is the stream meanwhile.
    if (!this.#events.active) {
      const at = this.#outlet.begin();
      const bytes = encoder.encode(this.#frame, this.#frame.length, this.#outlet.packet, at);
      if (bytes > 0) this.#send(at + bytes, at);
      else this.#outlet.takeBack();
    }
    this.#outlet.advance(OPUS_TICKS);
    this.#inserts.settle();
  }

  #buffer(
    playout: Playout,
    phone: PhonePlan,
    packet: Uint8Array,
    header: RtpHeader,
    arrival: Arrival,
    nowMs: number,
  ): Taken {
    const { payloadOffset: from, payloadLength } = header;
    const ticks = payloadTicks(phone, packet, from, from + payloadLength);
    // Half a sample of L16.
    if (ticks === 0) return 'undecodable';
    this.#counters.packetMs = (ticks * 1000) / phone.clockRate;
    return playout.push(packet, header, ticks, arrival, nowMs);
  }

  #pass(
    packet: Uint8Array,
    header: RtpHeader,
    ticks: number,
    arrival: Arrival,
    missing: number,
    gap: number,
    nowMs: number,
  ): void {
    this.#counters.packetMs = ticks / 48;
    const lateMs = this.#cadence.served(nowMs, false, ticks / 48);
    this.#passage ??= new OpusPassage(this.#outlet, this.#send);
    const passage = this.#passage;
    if (lateMs > 0 || gap > 0) passage.flush();
    // Gaps of the phone's clock stay gaps: the consumer's decoder conceals them with the packets' own FEC.
    if (lateMs > 0) this.#outlet.advance(Math.round(lateMs * 48));
    else if (gap > 0 && gap < 48_000) {
      this.#outlet.advance(gap);
      const lost = Math.max(1, Math.round(gap / Math.max(ticks, OPUS_TICKS)));
      if (arrival === 'gap') this.#outlet.sequence = (this.#outlet.sequence + lost) & 0xffff;
    }
    if (this.#inserts.listening) this.#decode(packet, header, missing > 0 && lateMs === 0 ? gap : 0, nowMs);
    this.#expected = (header.timestamp + ticks) >>> 0;
    this.#synced = true;
    if (this.#events.active || this.#mutesKey) {
      passage.drop();
      this.#sendPayload(OPUS_SILENCE, 0, OPUS_SILENCE.length, ticks);
    } else passage.take(packet, header.payloadOffset, header.payloadLength, ticks, OPUS_TICKS);
  }

  #sendPayload(source: Uint8Array, from: number, length: number, ticks: number): void {
    if (!this.#events.active) {
      const at = this.#outlet.begin();
      this.#outlet.put(source, from, length, at);
      this.#send(at + length, at);
    }
    this.#outlet.advance(ticks);
  }

  /** The tone of a key that the consumer is told of as an event is not heard as well. */
  get #mutesKey(): boolean {
    return this.#detector?.likely === true && this.#plan?.telephoneEvent !== undefined;
  }

  #ready(): void {
    const phone = this.#phone;
    const plan = this.#plan;
    if (!plan) return;
    if (!phone) return this.#readyAlone(plan);
    this.#rate = pcmRate(phone);
    if (this.passesThrough) {
      this.#encoder?.close();
      this.#encoder = undefined;
      if (this.#inserts.listening) this.#decoder ??= phoneDecoder(phone, this.#opus);
      else {
        this.#decoder?.close();
        this.#decoder = undefined;
      }
      return;
    }
    this.#decoder ??= phoneDecoder(phone, this.#opus);
    this.#encoder ??= metaEncoder(this.#opus, this.#rate, plan, this.#complexity, this.#loss.percent);
  }

  /** No phone is there: what plays is all that the consumer hears. */
  #readyAlone(plan: SendPlan): void {
    if (!this.#inserts.playing) return;
    const samples = (RATE_ALONE * FRAME_MS) / 1000;
    if (this.#frame.length !== samples) {
      this.#framer = new Framer(samples);
      this.#frame = new Int16Array(samples);
    }
    this.#rate = RATE_ALONE;
    this.#encoder ??= metaEncoder(this.#opus, RATE_ALONE, plan, this.#complexity, this.#loss.percent);
  }
}
