import { type AudioDecoder, type ComfortNoise, opusHasFec, opusHasVoice } from '../codec/index.ts';
import type { JitterBufferOptions } from '../jitter/delay-target.ts';
import { JitterBuffer, type JitterStep } from '../jitter/jitter-buffer.ts';
import type { RtpHeader } from '../rtp/header.ts';
import type { Arrival } from '../rtp/reception.ts';
import { isSilent, rms } from '../stats/level.ts';
import type { Counters } from './counters.ts';
import type { Outlet } from './outlet.ts';
import type { PhoneCodec, Taken } from './types.ts';

/** A thread that stood still for longer leaves the time out instead of sending a burst, ms. */
const STALL_MS = 200;
/** The tick wavers: what is due within half of it is due now, ms. */
const SLACK_MS = 10;
/** Quieter than the loudest by this factor (24 dB) is a pause between words, or less than this anyway. */
const PAUSE_RATIO = 16;
const QUIET_RMS = 60;
/** The loudest is forgotten by half in 7 s of 20 ms packets. */
const LOUDNESS_KEEP = 0.998;
/** An Opus packet of at most two bytes announces DTX (RFC 6716 section 2.1.9 as encoders do it). */
export const DTX_BYTES = 2;
/** Made-up time, in 48 kHz ticks, after which a stream that must not pause is filled with silence. */
const FILL_AFTER_TICKS = 3_840;
const FILL_TICKS = 960;
const NOTHING = new Uint8Array(0);

/** The playout that options and stream ask for: the one that is there when nothing changed. */
export function playoutFor(
  current: Playout | undefined,
  options: JitterBufferOptions | undefined,
  clockRate: number,
  codec: PhoneCodec,
  counters: Counters,
): Playout | undefined {
  // What waits of one codec is noise to the decoder of another.
  if (
    current?.clockRate === clockRate &&
    current.codec === codec &&
    current.options.minDelayMs === options?.minDelayMs &&
    current.options.maxDelayMs === options.maxDelayMs
  )
    return current;
  const next = options && new Playout(options, clockRate, codec, counters);
  for (let waiting = current?.buffer.waiting ?? 0; waiting > 0; waiting--) counters.drop('overflow');
  if (current) next?.buffer.inherit(current.buffer);
  return next;
}

/** One direction behind a jitter buffer: it turns the buffer's steps into PCM or into packets, at the tick's pace. */
export class Playout {
  readonly buffer: JitterBuffer;
  readonly options: JitterBufferOptions;
  readonly clockRate: number;
  readonly codec: PhoneCodec;
  /** The stream is Opus: its packets have FEC, and tell of pauses and voice. */
  readonly opus: boolean;
  readonly #counters: Counters;
  /** What the last step was. */
  step: JitterStep = 'starved';
  #quiet = true;
  #loudness = 0;
  /** Something was decoded: there is a sound to go on with. */
  #heard = false;
  #dtx = false;
  #madeUp = 0;
  #ssrc = -1;

  /** @param clockRate RTP clock, Hz @param counters of the leg that is received */
  constructor(options: JitterBufferOptions, clockRate: number, codec: PhoneCodec, counters: Counters) {
    this.options = options;
    this.clockRate = clockRate;
    this.codec = codec;
    this.opus = codec === 'opus';
    this.#counters = counters;
    this.buffer = new JitterBuffer(options, clockRate);
  }

  /** Takes a copy of one packet. @param ticks its length, 0 for what is no audio */
  push(packet: Uint8Array, header: RtpHeader, ticks: number, arrival: Arrival, nowMs: number): Taken {
    const { buffer } = this;
    const { payloadOffset, payloadLength, sequence, timestamp } = header;
    // The packet that began this stream may have been none for us: held, or an event.
    const restart = arrival === 'restart' || header.ssrc !== this.#ssrc;
    this.#ssrc = header.ssrc;
    const before = buffer.overflow;
    const refused = buffer.push(
      packet,
      payloadOffset,
      payloadLength,
      sequence,
      timestamp,
      ticks,
      restart,
      nowMs,
    );
    if (buffer.overflow > before) this.#counters.drop('overflow');
    return refused ?? 'waiting';
  }

  /** A sequence number that was used for something else than audio, such as a telephone-event. */
  pass(header: RtpHeader, nowMs: number): void {
    const { buffer } = this;
    const { sequence, timestamp } = header;
    const before = buffer.overflow;
    buffer.push(NOTHING, 0, 0, sequence, timestamp, 0, false, nowMs);
    if (buffer.overflow > before) this.#counters.drop('overflow');
  }

  /** Whether the next stretch must be made now. @param queuedMs audio that was made but not sent */
  due(nowMs: number, queuedMs: number): boolean {
    const { buffer } = this;
    const at = buffer.playoutMs - queuedMs;
    if (nowMs - at > STALL_MS) buffer.playoutMs = nowMs + queuedMs;
    return buffer.playoutMs - queuedMs <= nowMs + SLACK_MS;
  }

