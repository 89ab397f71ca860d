import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FuzzFailure } from './failure.ts';
import type { Sockets } from './sockets.ts';

/** What caches, compiled code and the fuzz's own books may grow by, bytes. */
const ALLOWED_GROWTH = 24 * 1024 * 1024;
/** Laps until everything has been compiled and every cache filled. */
const WARM_UP = 4;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Heap of this thread after a full collection, bytes, with what Buffers hold outside it. */
export function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Memory after each lap: it may not go on growing, neither here nor in the server's thread. */
export class Laps {
  readonly #ours: number[] = [];
  readonly #servers: number[] = [];

  /** @throws FuzzFailure */
  async end(sockets: Sockets): Promise<void> {
    this.#ours.push(heldBytes());
    this.#servers.push(await sockets.heldBytes());
    judge('the engine', this.#ours);
    judge("the server's thread", this.#servers);
  }

  get summary(): string {
    const mb = (bytes: number | undefined): string => ((bytes ?? 0) / 1e6).toFixed(1);
    const line = (all: readonly number[]): string =>
      `${mb(all[Math.min(WARM_UP, all.length - 1)])} to ${mb(all.at(-1))} MB`;
    return `heap over ${this.#ours.length} laps: ${line(this.#ours)}, server's thread ${line(this.#servers)}`;
  }
}

function judge(of: string, heaps: readonly number[]): void {
  const first = heaps[WARM_UP];
  const last = heaps.at(-1)!;
  if (first === undefined || heaps.length < WARM_UP + 3) return;
  // Three laps in a row, for transactions of one lap may live on in the next.
  if (heaps.slice(-3).every((bytes) => bytes > first + ALLOWED_GROWTH))
    throw new FuzzFailure(
      `${of} holds ${((last - first) / 1e6).toFixed(1)} MB more than at first`,
      heaps.map(String),
    );
}
