import { type FileHandle, open } from 'node:fs/promises';
import { GatewayError } from '../shared/error.ts';
import { rewrite } from './rewrite.ts';

export interface LineFileOptions {
  readonly path: string;
  /** Whether a line counts as written only when it is on the disk (fdatasync). */
  readonly fsync: boolean;
  /** Makes the file anew now and then, so that it does not grow without end. */
  readonly shorten?: Shorten | undefined;
}

export interface Shorten {
  /** The lines that are still of use, of all that were appended. */
  readonly lines: () => readonly string[];
  /** After so many appended lines; default 50,000. */
  readonly after?: number | undefined;
}

const SHORTEN_AFTER = 50_000;

interface Waiting {
  readonly line: string;
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

/**
 * A file that only grows, line by line. Each is written at once; lines that were written while the disk was busy are synced
 * together. Owns the file handle until `close`.
 */
export class LineFile {
  readonly #path: string;
  readonly #fsync: boolean;
  readonly #shorten: Shorten | undefined;
  #file: FileHandle;
  /** Appended since it was made anew, and when that happens next. */
  #appended = 0;
  #shortenAt: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  /** In the file, and not acknowledged yet. */
  #written: Waiting[] = [];
  #syncing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** The file ends inside a line: the next write starts a new one, so that only the torn line is lost. */
  #torn: boolean;

  private constructor(options: LineFileOptions, file: FileHandle, torn: boolean) {
    this.#path = options.path;
    this.#fsync = options.fsync;
    this.#shorten = options.shorten;
    this.#shortenAt = options.shorten?.after ?? SHORTEN_AFTER;
    this.#file = file;
    this.#torn = torn;
  }

  /** Opens or makes the file, readable by its owner only. Rejects with STORE_OPEN. */
  static async open(options: LineFileOptions): Promise<LineFile> {
    let file: FileHandle | undefined;
    try {
      file = await open(options.path, 'a+', 0o600);
      return new LineFile(options, file, await endsInsideLine(file));
    } catch (cause) {
      await file?.close();
      throw new GatewayError(
        'STORE_OPEN',
        `${options.path}: ${text(cause)}`,
        { path: options.path },
        { cause },
      );
    }
  }

  /**
   * Appends one line, in the order of the calls. Rejects with STORE_WRITE or STORE_CLOSED.
   * @param line without line break @param sync this one may do with less than the file's own `fsync`
   */
  append(line: string, sync = this.#fsync): Promise<void> {
    if (this.#closing !== undefined)
      return Promise.reject(new GatewayError('STORE_CLOSED', undefined, { path: this.#path }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, sync, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Waits for what was appended before; idempotent. Never rejects: whoever appended was told. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * What was appended is written at once, also while the disk is busy with what came before: a process that is killed then
   * loses none of it. Only the acknowledgement waits for the disk.
   */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const isWritten = await this.#settle(batch, this.#write(batch.map(({ line }) => `${line}\n`).join('')));
      if (!isWritten) continue;
      this.#appended += batch.length;
      this.#written.push(...batch);
      this.#syncing ??= this.#sync();
    }
    this.#flushing = undefined;
  }

  /** Acknowledges what is written, in order; lines that were written while the disk was busy share one fdatasync. */
  async #sync(): Promise<void> {
    while (this.#written.length > 0) {
      const batch = this.#written;
      this.#written = [];
      const isSynced = batch.some(({ sync }) => sync) ? this.#file.datasync() : Promise.resolve();
      if (await this.#settle(batch, isSynced)) for (const { resolve } of batch) resolve();
      if (this.#isLong) this.#flushing = this.#makeAnew().then(() => this.#flush());
    }
    this.#syncing = undefined;
  }

  /** @returns false: it failed, and whoever appended these was told */
  async #settle(batch: readonly Waiting[], work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (cause) {
      this.#torn = true;
      const detail = { path: this.#path };
      const error = new GatewayError('STORE_WRITE', `${this.#path}: ${text(cause)}`, detail, { cause });
      for (const { reject } of batch) reject(error);
      return false;
    }
  }

  async #write(lines: string): Promise<void> {
    await this.#file.appendFile(this.#torn ? `\n${lines}` : lines);
    this.#torn = false;
  }

  /** And nothing waits: what is of use and what is in the file are the same. Lines that come while it is made anew do wait. */
  get #isLong(): boolean {
    const isIdle = !this.#flushing && this.#written.length === 0;
    return isIdle && this.#shorten !== undefined && this.#appended >= this.#shortenAt;
  }

  /** A failure costs nothing but length: the old file is there, and it is tried again later. */
  async #makeAnew(): Promise<void> {
    const { lines, after = SHORTEN_AFTER } = this.#shorten ?? {};
    if (!lines) return;
    const kept = lines();
    this.#appended = 0;
    this.#shortenAt = Math.max(after, 2 * kept.length);
    try {
      await rewrite(this.#path, kept.map((line) => `${line}\n`).join(''));
      const old = this.#file;
      this.#file = await open(this.#path, 'a+', 0o600);
      this.#torn = false;
      await old.close();
    } catch {
      // Lines go on to the file that is open.
    }
  }

  async #close(): Promise<void> {
    while (this.#flushing || this.#syncing) {
      await this.#flushing;
      await this.#syncing;
    }
    await this.#file.close().catch(() => {});
  }
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = new Uint8Array(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  return bytesRead === 1 && last[0] !== 0x0a;
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
