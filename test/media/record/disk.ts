import type { RecordingSink } from '../../../src/media/index.ts';

/** A disk in memory that can be made slow, full or stubborn. */
export class Disk implements RecordingSink {
  bytes = Buffer.alloc(0);
  completed = false;
  abandoned = false;
  writes = 0;
  /** What the next writes fail with. */
  error: Error | undefined;
  #stalled: (() => void)[] | undefined;

  /** From now on nothing settles until `release`. */
  stall(): void {
    this.#stalled ??= [];
  }

  release(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const go of waiting) go();
  }

  async write(bytes: Uint8Array, at: number, length: number, position: number): Promise<number> {
    this.writes += 1;
    if (this.#stalled) await new Promise<void>((resolve) => this.#stalled?.push(resolve));
    if (this.error) throw this.error;
    if (position > this.bytes.length) throw new Error('a hole in the file');
    const end = Math.max(this.bytes.length, position + length);
    const next = Buffer.alloc(end);
    this.bytes.copy(next);
    next.set(bytes.subarray(at, at + length), position);
    this.bytes = next;
    return length;
  }

  async complete(): Promise<void> {
    if (this.#stalled) await new Promise<void>((resolve) => this.#stalled?.push(resolve));
    if (this.error) throw this.error;
    this.completed = true;
  }

  async abandon(): Promise<void> {
    this.abandoned = true;
  }
}

export const noSpace = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
