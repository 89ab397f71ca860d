import { GatewayError } from '../shared/error.ts';
import { RenewableFile } from './renewable-file.ts';

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
  readonly #file: RenewableFile;
  /** Appended since it was made anew, and when that happens next. */
  #appended = 0;
  #shortenAt: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  /** Called when what is being written has been, and when what waits behind it has. */
  #told: (() => void)[] = [];
  #toldNext: (() => void)[] = [];
  /** In the file, and not acknowledged yet. */
  #written: Waiting[] = [];
  #syncing: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: LineFileOptions, file: RenewableFile) {
    this.#path = options.path;
    this.#fsync = options.fsync;
    this.#shorten = options.shorten;
    this.#shortenAt = options.shorten?.after ?? SHORTEN_AFTER;
    this.#file = file;
  }

  /** Opens or makes the file, readable by its owner only. Rejects with STORE_OPEN. */
  static async open(options: LineFileOptions): Promise<LineFile> {
    try {
      return new LineFile(options, await RenewableFile.open(options.path));
    } catch (cause) {
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

  /** Resolves when all that was appended by now is in the file, synced or not, or failed. Never rejects. */
  written(): Promise<void> {
    if (!this.#flushing) return Promise.resolve();
    const told = this.#waiting.length > 0 ? this.#toldNext : this.#told;
    return new Promise((resolve) => told.push(resolve));
  }

  /** Waits for what was appended before; idempotent. Never rejects: whoever appended was told. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * What was appended is written at once, also while the disk is busy with what came before or the file is made anew: a
   * process that is killed then loses none of it. Only the acknowledgement waits for the disk.
   */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#told = this.#toldNext.splice(0);
      const isWritten = await this.#settle(
        batch,
        this.#file.append(batch.map(({ line }) => `${line}\n`).join('')),
      );
      for (const tell of this.#told.splice(0)) tell();
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
      // Nobody knows yet which of the two will have the name after a power cut.
      await this.#renewing;
      const batch = this.#written;
      this.#written = [];
      const isSynced = batch.some(({ sync }) => sync) ? this.#file.sync() : Promise.resolve();
      if (await this.#settle(batch, isSynced)) for (const { resolve } of batch) resolve();
      if (this.#isLong) this.#renewing = this.#makeAnew();
    }
    this.#syncing = undefined;
  }

  /** @returns false: it failed, and whoever appended these was told */
  async #settle(batch: readonly Waiting[], work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (cause) {
      this.#file.tear();
      const detail = { path: this.#path };
      const error = new GatewayError('STORE_WRITE', `${this.#path}: ${text(cause)}`, detail, { cause });
      for (const { reject } of batch) reject(error);
      return false;
    }
  }

  /** And nothing waits: what is of use and what is in the file are the same. */
  get #isLong(): boolean {
    const isIdle = !this.#flushing && !this.#renewing && this.#written.length === 0;
    return isIdle && this.#shorten !== undefined && this.#appended >= this.#shortenAt;
  }

  /** A failure costs nothing but length: the old file is there, and it is tried again later. */
  async #makeAnew(): Promise<void> {
    const { lines, after = SHORTEN_AFTER } = this.#shorten ?? {};
    try {
      const kept = lines?.() ?? [];
      this.#appended = 0;
      this.#shortenAt = Math.max(after, 2 * kept.length);
      await this.#file.renew(kept.map((line) => `${line}\n`).join(''));
    } catch {
      // Lines go on to the file that is open.
    } finally {
      this.#renewing = undefined;
    }
  }

  async #close(): Promise<void> {
    while (this.#flushing || this.#syncing || this.#renewing) {
      await this.#flushing;
      await this.#syncing;
      await this.#renewing;
    }
    await this.#file.close();
  }
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
