import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = '2m';

/** A disk of its own (tmpfs) that can be filled to the last byte. Needs root; owns its mount until `close`. */
export class SmallDisk {
  readonly folder: string;

  /** Undefined where nothing may be mounted. */
  static mount(): SmallDisk | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const folder = mkdtempSync(join(tmpdir(), 'msgw-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' });
      return new SmallDisk(folder);
    } catch {
      rmdirSync(folder);
      return undefined;
    }
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        const block = Buffer.alloc(bytes);
        while (this.#takes(file, block));
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  close(): void {
    execFileSync('umount', ['-l', this.folder]);
    rmdirSync(this.folder);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }

  #takes(file: number, block: Buffer): boolean {
    try {
      return writeSync(file, block) === block.length;
    } catch {
      return false;
    }
  }
}
