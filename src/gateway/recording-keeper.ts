import { unlink } from 'node:fs/promises';
import type { GatewayConfig } from '../config/index.ts';
import { finishRecording, isOfCall, type RecordingFile, recordingFiles } from '../media/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { SettledClock } from '../store/index.ts';
import type { RecordingEntry } from './call-media.ts';

/** The first three are read when they are needed: a reload changes them. */
export interface RecordingKeeperOptions {
  /** undefined: nothing is recorded. */
  readonly directory: string | undefined;
  /** 0: for ever. */
  readonly keepDays: number;
  /** Of all recordings together; 0: no limit. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRecovered: (recording: RecordingEntry) => void;
}

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;
/** A recorder writes every second: a file that changed so lately may have one, ms. */
const FRESH_MS = 5_000;
const LOOK_AGAIN_MS = 2_500;
/** Calls end together: one look at the folder serves them all, ms. */
const SOON_MS = 1_000;

/** By the configuration in effect. Never rejects. */
export function recordingKeeper(
  config: () => GatewayConfig,
  clock: Clock,
  log: Log,
  onRecovered: RecordingKeeperOptions['onRecovered'],
): Promise<RecordingKeeper> {
  return RecordingKeeper.open({
    get directory() {
      return config().recording.directory;
    },
    get keepDays() {
      return config().recording.keepDays;
    },
    get maxBytes() {
      return config().recording.maxBytes;
    },
    ...{ clock, log, onRecovered },
  });
}

/** The folder of recordings: finishes what a gateway that died left there, and deletes what need not be kept. */
export class RecordingKeeper {
  recovered = 0;
  deleted = 0;
  /** Of all files, at the last look. */
  bytes = 0;
  readonly #options: RecordingKeeperOptions;
  readonly #clock: SettledClock;
  readonly #parts: readonly RecordingFile[];
  readonly #finished = new Map<RecordingFile, Promise<RecordingEntry | undefined>>();
  #working: Promise<void>;
  #timer: TimerHandle | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #closed = false;

  /** Looks at what is there before the first recording of this gateway; never rejects. */
  static async open(options: RecordingKeeperOptions): Promise<RecordingKeeper> {
    const files = await filesIn(options.directory, options.log);
    return new RecordingKeeper(
      options,
      files.filter(({ isPart }) => isPart),
    );
  }

  private constructor(options: RecordingKeeperOptions, parts: readonly RecordingFile[]) {
    this.#options = options;
    this.#clock = new SettledClock(options.clock);
    this.#parts = parts;
    for (const part of parts) this.#finished.set(part, this.#finish(part));
    this.#working = Promise.all(this.#finished.values()).then(() => this.#sweep());
    this.#arm(SWEEP_EVERY_MS);
  }

  /** What an earlier gateway recorded of this call, once it is finished. @param callIds Meta's id and ours */
  async of(callIds: readonly string[]): Promise<readonly RecordingEntry[]> {
    const parts = this.#parts.filter((part) => isOfCall(part, callIds));
    const entries = await Promise.all(parts.map((part) => this.#finished.get(part)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** One more recording is there. */
  added(): void {
    if (this.#options.maxBytes > 0) this.#arm(SOON_MS);
  }

  /** The rules or the folder are others now. */
  changed(): void {
    this.#arm(SOON_MS);
  }

  /** A media worker died while it recorded these calls: what is there of them is finished now. */
  orphaned(callIds: readonly string[]): void {
    this.#working = this.#working.then(async () => {
      const { directory, log } = this.#options;
      const files = callIds.length === 0 ? [] : await filesIn(directory, log);
      const parts = files.filter((file) => file.isPart && isOfCall(file, callIds));
      await Promise.all(parts.map((part) => this.#finish(part, true)));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.clear();
    await this.#working;
  }

  /** @param isOrphan nobody writes it any more */
  async #finish(part: RecordingFile, isOrphan = false): Promise<RecordingEntry | undefined> {
    const { log, onRecovered } = this.#options;
    const { name: file } = part;
    if (!isOrphan && (await this.#isWritten(part))) {
      log.warn({ file }, 'recording.still-written');
      return { file, complete: false };
    }
    try {
      const finished = await finishRecording(part.path);
      if (!finished) return undefined;
      const entry = {
        file: file.replace(/\.part$/, ''),
        complete: true,
        durationMs: finished.durationMs,
        recovered: true,
      } as const;
      this.recovered += 1;
      log.info(entry, 'recording.recovered');
      onRecovered(entry);
      return entry;
    } catch (error) {
      log.warn({ file, err: String(error) }, 'recording.not-recovered');
      return { file, complete: false };
    }
  }

  /** Another gateway with the same folder, such as the one before us that still drains, may be at it. */
  async #isWritten({ path, bytes, changedAtMs }: RecordingFile): Promise<boolean> {
    const { clock, directory, log } = this.#options;
    // A clock that was moved since makes it fresh, not old.
    if (Math.abs(clock.now() - changedAtMs) > FRESH_MS) return false;
    await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS, resolve));
    const now = (await filesIn(directory, log)).find((each) => each.path === path);
    return now === undefined || now.bytes !== bytes;
  }

  #arm(ms: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonic() + ms;
    if (this.#closed || dueMs >= this.#dueMs) return;
    this.#timer?.clear();
    this.#dueMs = dueMs;
    this.#timer = clock.after(ms, () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#working = this.#working.then(() => this.#sweep());
      this.#arm(SWEEP_EVERY_MS);
    });
  }

  /** The oldest first; one that is being written never. */
  async #sweep(): Promise<void> {
    const { directory, keepDays, maxBytes, log } = this.#options;
    try {
      const files = directory === undefined ? [] : await recordingFiles(directory);
      this.bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
      const before = this.#clock.now() - keepDays * DAY_MS;
      for (const file of files) {
        if (this.#closed) return;
        const isOld = keepDays > 0 && file.startedAtMs < before;
        const isTooMuch = maxBytes > 0 && this.bytes > maxBytes;
        if (file.isPart || !(isOld || isTooMuch)) continue;
        await unlink(file.path);
        this.bytes -= file.bytes;
        this.deleted += 1;
        log.info({ file: file.name, why: isOld ? 'keepDays' : 'maxBytes' }, 'recording.deleted');
      }
    } catch (error) {
      log.warn({ err: String(error) }, 'recording.clean-up-failed');
    }
  }
}

const filesIn = async (directory: string | undefined, log: Log): Promise<RecordingFile[]> =>
  directory === undefined
    ? []
    : recordingFiles(directory).catch((error: unknown) => {
        log.warn({ err: String(error) }, 'recording.folder-unreadable');
        return [];
      });
