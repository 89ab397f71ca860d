/** Collects values that callbacks bring, and lets a test await the next one. */
export class Inbox<T> {
  readonly all: T[] = [];
  #taken = 0;
  #waiting: ((value: T) => void)[] = [];

  readonly push = (value: T): void => {
    this.all.push(value);
    const next = this.#waiting.shift();
    if (next) {
      this.#taken++;
      next(value);
    }
  };

  /** The oldest value not taken yet, awaited if need be. */
  next(): Promise<T> {
    if (this.#taken < this.all.length) return Promise.resolve(this.all[this.#taken++]!);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
