import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const BYTES = 16 * 1024 * 1024;

/**
 * A disk of its own (ext4 in a file) that can be made to fail: the system then refuses every write, also to files that are
 * open, which no remount does. Needs root and a loop device; owns its mount until `close`.
 */
export class ErrorDisk {
  readonly folder: string;
  readonly #home: string;
  #hasFailed = false;

  /** Undefined where none can be made. */
  static mount(): ErrorDisk | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const home = mkdtempSync(join(tmpdir(), 'msgw-disk-'));
    const disk = new ErrorDisk(home);
    try {
      mkdirSync(disk.folder);
      writeFileSync(disk.#image, '');
      truncateSync(disk.#image, BYTES);
      run('mkfs.ext4', '-q', '-F', disk.#image);
      disk.#mount();
      return disk;
    } catch {
      disk.close();
      return undefined;
    }
  }

  private constructor(home: string) {
    this.#home = home;
    this.folder = join(home, 'disk');
  }

  /** From now on nothing is written to it. */
  fail(): void {
    const device = basename(run('findmnt', '-n', '-o', 'SOURCE', this.folder).trim());
    this.#hasFailed = true;
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, '1');
  }

  /** As somebody does who has it repaired; nobody may have a file of it open. Nothing where it has not failed. */
  mend(): void {
    if (!this.#hasFailed) return;
    run('umount', this.folder);
    try {
      run('fsck.ext4', '-y', this.#image);
    } catch {
      // 1: it was mended.
    }
    this.#mount();
    this.#hasFailed = false;
  }

  close(): void {
    try {
      run('umount', '-l', this.folder);
    } catch {
      // It was never mounted.
    }
    rmSync(this.#home, { recursive: true, force: true });
  }

  get #image(): string {
    return join(this.#home, 'image');
  }

  #mount(): void {
    run('mount', '-o', 'loop,errors=remount-ro', this.#image, this.folder);
  }
}

function run(command: string, ...args: string[]): string {
  const path = `${process.env['PATH']}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env });
}
