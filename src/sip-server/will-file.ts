import { closeSync, ftruncateSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { Log } from '../shared/log.ts';
import type { WillChanges } from './engine/last-wills.ts';

/** Lines after which the file is made anew. */
const SHORTEN_AFTER = 20_000;

/**
 * Last wills in a file, JSON lines as a spool has them. Written at once and by the thread that has the dialogs: whatever
 * ends the process a moment later, the system has them. Owns its file until `close`; a disk that takes nothing is logged
 * once and costs that protection only.
 */
export class WillFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #lines = new Map<string, string>();
  #fd: number | undefined;
  #written = 0;
  /** The last write came to nothing: what it left may be half a line. */
  #failed = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#try(() => {
      this.#fd = openSync(path, 'a', 0o600);
    });
  }

  write({ left, settled }: WillChanges): void {
    const lines = settled.map((id) => {
      this.#lines.delete(id);
      return `${JSON.stringify({ v: 1, id, done: true })}\n`;
    });
    for (const item of left) {
      const line = `${JSON.stringify({ v: 1, id: item.id, item })}\n`;
      this.#lines.set(item.id, line);
      lines.push(line);
    }
    if (lines.length > 0) this.#append(lines);
  }

  /** Everything is settled: nothing is left for a successor. */
  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd === undefined) return;
    this.#try(() => ftruncateSync(fd));
    closeSync(fd);
  }

  #append(lines: readonly string[]): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#try(() => {
      const text = `${this.#failed ? '\n' : ''}${lines.join('')}`;
      // Less than all of it is what a disk takes that has just become full.
      if (writeSync(fd, text) < Buffer.byteLength(text)) throw new Error('no space left');
      this.#failed = false;
      this.#written += lines.length;
      if (this.#written >= SHORTEN_AFTER + 2 * this.#lines.size) this.#makeAnew(fd);
    });
  }

  #makeAnew(old: number): void {
    this.#written = 0;
    writeFileSync(`${this.#path}.new`, [...this.#lines.values()].join(''), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    this.#fd = openSync(this.#path, 'a', 0o600);
    closeSync(old);
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.#failed)
        this.#log.error({ path: this.#path, err: String(error) }, 'sip_server.wills_not_kept');
      this.#failed = true;
    }
  }
}
