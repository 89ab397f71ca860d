import { type FileHandle, open, rename } from 'node:fs/promises';
import { GatewayError } from '../../shared/error.ts';
import type { RecordingSink } from './writer.ts';

/** What a file is called until it is complete. */
export const PART = '.part';

/** A file that has its name only when it is whole, readable by its owner only. */
export class FileSink implements RecordingSink {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes `path` + `.part`, which must not exist. Rejects with MEDIA_RECORD_OPEN. */
  static async open(path: string): Promise<FileSink> {
    try {
      return new FileSink(path, await open(path + PART, 'wx', 0o600));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError('MEDIA_RECORD_OPEN', `${path}: ${reason}`, { path }, { cause });
    }
  }

  async write(bytes: Uint8Array, at: number, length: number, position: number): Promise<number> {
    const { bytesWritten } = await this.#file.write(bytes, at, length, position);
    if (bytesWritten === 0) throw new Error('the disk took nothing');
    return bytesWritten;
  }

  async complete(): Promise<void> {
    await this.#file.datasync();
    await this.#file.close();
    await rename(this.#path + PART, this.#path);
  }

  async abandon(): Promise<void> {
    await this.#file.close();
  }
}
