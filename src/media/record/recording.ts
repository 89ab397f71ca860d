import type { PcmTap } from '../bridge/inserts.ts';
import type { OpusLibrary } from '../codec/index.ts';
import { Channel } from './channel.ts';
import { PART } from './file-sink.ts';
import { FRAME_MS, type RecordingFormat } from './format.ts';
import { OpusFormat } from './opus-format.ts';
import { WavFormat } from './wav-format.ts';
import { BoundedWriter, type RecordingSink } from './writer.ts';

/** What was said is written so much later, so that what comes late finds its place, ms. */
const LATENCY_MS = 400;
/** Frames made at once: a thread with calls on it never encodes a second at a time. */
const FRAMES_A_PUMP = 4;
/** Bytes that wait for the disk: 8 s of wideband WAV, more than a minute of Opus. */
const CAPACITY = 512 * 1024;
/** A call without a word on either side still makes a file. */
const DEFAULT_RATE = 8_000;

export interface RecordingOptions {
  readonly format: 'wav' | 'opus';
  /** bit/s of each side, for Opus. */
  readonly bitrate: number;
  /** 0 to 10, for Opus. */
  readonly complexity: number;
  readonly opus: OpusLibrary;
  /** Of the file when it is complete, without its folder. */
  readonly name: string;
  /** Rejects with MEDIA_RECORD_OPEN. */
  readonly sink: Promise<RecordingSink>;
  /** Monotonic, ms. */
  readonly startMs: number;
  /** Random, 32 bits. */
  readonly serial: number;
  /** Once for each trouble with the disk, not for each attempt. */
  readonly onTrouble: (error: unknown) => void;
  readonly capacity?: number;
}

export interface RecordingSummary {
  /** Without its folder; with `.part` when it is not complete. */
  readonly file: string;
  readonly durationMs: number;
  /** Paused, and so silent. */
  readonly pausedMs: number;
  /** Silence in place of what the disk did not take, ms, and how often. */
  readonly gapMs: number;
  readonly gaps: number;
  /** The file is whole and has its name. */
  readonly complete: boolean;
}

/**
 * One recording: the consumer left, the phone right, on one time line from its start to its end. `pump` makes frames
 * and never waits; the disk follows behind, and time that it does not take is silence in the file, counted.
 */
