import {
  type AudioDecoder,
  type AudioEncoder,
  type OpusLibrary,
  opusHasFec,
  opusPacketSamples48k,
  opusSamples48k,
} from '../codec/index.ts';
import { DtmfGenerator, type EventReceiver, EventSender, type KeyStep } from '../dtmf/index.ts';
import type { JitterBuffer } from '../jitter/jitter-buffer.ts';
import { type RtpHeader, sequenceDelta, timestampDelta } from '../rtp/header.ts';
import type { Arrival } from '../rtp/reception.ts';
import { isSilent } from '../stats/level.ts';
import { Cadence, FRAME_MS } from './cadence.ts';
import { packetMs, pcmRate, phoneEncoder, sameFormat } from './codecs.ts';
import type { Counters } from './counters.ts';
import { Framer } from './framer.ts';
import { Inserts, type PcmSource, type PcmTap, type PlayMode } from './inserts.ts';
import { OpusPassage } from './opus-passage.ts';
import type { Outlet } from './outlet.ts';
import { DTX_BYTES, type Playout, playoutFor } from './playout.ts';
import { scratchPcm } from './scratch.ts';
import type { PhonePlan, Taken } from './types.ts';

const OPUS_CLOCK = 48_000;
const TICKS_A_MS = 48;
const FRAME_TICKS = (OPUS_CLOCK * FRAME_MS) / 1000;
/** Made-up audio for one gap: more would be noise, and the pause is filled by the tick. */
const MAX_CONCEALED_TICKS = 4_800;
/** So much more or less than the time that passed is no delay but another clock, ms. */
const CLOCK_JUMP_MS = 5_000;

