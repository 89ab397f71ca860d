import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { SettledClock } from '../settled-clock.ts';
import { dayOf } from './day.ts';
import { recordedIds } from './recorded-ids.ts';
import { type Keep, rotatedFiles, rotatedPath, tidy } from './rotated-files.ts';
import type { RecordSink, StoredRecord } from './types.ts';

export interface JsonLinesOptions extends Keep {
  readonly path: string;
  /** Bytes after which a new file is begun; 0: never for that. */
  readonly maxBytes: number;
  /** A new file each day, of this machine's time zone. */
  readonly daily: boolean;
}

/**
 * Records as JSON lines, readable by their owner only. Begins a new file by size and day, and goes on in a new one when
 * somebody else (logrotate) took the file away. What a failed write left half is cut off, so that no record is there twice.
 */
export class JsonLinesFile implements RecordSink {
  readonly batch = 200;
  readonly #options: JsonLinesOptions;
  readonly #log: Log;
  readonly #clock: SettledClock;
  readonly #stopTidying = new AbortController();
  #file: FileHandle;
  #day: string;
  /** Calls whose record may be there already: of an earlier run, or of a write that nobody could take back. */
  #doubtful: Set<string>;
  #torn = true;
  #tidying: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Opens or makes the file. Rejects with STORE_OPEN.
   * @param doubtful ids of calls whose records an earlier run may have written
   */
  static async open(
    options: JsonLinesOptions,
    doubtful: ReadonlySet<string>,
    clock: Pick<Clock, 'now' | 'monotonic'>,
    log: Log,
  ): Promise<JsonLinesFile> {
    const { path } = options;
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'a+', 0o600);
      const { size, mtimeMs } = await file.stat();
      const settled = new SettledClock(clock);
      // What was written yesterday is yesterday's.
      const day = size > 0 ? dayOf(Math.min(mtimeMs, settled.now())) : dayOf(settled.now());
      return new JsonLinesFile(options, file, day, new Set(doubtful), settled, log);
    } catch (cause) {
      await file?.close();
      throw new GatewayError('STORE_OPEN', `${path}: ${messageOf(cause)}`, { path }, { cause });
    }
  }

  private constructor(
    options: JsonLinesOptions,
    file: FileHandle,
    day: string,
    doubtful: Set<string>,
    clock: SettledClock,
    log: Log,
  ) {
    this.#options = options;
    this.#file = file;
    this.#day = day;
    this.#doubtful = doubtful;
    this.#clock = clock;
    this.#log = log;
    this.#tidy();
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    const { path } = this.#options;
    try {
      await this.#follow();
      const fresh = await this.#without(records);
      await this.#turn();
      if (fresh.length > 0) await this.#write(fresh);
      for (const { id } of records) this.#doubtful.delete(id);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError('STORE_WRITE', `${path}: ${messageOf(cause)}`, { path }, { cause });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTidying.abort();
    await this.#tidying;
    await this.#file.close().catch(() => {});
  }

  /** The file at our path is the one that is open, or is made so. */
  async #follow(): Promise<void> {
    const { path } = this.#options;
    const [ours, theirs] = await Promise.all([
      this.#file.stat(),
      stat(path).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      }),
    ]);
    if (theirs && ours.ino === theirs.ino && ours.dev === theirs.dev) return;
    await this.#reopen();
    this.#log.info({ path }, 'records.file-reopened');
  }

  async #reopen(): Promise<void> {
    const former = this.#file;
    const file = await open(this.#options.path, 'a+', 0o600);
    // Nobody would close it any more.
    if (this.#closed) {
      await file.close();
      throw new Error('it was closed meanwhile');
    }
    this.#file = file;
    this.#torn = true;
    this.#day = dayOf(this.#clock.now());
    await former.close().catch(() => {});
  }

  async #without(records: readonly StoredRecord[]): Promise<readonly StoredRecord[]> {
    if (!records.some(({ id }) => this.#doubtful.has(id))) return records;
    const there = await recordedIds(this.#options.path);
    return records.filter(({ id }) => !(this.#doubtful.has(id) && there.has(id)));
  }

  async #turn(): Promise<void> {
    const { path, maxBytes, daily } = this.#options;
    const stats = await this.#file.stat();
    if (!stats.isFile() || stats.size === 0) {
      this.#day = dayOf(this.#clock.now());
      return;
    }
    const today = dayOf(this.#clock.now());
    const isDue = (maxBytes > 0 && stats.size >= maxBytes) || (daily && today !== this.#day);
    if (!isDue) {
      if (!daily) this.#day = today;
      return;
    }
    const number = ((await rotatedFiles(path)).at(-1)?.number ?? 0) + 1;
    await rename(path, rotatedPath(path, number, this.#day));
    await this.#reopen();
    this.#tidy();
  }

  async #write(records: readonly StoredRecord[]): Promise<void> {
    const before = await this.#file.stat();
    const lines = records.map(({ line }) => `${line}\n`).join('');
    const isTorn = this.#torn && (await endsInsideLine(this.#file, before.size));
    try {
      await this.#file.appendFile(isTorn ? `\n${lines}` : lines);
      await this.#file.datasync().catch((error: unknown) => {
        // A pipe or a device has nothing to sync.
        if (before.isFile()) throw error;
      });
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      await this.#file.truncate(before.size).catch(() => {
        for (const { id } of records) this.#doubtful.add(id);
      });
      throw error;
    }
  }

  /** Behind the records; a failure is told, and costs nothing but room. */
  #tidy(): void {
    const { path, keep, keepDays, gzip } = this.#options;
    if (keep === 0 && keepDays === 0 && !gzip) return;
    this.#tidying = this.#tidying.then(async () => {
      if (this.#closed) return;
      try {
        const today = dayOf(this.#clock.now());
        const deleted = await tidy(path, { keep, keepDays, gzip }, today, this.#stopTidying.signal);
        if (deleted.length > 0) this.#log.info({ path, files: deleted.length }, 'records.files-deleted');
      } catch (error) {
        this.#log.warn({ path, err: messageOf(error) }, 'records.tidy-failed');
      }
    });
  }
}

async function endsInsideLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const last = new Uint8Array(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  return bytesRead === 1 && last[0] !== 0x0a;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