  /**
   * The next step as PCM: returns samples written to `pcm`, 0 when the step is left out.
   * @param noise what the far side asked to be heard while it pauses: nothing is concealed then
   */
  pull(decoder: AudioDecoder, pcm: Int16Array, noise?: ComfortNoise): number {
    const { buffer } = this;
    const counters = this.#counters;
    this.step = buffer.next(this.#quiet);
    const { ticks } = buffer;
    const wanted = Math.round((ticks * decoder.sampleRate) / this.clockRate);
    switch (this.step) {
      case 'packet':
      case 'skip':
        return this.#decode(decoder, pcm, wanted);
      case 'fec': {
        const { payload, payloadLength } = buffer;
        const fec = this.opus && opusHasFec(payload, 0, payloadLength);
        const made = fec ? (decoder.decodeFec?.(payload, pcm, wanted, 0, payloadLength) ?? 0) : 0;
        if (made < wanted) return this.#conceal(decoder, pcm, wanted, false);
        counters.recoveredByFec += 1;
        counters.played(ticks);
        return made;
      }
      case 'insert':
        return this.#makeUp(decoder, pcm, wanted);
      case 'pause':
        return noise ? hiss(noise, pcm, wanted) : this.#conceal(decoder, pcm, wanted, true);
      case 'starved':
        return noise ? hiss(noise, pcm, wanted) : this.#conceal(decoder, pcm, wanted, this.#dtx);
      default:
        return this.#conceal(decoder, pcm, wanted, this.#dtx);
    }
  }

  /** The next step as it came, when nothing is decoded. */
  advance(): void {
    this.step = this.buffer.next(this.#quiet);
    if (this.step !== 'packet' && this.step !== 'skip') return;
    this.#counters.used += 1;
    this.#quiet = !opusHasVoice(this.buffer.payload, 0, this.buffer.payloadLength);
  }

  /**
   * Sends what the last step is in an Opus stream that passes through: numbers without holes but for what was lost,
   * time as it is played out. @param fill an Opus frame of 20 ms for long pauses; undefined leaves them empty
   * @param talking false: time goes on, nothing is sent
   */
  forward(
    outlet: Outlet,
    send: (length: number, at: number) => void,
    fill: Uint8Array | undefined,
    talking: boolean,
  ): void {
    const { buffer, step } = this;
    if (step === 'skip') return;
    if (step === 'packet') {
      outlet.sequence = (outlet.sequence + buffer.missing) & 0xffff;
      if (this.#madeUp > 0) outlet.marker = true;
      this.#madeUp = 0;
      if (talking) this.#send(outlet, send, buffer.payload, buffer.payloadLength);
      outlet.advance(buffer.ticks);
      return;
    }
    outlet.advance(buffer.ticks);
    if (step === 'lost' || step === 'fec') return;
    this.#madeUp += buffer.ticks;
    if (!fill || this.#madeUp < FILL_AFTER_TICKS + FILL_TICKS) return;
    this.#madeUp -= FILL_TICKS;
    // It stands for the last stretch: what comes next has the time of now.
    if (talking) this.#send(outlet, send, fill, fill.length, (outlet.timestamp - FILL_TICKS) >>> 0);
  }

  #send(
    outlet: Outlet,
    send: (length: number, at: number) => void,
    payload: Uint8Array,
    length: number,
    timestamp?: number,
  ): void {
    const at = outlet.begin(timestamp);
    outlet.put(payload, 0, length, at);
    send(at + length, at);
  }

  #decode(decoder: AudioDecoder, pcm: Int16Array, wanted: number): number {
    const counters = this.#counters;
    const { payload, payloadLength } = this.buffer;
    const samples = decoder.decode(payload, pcm, 0, payloadLength);
    if (samples === 0) {
      counters.drop('undecodable');
      return this.step === 'skip' ? 0 : this.#conceal(decoder, pcm, wanted, false);
    }
    counters.used += 1;
    counters.played(this.buffer.ticks);
    this.#heard = true;
    this.#dtx = this.opus && payloadLength <= DTX_BYTES;
    if (counters.probes > 0) counters.measure(pcm, samples);
    const level = rms(pcm, samples);
    this.#loudness = Math.max(level, this.#loudness * LOUDNESS_KEEP);
    this.#quiet = level < Math.max(QUIET_RMS, this.#loudness / PAUSE_RATIO);
    return this.step === 'skip' ? 0 : samples;
  }

  #conceal(decoder: AudioDecoder, pcm: Int16Array, wanted: number, silent: boolean): number {
    const made = this.#makeUp(decoder, pcm, wanted);
    // Before its first packet there is no stream that lacks anything.
    if (this.#heard) this.#counters.concealed(this.buffer.ticks, silent || isSilent(pcm, made));
    return made;
  }

  #makeUp(decoder: AudioDecoder, pcm: Int16Array, wanted: number): number {
    const made = this.#heard ? decoder.conceal(pcm, wanted) : 0;
    if (made < wanted) pcm.fill(0, made, wanted);
    return wanted;
  }
}

function hiss(noise: ComfortNoise, pcm: Int16Array, samples: number): number {
  noise.fill(pcm, samples);
  return samples;
}