/** The consumer's audio on its way to the phone. */
export class ToPhone {
  readonly #opus: OpusLibrary;
  #complexity: number;
  /** Of the consumer's leg: concealment counts where the loss was. */
  readonly #counters: Counters;
  readonly #outlet: Outlet;
  readonly #send: (length: number, payloadAt: number) => void;
  readonly #cadence = new Cadence();
  readonly #events: EventSender;
  readonly #tones = new DtmfGenerator();
  /** A packet of the consumer's is being followed: its number is taken up by what goes out for it. */
  #inEvent = false;
  #frame = new Int16Array(0);
  #plan: PhonePlan | undefined;
  #rate = 8_000;
  #decoder: AudioDecoder | undefined;
  #encoder: AudioEncoder | undefined;
  #framer = new Framer(160);
  /** RTP timestamp of the consumer's next sample; known when `#synced`. */
  #expected = 0;
  #synced = false;
  readonly #inserts: Inserts;
  /** Where Opus passes through in packets of another length; its numbers are our own then. */
  #passage: OpusPassage | undefined;
  #repacks = false;
  /** Consumer's timestamp behind what was repacked last. */
  #passedTo = 0;
  /** Behind a jitter buffer, when the trunk wants one. */
  #playout: Playout | undefined;
  /** Pass-through: what is added to the consumer's numbers; known when `#aligned`. */
  #aligned = false;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #lastPassedTimestamp = 0;
  #lastPassedAtMs = 0;

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
  }

  /** A new plan keeps SSRC, sequence and clock; codecs are replaced only when they change. */
  configure(plan: PhonePlan): void {
    const previous = this.#plan;
    const [was, is] = [previous?.telephoneEvent, plan.telephoneEvent];
    if (was?.payloadType !== is?.payloadType || was?.clockRate !== is?.clockRate) {
      this.#events.finish();
      this.#aligned = false;
    }
    if (!plan.inbandDtmf) this.#tones.release();
    if (previous && previous.ptimeMs !== plan.ptimeMs) this.#endRepacking();
    this.#plan = plan;
    this.#playout = playoutFor(this.#playout, plan.jitterBuffer, OPUS_CLOCK, 'opus', this.#counters);
    this.#outlet.payloadType = plan.payloadType;
    const samples = (pcmRate(plan) * packetMs(plan)) / 1000;
    const isSame = sameFormat(previous, plan);
    if (!isSame) {
      this.#release();
      this.#rate = pcmRate(plan);
      this.#synced = false;
      this.#aligned = false;
    }
    if (this.#framer.frame !== samples || !isSame) {
      this.#framer = new Framer(samples);
      this.#frame = new Int16Array(samples);
    }
    this.#ready();
  }

  /** libopus complexity, 0 to 10, of what is played to an Opus phone from now on. */
  setComplexity(complexity: number): void {
    this.#complexity = complexity;
  }

  /** The consumer's audio as the phone hears it, before a source is put in. */
  tap(tap: PcmTap): void {
    this.#inserts.tap(tap);
    this.#ready();
  }

  untap(tap: PcmTap): void {
    this.#inserts.untap(tap);
    this.#ready();
  }

  /** What the phone hears instead of or with the consumer; undefined ends it. */
  play(source: PcmSource | undefined, mode: PlayMode): void {
    this.#inserts.play(source, mode);
    this.#ready();
  }

  /** It is known how to talk to the phone. */
  get planned(): boolean {
    return this.#plan !== undefined;
  }

  /** Opus goes on as it came. A source makes us encode for as long as it plays. */
  get passesThrough(): boolean {
    return this.#plan?.codec === 'opus' && !this.#inserts.playing && !this.#tones.active;
  }

  get buffers(): boolean {
    return this.#playout !== undefined;
  }

  get buffer(): JitterBuffer | undefined {
    return this.#playout?.buffer;
  }

  /** One packet of Opus; without a jitter buffer in order, or behind a gap of `missing` packets. */
  audio(packet: Uint8Array, header: RtpHeader, arrival: Arrival, missing: number, nowMs: number): Taken {
    const plan = this.#plan;
    if (!plan) return 'notOpen';
    const { payloadOffset, payloadLength } = header;
    const end = payloadOffset + payloadLength;
    const ticks = opusSamples48k(packet, payloadOffset, end);
    if (ticks === 0) return 'undecodable';
    this.#counters.packetMs = ticks / 48;
    if (opusHasFec(packet, payloadOffset, end)) this.#counters.fecPackets += 1;
    if (this.#playout) return this.#playout.push(packet, header, ticks, arrival, nowMs);
    if (arrival === 'restart' || arrival === 'first') this.#synced = false;
    const gap = missing > 0 && this.#synced ? timestampDelta(header.timestamp, this.#expected) : 0;
    if (this.passesThrough) {
      if (this.#inserts.listening) this.#decode(packet, header, ticks, gap, nowMs);
      this.#pass(packet, header, ticks, missing, nowMs);
      return undefined;
    }
    const lateMs = this.#cadence.served(nowMs, payloadLength <= DTX_BYTES, ticks / 48);
    if (lateMs > 0) {
      this.#outlet.advance(Math.round((lateMs * plan.clockRate) / 1000));
      this.#outlet.marker = true;
    }
    return this.#decode(packet, header, ticks, lateMs > 0 ? 0 : gap, nowMs) ? undefined : 'undecodable';
  }

  #decode(packet: Uint8Array, header: RtpHeader, ticks: number, gap: number, nowMs: number): boolean {
    const decoder = this.#decoder;
    if (!decoder) return false;
    if (gap > 0) this.#conceal(packet, header, Math.min(gap, MAX_CONCEALED_TICKS), ticks, nowMs);
    const from = header.payloadOffset;
    const samples = decoder.decode(packet, scratchPcm, from, from + header.payloadLength);
    this.#expected = (header.timestamp + ticks) >>> 0;
    this.#synced = true;
    if (samples === 0) return false;
    this.#counters.played(ticks);
    if (this.#counters.probes > 0) this.#counters.measure(scratchPcm, samples);
    this.#push(samples, nowMs);
    return true;
  }

  /** A step of a key of the consumer's: an event at the phone's clock, a tone, or nothing (SIP INFO tells of it). */
  key(step: KeyStep, received: EventReceiver, nowMs: number): void {
    const plan = this.#plan;
    if (!plan) return;
    if (plan.inbandDtmf) return this.#tone(step, received);
    const format = plan.telephoneEvent;
    if (!format) return;
    if (step === 'start' && !this.#talks) return;
    // The event is the stream meanwhile: nothing is missing, and nothing must be made up.
    if (!this.passesThrough) this.#cadence.served(nowMs, false);
    const { code, volume, clockRate } = received;
    const duration = Math.round((received.duration * format.clockRate) / clockRate);
    if (this.#repacks) this.#passage?.flush();
    const { sequence } = this.#outlet;
    if (step === 'start') {
      const timestamp = this.#timestampOf(received, nowMs);
      this.#events.start(code, format, plan.clockRate, volume, duration, timestamp);
    } else if (step === 'update') this.#events.update(duration);
    else this.#events.end(duration);
    if (!this.#inEvent) this.#sequenceOffset += sequenceDelta(this.#outlet.sequence, sequence);
  }

  /** A phone that holds the call hears nothing, neither audio nor keys (RFC 3264 section 6.1). */
  get #talks(): boolean {
    const direction = this.#plan?.direction;
    return direction === 'sendrecv' || direction === 'sendonly';
  }

  #tone(step: KeyStep, { code, durationMs }: EventReceiver): void {
    if (step === 'start' && this.#talks) this.#tones.press(code);
    else if (step === 'end') this.#tones.release(durationMs);
    this.#ready();
  }

  /** Where a key that begins now stands in our stream. */
  #timestampOf({ beganAt, clockRate }: EventReceiver, nowMs: number): number {
    if (!this.passesThrough || !this.#aligned) return this.#outlet.timestamp;
    if (clockRate === OPUS_CLOCK) return (beganAt + this.#timestampOffset) >>> 0;
    // WhatsApp's count in another clock than the audio around them: their place is told by their arrival.
    const since = Math.round(((nowMs - this.#lastPassedAtMs) * OPUS_CLOCK) / 1_000);
    return (this.#lastPassedTimestamp + this.#timestampOffset + since) >>> 0;
  }

  /** Before an event packet is followed: where audio passes through, the numbers stay those of the consumer's stream. */
  eventComes(header: RtpHeader, arrival: Arrival, nowMs: number): void {
    if (arrival !== 'restart') this.#playout?.pass(header, nowMs);
    if (!this.passesThrough || !this.#aligned || arrival === 'late') return;
    this.#inEvent = true;
    this.#outlet.sequence = (header.sequence + this.#sequenceOffset) & 0xffff;
  }

  /** Behind it: as many packets went out for it as it needed. */
  eventCame(header: RtpHeader): void {
    if (!this.#inEvent) return;
    this.#inEvent = false;
    this.#sequenceOffset = sequenceDelta(this.#outlet.sequence, (header.sequence + 1) & 0xffff);
  }

  /** Fills what DTX, loss or a dead consumer left out, so that the phone hears a steady stream. */
  tick(nowMs: number): void {
    const plan = this.#plan;
    const decoder = this.#decoder;
    if (plan && this.#playout) return this.#paced(this.#playout, nowMs);
    this.#flushLate(nowMs);
    if (!plan || !decoder || this.passesThrough || this.#events.active) return;
    while (this.#cadence.due(nowMs, this.#tones.active)) {
      const samples = (this.#rate * FRAME_MS) / 1000;
      const made = this.#synced ? decoder.conceal(scratchPcm, samples) : 0;
      if (made < samples) scratchPcm.fill(0, made, samples);
      // Before its first packet there is no stream that lacks anything.
      if (this.#synced) this.#counters.concealed(FRAME_TICKS, isSilent(scratchPcm, samples));
      this.#push(samples, nowMs);
    }
  }

  /** What the jitter buffer says is due: one frame after the other, at the phone's packet time. */
  #paced(playout: Playout, nowMs: number): void {
    const framer = this.#framer;
    if (this.passesThrough) framer.clear();
    while (playout.due(nowMs, (framer.filled * 1000) / this.#rate)) {
      const decoder = this.#decoder;
      if (this.passesThrough) {
        if (decoder && this.#inserts.listening) this.#hear(playout.pull(decoder, scratchPcm), nowMs);
        else playout.advance();
        playout.forward(this.#outlet, this.#send, undefined, !this.#events.active && this.#talks);
        continue;
      }
      if (!decoder) return;
      while (framer.filled < framer.frame) {
        const samples = playout.pull(decoder, scratchPcm);
        this.#hear(samples, nowMs);
        framer.push(scratchPcm, samples);
      }
      framer.shift(this.#frame);
      this.#sendFrame();
    }
  }

  /** The consumer paused in the middle of a packet of ours. */
  #flushLate(nowMs: number): void {
    const ptimeMs = this.#plan?.ptimeMs ?? FRAME_MS;
    if (this.#repacks && nowMs - this.#lastPassedAtMs > ptimeMs + FRAME_MS) this.#passage?.flush();
  }

  close(): void {
    this.#release();
  }

  /** FEC of the packet after the gap for its last frame, PLC for the frames before (RFC 6716 section 2.1.7). */
  #conceal(next: Uint8Array, header: RtpHeader, gapTicks: number, frameTicks: number, nowMs: number): void {
    const decoder = this.#decoder;
    if (!decoder) return;
    const toSamples = this.#rate / OPUS_CLOCK;
    const from = header.payloadOffset;
    const to = from + header.payloadLength;
    const fec = gapTicks >= frameTicks && opusHasFec(next, from, to);
    const plain = fec ? gapTicks - frameTicks : gapTicks;
    for (let done = 0; done < plain; ) {
      const step = Math.min(960, plain - done);
      const samples = decoder.conceal(scratchPcm, Math.round(step * toSamples));
      this.#counters.concealed(step, isSilent(scratchPcm, samples));
      this.#push(samples, nowMs);
      done += step;
    }
    if (fec) {
      const wanted = Math.round(frameTicks * toSamples);
      let samples = decoder.decodeFec?.(next, scratchPcm, wanted, from, to) ?? 0;
      if (samples > 0) {
        this.#counters.recoveredByFec += 1;
        this.#counters.played(frameTicks);
      } else {
        samples = decoder.conceal(scratchPcm, wanted);
        this.#counters.concealed(frameTicks, isSilent(scratchPcm, samples));
      }
      this.#push(samples, nowMs);
    }
  }

  #push(samples: number, nowMs: number): void {
    this.#hear(samples, nowMs);
    if (this.passesThrough) return;
    this.#framer.push(scratchPcm, samples);
    while (this.#framer.shift(this.#frame)) this.#sendFrame();
  }

  #hear(samples: number, nowMs: number): void {
    if (this.#inserts.listening) this.#inserts.hear(scratchPcm, samples, this.#rate, nowMs);
  }

  #sendFrame(): void {
    const plan = this.#plan;
    const encoder = this.#encoder;
    if (!plan || !encoder) return;
    const ticks = (plan.clockRate * packetMs(plan)) / 1000;
    if (!this.#events.active && this.#talks) {
      if (this.#inserts.playing) this.#inserts.apply(this.#frame, this.#rate);
      const tone = this.#tones.active;
      if (tone) this.#playTone();
      const at = this.#outlet.begin();
      const bytes = encoder.encode(this.#frame, this.#frame.length, this.#outlet.packet, at);
      if (bytes > 0) this.#send(at + bytes, at);
      else this.#outlet.takeBack();
      this.#inserts.settle();
      if (tone && !this.#tones.active) this.#ready();
    }
    this.#outlet.advance(ticks);
  }

  /** A key's tone in place of everything else: a detector wants it pure. */
  #playTone(): void {
    const frame = this.#frame;
    frame.fill(0, this.#tones.read(frame, frame.length, this.#rate));
  }

  #pass(packet: Uint8Array, header: RtpHeader, ticks: number, missing: number, nowMs: number): void {
    const wanted = (this.#plan?.ptimeMs ?? FRAME_MS) * TICKS_A_MS;
    const whole = opusPacketSamples48k(packet[header.payloadOffset] as number, wanted);
    if (this.#repacks || ticks !== whole) return this.#repack(packet, header, ticks, wanted, missing, nowMs);
    const movedMs = timestampDelta(header.timestamp, this.#lastPassedTimestamp) / 48;
    // Another clock of the consumer's: ours goes on.
    if (Math.abs(movedMs - (nowMs - this.#lastPassedAtMs)) > CLOCK_JUMP_MS) this.#aligned = false;
    if (!this.#aligned) {
      this.#sequenceOffset = sequenceDelta(this.#outlet.sequence, header.sequence);
      this.#timestampOffset = timestampDelta(this.#outlet.timestamp, header.timestamp);
      this.#aligned = true;
    }
    this.#lastPassedTimestamp = header.timestamp;
    this.#lastPassedAtMs = nowMs;
    this.#cadence.served(nowMs, false, ticks / 48);
    if (this.#talks) this.#forward(packet, header, ticks);
  }

  #repack(
    packet: Uint8Array,
    header: RtpHeader,
    ticks: number,
    wanted: number,
    missing: number,
    nowMs: number,
  ): void {
    const outlet = this.#outlet;
    this.#passage ??= new OpusPassage(outlet, this.#send);
    const passage = this.#passage;
    if (!this.#repacks) this.#passedTo = header.timestamp;
    this.#repacks = true;
    this.#aligned = false;
    const gap = timestampDelta(header.timestamp, this.#passedTo);
    if (gap !== 0) passage.flush();
    // A gap stays a gap: of time, and of numbers where packets were lost.
    if (gap > 0 && gap < OPUS_CLOCK) outlet.advance(gap);
    if (missing > 0) outlet.sequence = (outlet.sequence + Math.max(1, Math.round(gap / wanted))) & 0xffff;
    this.#passedTo = (header.timestamp + ticks) >>> 0;
    this.#lastPassedAtMs = nowMs;
    this.#cadence.served(nowMs, false, ticks / TICKS_A_MS);
    if (header.marker) outlet.marker = true;
    if (this.#talks) passage.take(packet, header.payloadOffset, header.payloadLength, ticks, wanted);
    else outlet.advance(ticks);
  }

  /** What is held goes out as it is; the next packet decides anew. */
  #endRepacking(): void {
    this.#passage?.flush();
    this.#repacks = false;
  }

  /** Another stream of the consumer's: its numbers go on where the last ones ended. */
  resync(): void {
    this.#endRepacking();
    this.#synced = false;
    this.#aligned = false;
  }

  #forward(packet: Uint8Array, header: RtpHeader, ticks: number): void {
    const outlet = this.#outlet;
    const { payloadOffset, payloadLength } = header;
    outlet.sequence = (header.sequence + this.#sequenceOffset) & 0xffff;
    outlet.timestamp = (header.timestamp + this.#timestampOffset) >>> 0;
    outlet.marker = header.marker;
    const at = outlet.begin();
    outlet.put(packet, payloadOffset, payloadLength, at);
    this.#send(at + payloadLength, at);
    outlet.advance(ticks);
  }

  /** Codecs are there as long as somebody needs them. */
  #ready(): void {
    const plan = this.#plan;
    if (!plan) return;
    if (this.passesThrough) {
      this.#encoder?.close();
      this.#encoder = undefined;
      if (!this.#inserts.listening) this.#release();
    } else {
      this.#encoder ??= phoneEncoder(plan, this.#opus, this.#complexity);
      this.#endRepacking();
      // What was passed on before has numbers of its own.
      this.#aligned = false;
    }
    if (!this.passesThrough || this.#inserts.listening) this.#decoder ??= this.#opus.decoder(this.#rate);
    else this.#synced = false;
  }

  #release(): void {
    this.#decoder?.close();
    this.#encoder?.close();
    this.#decoder = undefined;
    this.#encoder = undefined;
  }
}
