import { GatewayError } from '../../shared/error.ts';
import { LineFile } from '../line-file.ts';
import { makeRoom } from '../make-room.ts';
import type { SinkName, StoredRecord } from './types.ts';

/** Then it becomes `.1`, and what was that goes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Records that a sink did not take in all the time that it had, as JSON lines for somebody to look at. Opened when there
 * is one. Bounded: 64 MiB, and as much again of older ones.
 */
export class DeadLetters {
  readonly #path: string | undefined;
  readonly #maxBytes: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param path undefined: there is no place for them, and they are lost */
  constructor(path: string | undefined, maxBytes = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** Resolves when it is on the disk. Rejects with STORE_OPEN or STORE_WRITE. */
  add(sink: SinkName, { line }: StoredRecord, why: string, nowMs: number): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    const head = JSON.stringify({ v: 1, at: nowMs, sink, why });
    const done = this.#last.then(() => this.#append(path, `${head.slice(0, -1)},"record":${line}}`));
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(path: string, line: string): Promise<void> {
    try {
      await makeRoom(path, this.#maxBytes);
    } catch (cause) {
      throw new GatewayError('STORE_WRITE', `${path}: ${String(cause)}`, { path }, { cause });
    }
    const file = await LineFile.open({ path, fsync: true });
    await file.append(line).finally(() => file.close());
  }
}
