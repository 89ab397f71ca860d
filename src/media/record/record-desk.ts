import { createHash, randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { OpusLibrary } from '../codec/index.ts';
import { DiskQueue } from './disk-queue.ts';
import { FileSink } from './file-sink.ts';
import { FRAME_MS } from './format.ts';
import { Recording, type RecordingSummary } from './recording.ts';
import type { RecordingSink } from './writer.ts';

export interface RecordDeskOptions {
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly directory: string;
  readonly format: 'wav' | 'opus';
  /** bit/s of each side, for Opus. */
  readonly bitrate: number;
  /** 0 to 10, for Opus. */
  readonly complexity: number;
  /** How long the disk may take for the rest of a recording that has ended, ms. */
  readonly patienceMs?: number;
  /** Makes the file; another disk in tests. */
  readonly openSink?: (path: string) => Promise<RecordingSink>;
}

const PATIENCE_MS = 30_000;

/** All recordings of a thread, and the one timer that makes their frames; armed only while there is one. */
export class RecordDesk {
  readonly #options: RecordDeskOptions;
  readonly #disk: DiskQueue;
  readonly #open = new Set<Recording>();
  readonly #leaving = new Map<Recording, Promise<RecordingSummary>>();
  readonly #drained = new Map<Recording, () => void>();
  #timer: TimerHandle | undefined;

  constructor(options: RecordDeskOptions) {
    this.#options = options;
    this.#disk = new DiskQueue(options.clock);
  }

  /** Recordings that are not whole files yet. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Begins one; the file is made meanwhile.
   * @param call Meta's id of the call or ours @param onTrouble once for each trouble with the disk
   */
  start(call: string, onTrouble: (error: unknown) => void): Recording {
    const { clock, opus, directory, format, bitrate, complexity, openSink } = this.#options;
    const name = `${fileStem(call, clock.now())}.${format}`;
    const path = join(directory, name);
    const recording = new Recording({
      format,
      bitrate,
      complexity,
      opus,
      name,
      sink: openSink ? openSink(path) : FileSink.open(path, this.#disk),
      startMs: clock.monotonic(),
      serial: randomInt(2 ** 32),
      onTrouble,
    });
    this.#open.add(recording);
    this.#arm();
    return recording;
  }

  /** Ends it; resolves when the file is whole, or when the disk did not take it in time. Idempotent. */
  finish(recording: Recording): Promise<RecordingSummary> {
    const known = this.#leaving.get(recording);
    if (known) return known;
    const summary = this.#finish(recording);
    this.#leaving.set(recording, summary);
    return summary;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((recording) => this.finish(recording)));
  }

  async #finish(recording: Recording): Promise<RecordingSummary> {
    const { clock, patienceMs = PATIENCE_MS } = this.#options;
    recording.end(clock.monotonic());
    const { promise: patience, resolve: giveUp } = Promise.withResolvers<void>();
    const timer = clock.after(patienceMs, giveUp);
    const { promise: drained, resolve: isDrained } = Promise.withResolvers<void>();
    this.#drained.set(recording, isDrained);
    await Promise.race([drained, patience]);
    this.#drained.delete(recording);
    const summary = await recording.close(patience);
    timer.clear();
    this.#open.delete(recording);
    this.#leaving.delete(recording);
    if (this.#open.size === 0) this.#disarm();
    return summary;
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.after(FRAME_MS, () => this.#tick());
  }

  #disarm(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    this.#arm();
    const now = this.#options.clock.monotonic();
    for (const recording of this.#open) {
      recording.pump(now);
      if (recording.isDrained) this.#drained.get(recording)?.();
    }
  }
}

/** An id that is safe as a name of a file, and says nothing of a person. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * `20251121T110408.123Z-ID`: files sort by time. Ids of WhatsApp contain the consumer's number in another alphabet,
 * and whatever is not plain could leave the folder: such an id is replaced by its hash.
 */
export function fileStem(call: string, nowMs: number): string {
  return `${new Date(nowMs).toISOString().replace(/[-:]/g, '')}-${fileIdOf(call)}`;
}

/** What a call is in names of files. */
export const fileIdOf = (call: string): string =>
  SAFE_ID.test(call) ? call : createHash('sha256').update(call).digest('hex').slice(0, 24);