export class Recording {
  readonly consumer: PcmTap;
  readonly phone: PcmTap;
  readonly #options: RecordingOptions;
  readonly #writer: BoundedWriter;
  #channels: { readonly left: Channel; readonly right: Channel } | undefined;
  #format: RecordingFormat | undefined;
  #left = new Int16Array(0);
  #right = new Int16Array(0);
  /** Frames made so far, silent ones as well. */
  #frames = 0;
  /** Frames that are still owed to the file because it had no room. */
  #owed = 0;
  #gapFrames = 0;
  #gaps = 0;
  /** Frame numbers from which on it is paused and not paused, in turns. */
  readonly #turns: number[] = [];
  #paused = false;
  #quiet = false;
  #pausedFrames = 0;
  #endFrame = -1;
  #ended = false;
  #broken = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#writer = new BoundedWriter({
      sink: options.sink,
      capacity: options.capacity ?? CAPACITY,
      header: options.format === 'wav' ? (bytes) => this.#format?.header?.(bytes) ?? NOTHING : undefined,
      onTrouble: options.onTrouble,
    });
    this.consumer = { write: (pcm, samples, rate, nowMs) => this.#hear('left', pcm, samples, rate, nowMs) };
    this.phone = { write: (pcm, samples, rate, nowMs) => this.#hear('right', pcm, samples, rate, nowMs) };
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The file could not be made or its codec failed: nothing is recorded. */
  get failed(): boolean {
    return this.#broken || this.#writer.lost;
  }

  /** From now on there is silence in the file: what is said must not be kept. */
  pause(nowMs: number): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#channels?.left.pause();
    this.#channels?.right.pause();
    this.#turns.push(this.#frameAt(nowMs));
  }

  resume(nowMs: number): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#turns.push(Math.ceil((nowMs - this.#options.startMs) / FRAME_MS));
  }

  /** Its time line ends now; `pump` goes on until `isDrained`. */
  end(nowMs: number): void {
    if (this.#endFrame < 0) this.#endFrame = this.#frameAt(nowMs);
  }

  /** Every frame is on the disk. */
  get isDrained(): boolean {
    return this.failed || (this.#ended && this.#writer.isStored);
  }

  /** Makes the frames that are due, and hands them to the disk. Called every 20 ms. */
  pump(nowMs: number): void {
    if (this.failed) return;
    try {
      this.#pump(nowMs);
    } catch (error) {
      // The other recordings of the thread go on.
      this.#broken = true;
      this.#options.onTrouble(error);
    }
  }

  #pump(nowMs: number): void {
    const due = this.#endFrame >= 0 ? this.#endFrame : this.#frameAt(nowMs - LATENCY_MS);
    for (let made = 0; made < FRAMES_A_PUMP && this.#frames < due; made++) this.#frame();
    this.#repay();
    if (this.#frames === this.#endFrame && this.#owed === 0) this.#finish();
    this.#writer.poll(nowMs, this.#ended);
  }

  /**
   * Whatever became of it; `complete` tells. Called once, when drained or when patience is over.
   * @param patience resolves when nobody waits for the disk any longer
   */
  async close(patience: Promise<void>): Promise<RecordingSummary> {
    const complete = this.isDrained && !this.failed && (await this.#complete(patience));
    this.#format?.close();
    // A disk that hangs keeps its file open: nobody waits for it.
    if (!complete) this.#writer.abandon().catch(this.#options.onTrouble);
    return this.summary(complete);
  }

  /** What there is of it by now. */
  summary(complete = false): RecordingSummary {
    const { name } = this.#options;
    return {
      file: complete ? name : `${name}${PART}`,
      durationMs: this.#frames * FRAME_MS,
      pausedMs: this.#pausedFrames * FRAME_MS,
      gapMs: this.#gapFrames * FRAME_MS,
      gaps: this.#gaps,
      complete,
    };
  }

  async #complete(patience: Promise<void>): Promise<boolean> {
    try {
      return await Promise.race([this.#writer.complete().then(() => true), patience.then(() => false)]);
    } catch (error) {
      this.#options.onTrouble(error);
      return false;
    }
  }

  #hear(side: 'left' | 'right', pcm: Int16Array, samples: number, rate: number, nowMs: number): void {
    // While it is paused nothing is even taken: a side that runs ahead or behind would bring it in by the edges.
    if (this.#endFrame >= 0 || this.#paused) return;
    this.#begin(rate)[side].write(pcm, samples, rate, nowMs);
  }

  /** The rate is that of the first sound: what the codecs of this call give. */
  #begin(rate: number): { readonly left: Channel; readonly right: Channel } {
    if (this.#channels) return this.#channels;
    const { startMs } = this.#options;
    const frame = (rate * FRAME_MS) / 1_000;
    this.#left = new Int16Array(frame);
    this.#right = new Int16Array(frame);
    const channels = { left: new Channel(rate, startMs), right: new Channel(rate, startMs) };
    this.#channels = channels;
    const append = (bytes: Uint8Array, length: number): void => this.#writer.append(bytes, length);
    const { format, opus, bitrate, complexity, serial, onTrouble } = this.#options;
    try {
      this.#format =
        format === 'wav'
          ? new WavFormat(rate, frame, append)
          : new OpusFormat(opus, { rate, bitrate, complexity, serial }, frame, append);
      this.#format.begin();
    } catch (error) {
      this.#broken = true;
      onTrouble(error);
    }
    return channels;
  }

  #frame(): void {
    const channels = this.#channels ?? this.#begin(DEFAULT_RATE);
    const format = this.#format;
    if (!format) return;
    const { left, right } = channels;
    left.read(this.#left, this.#left.length);
    right.read(this.#right, this.#right.length);
    while (this.#turns.length > 0 && (this.#turns[0] as number) <= this.#frames) {
      this.#turns.shift();
      this.#quiet = !this.#quiet;
    }
    this.#frames += 1;
    if (this.#quiet) {
      this.#pausedFrames += 1;
      this.#left.fill(0);
      this.#right.fill(0);
    }
    if (this.#owed === 0 && this.#writer.room >= format.reserve) return format.frame(this.#left, this.#right);
    if (this.#owed === 0) this.#gaps += 1;
    this.#owed += 1;
    this.#gapFrames += 1;
  }

  /** The time that was lost becomes silence as soon as the disk takes bytes again. */
  #repay(): void {
    const format = this.#format;
    if (!format) return;
    while (this.#owed > 0 && this.#writer.room >= format.reserve) {
      format.silence();
      this.#owed -= 1;
    }
  }

  #finish(): void {
    if (!this.#channels) this.#begin(DEFAULT_RATE);
    const format = this.#format;
    if (this.#ended || !format || this.#writer.room < format.reserve) return;
    format.end();
    this.#ended = true;
  }

  #frameAt(ms: number): number {
    return Math.max(0, Math.floor((ms - this.#options.startMs) / FRAME_MS));
  }
}

const NOTHING = new Uint8Array(0);
