import type { Clock } from '../../shared/clock.ts';

/** An operation that takes longer has met a disk that hangs: nothing more is asked of it until it answers, ms. */
const HUNG_MS = 5_000;

/**
 * What the recordings of a thread ask of the disk, one after the other. Node has few threads for files, and finds hosts
 * with the same: a disk that hangs (a network file system) may keep one of them for each media worker, never all.
 */
export class DiskQueue {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #last: Promise<unknown> = Promise.resolve();
  /** When the one that is under way began; undefined: none is. */
  #sinceMs: number | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Settles as `operation` does; rejects at once while the disk hangs. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#sinceMs !== undefined && this.#clock.monotonic() - this.#sinceMs > HUNG_MS)
      return Promise.reject(new Error('the disk does not answer'));
    return this.runLater(operation);
  }

  /** As `run`, but waits for a disk that hangs: for what must be done, however late. */
  runLater<T>(operation: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      this.#sinceMs = this.#clock.monotonic();
      return operation();
    });
    this.#last = done.then(
      () => this.#answered(),
      () => this.#answered(),
    );
    return done;
  }

  #answered(): void {
    this.#sinceMs = undefined;
  }
}
