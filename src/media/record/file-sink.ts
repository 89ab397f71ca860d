import { type FileHandle, open, rename } from 'node:fs/promises';
import { GatewayError } from '../../shared/error.ts';
import type { DiskQueue } from './disk-queue.ts';
import type { RecordingSink } from './writer.ts';

/** What a file is called until it is complete. */
export const PART = '.part';

/** A file that has its name only when it is whole, readable by its owner only. */
export class FileSink implements RecordingSink {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #disk: DiskQueue;
  /** Nobody waits for it any longer: it was told that it is `.part`, and so it stays. */
  #abandoned = false;

  private constructor(path: string, file: FileHandle, disk: DiskQueue) {
    this.#path = path;
    this.#file = file;
    this.#disk = disk;
  }

  /** Makes `path` + `.part`, which must not exist. Rejects with MEDIA_RECORD_OPEN. */
  static async open(path: string, disk: DiskQueue): Promise<FileSink> {
    try {
      return new FileSink(path, await disk.run(() => open(path + PART, 'wx', 0o600)), disk);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError('MEDIA_RECORD_OPEN', `${path}: ${reason}`, { path }, { cause });
    }
  }

  async write(bytes: Uint8Array, at: number, length: number, position: number): Promise<number> {
    const { bytesWritten } = await this.#disk.run(() => this.#file.write(bytes, at, length, position));
    if (bytesWritten === 0) throw new Error('the disk took nothing');
    return bytesWritten;
  }

  async complete(): Promise<void> {
    await this.#disk.run(() => this.#file.datasync());
    if (this.#abandoned) return;
    await this.#disk.run(async () => {
      await this.#file.close();
      if (!this.#abandoned) await rename(this.#path + PART, this.#path);
    });
  }

  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.#disk.runLater(() => this.#file.close());
  }
}
