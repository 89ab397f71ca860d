/** Finds a thread that lives but does nothing any more, by a count that it raises while its event loop turns. */
export class Pulse {
  readonly #patience: number;
  #last = -1;
  #misses = 0;

  /** @param patience how many checks in a row may find nothing new */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Whether the thread has hung. Counted in checks, not in time: a machine that slept has missed none. */
  check(count: number): boolean {
    this.#misses = count === this.#last ? this.#misses + 1 : 0;
    this.#last = count;
    return this.#misses >= this.#patience;
  }

  reset(): void {
    this.#last = -1;
    this.#misses = 0;
  }
}
