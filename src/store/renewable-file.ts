import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { onlyFiles, syncFolder } from './rewrite.ts';

/** As `a+`, and what an earlier attempt left in it goes. */
const ANEW = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;

/**
 * A file that lines are appended to, and that can be made anew meanwhile. What is appended then is in the old one at once,
 * and in the new one before that has the name: whenever the process is killed, also on a disk that hangs, all of it is in
 * the file of that name. Owns its handles until `close`.
 */
export class RenewableFile {
  readonly #path: string;
  /** The one that has the name; behind it the one that will have it. */
  #files: readonly [FileHandle, FileHandle?];
  /** In the old one, and not yet in the one that is being made. */
  #missed: string[] | undefined;
  /** From here on the new one may have the name: it must take everything. */
  #isRenaming = false;
  /** These end inside a line: the next write starts a new one, so that only the torn line is lost. */
  readonly #torn = new WeakSet<FileHandle>();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#files = [file];
  }

  /** Opens or makes the file, readable by its owner only. Rejects as `open` does. */
  static async open(path: string): Promise<RenewableFile> {
    const file = await open(path, 'a+', 0o600);
    try {
      const opened = new RenewableFile(path, file);
      if (await endsInsideLine(file)) opened.tear();
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The next line begins with a line break: nobody knows what the disk has of the last one. */
  tear(): void {
    this.#torn.add(this.#files[0]);
  }

  /** @param lines whole ones; the next are appended when these are. Rejects as `write` does */
  async append(lines: string): Promise<void> {
    const done = new Set<FileHandle>();
    // One may come, and the old one go, while the disk takes its time.
    const next = (): FileHandle | undefined => this.#files.find((file) => file && !done.has(file));
    for (let file = next(); file; file = next()) {
      done.add(file);
      await this.#write(file, lines);
    }
    this.#missed?.push(lines);
  }

  /** Resolves when what is in the file is on the disk (fdatasync); not while it is made anew. */
  sync(): Promise<void> {
    return this.#files[0].datasync();
  }

  /**
   * Puts `text` in the place of what is in the file now; what is appended from now on comes behind it. Resolves when that
   * outlives a power cut. Rejects when it cannot be done: then the file goes on as it was. One at a time.
   */
  async renew(text: string): Promise<void> {
    const [old] = this.#files;
    let file: FileHandle | undefined;
    const missed: string[] = [];
    this.#missed = missed;
    try {
      await onlyFiles(this.#path);
      file = await open(`${this.#path}.new`, ANEW, 0o600);
      let more = text;
      do {
        await file.appendFile(more);
        more = missed.splice(0).join('');
      } while (more !== '');
      this.#missed = undefined;
      this.#files = [old, file];
      await file.datasync();
      if (this.#files[1] !== file) throw new Error('the new file did not take all');
      this.#isRenaming = true;
      await rename(`${this.#path}.new`, this.#path);
      await syncFolder(this.#path);
      this.#files = [file];
    } catch (error) {
      this.#missed = undefined;
      this.#files = [old];
      await file?.close().catch(() => {});
      if (file) await rm(`${this.#path}.new`, { force: true }).catch(() => {});
      throw error;
    } finally {
      this.#isRenaming = false;
    }
    await old.close().catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file?.close().catch(() => {})));
  }

  async #write(file: FileHandle, lines: string): Promise<void> {
    try {
      await file.appendFile(this.#torn.has(file) ? `\n${lines}` : lines);
      this.#torn.delete(file);
    } catch (error) {
      this.#torn.add(file);
      const [current, coming] = this.#files;
      // It is not needed yet: the old one has these.
      if (file === coming && !this.#isRenaming) this.#files = [current];
      else if (file === current || file === coming) throw error;
    }
  }
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = new Uint8Array(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  return bytesRead === 1 && last[0] !== 0x0a;
}
