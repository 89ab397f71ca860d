/** Where a recording goes: a file, or what a test makes of it. Calls come one after the other, never two at once. */
export interface RecordingSink {
  /** Bytes `[at, at + length)` of `bytes` go to `position` of the file. Resolves with how many went: one or more. */
  write(bytes: Uint8Array, at: number, length: number, position: number): Promise<number>;
  /** Everything is written: the file gets its name. */
  complete(): Promise<void>;
  /** Closes what is open; the file stays as it is. */
  abandon(): Promise<void>;
}

export interface WriterOptions {
  /** Rejects when the file cannot be made. */
  readonly sink: Promise<RecordingSink>;
  /** Bytes that wait for the disk at most. */
  readonly capacity: number;
  /** What the file begins with when it has so many bytes. */
  readonly header?: ((bytes: number) => Uint8Array) | undefined;
  /** Told once for each trouble, not for each attempt. */
  readonly onTrouble: (error: unknown) => void;
}

/** What is gathered is written at least so often, and a header that changes so often, ms. */
const FLUSH_MS = 1_000;
const HEADER_MS = 10_000;
/** After a write that failed, ms. */
const RETRY_MS = 1_000;

/**
 * Bytes on their way to a disk that may be slow, full or gone: a ring of fixed size, one write at a time, none of
 * which anybody waits for. When the ring is full, there is no room: what to do then is the caller's.
 */
export class BoundedWriter {
  readonly #options: WriterOptions;
  readonly #ring: Buffer;
  #sink: RecordingSink | undefined;
  /** The file could not be made: nothing will ever be written. */
  #lost = false;
  /** Bytes taken, and bytes on the disk. */
  #taken = 0;
  #stored = 0;
  #busy = false;
  #troubled = false;
  #nextFlushMs = 0;
  #nextHeaderMs = 0;
  #headerAt = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#ring = Buffer.allocUnsafe(options.capacity);
    options.sink.then(
      (sink) => {
        this.#sink = sink;
      },
      (error: unknown) => {
        this.#lost = true;
        options.onTrouble(error);
      },
    );
  }

  get room(): number {
    return this.#lost ? 0 : this.#ring.length - (this.#taken - this.#stored);
  }

  get bytes(): number {
    return this.#taken;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** All that was taken is on the disk. */
  get isStored(): boolean {
    return this.#stored === this.#taken && !this.#busy;
  }

  /** `bytes[0, length)`; there is room. */
  append(bytes: Uint8Array, length: number): void {
    const ring = this.#ring;
    for (let i = 0; i < length; i++) ring[(this.#taken + i) % ring.length] = bytes[i] as number;
    this.#taken += length;
  }

  /** Begins a write when one is due. @param hurry now, whatever there is */
  poll(nowMs: number, hurry = false): void {
    const sink = this.#sink;
    if (!sink || this.#busy || this.#lost) return;
    const waiting = this.#taken - this.#stored;
    const isDue = nowMs >= this.#nextFlushMs;
    // A disk in trouble is asked once a second, however much waits.
    const isUrgent = !this.#troubled && (hurry || waiting > this.#ring.length / 2);
    if (waiting === 0 || !(isDue || isUrgent)) return;
    this.#busy = true;
    const at = this.#stored % this.#ring.length;
    const length = Math.min(waiting, this.#ring.length - at);
    sink.write(this.#ring, at, length, this.#stored).then(
      (written) => {
        this.#stored += written;
        this.#settle(nowMs + FLUSH_MS, false);
        this.#repairHeader(sink, nowMs);
      },
      (error: unknown) => {
        if (!this.#troubled) this.#options.onTrouble(error);
        this.#settle(nowMs + RETRY_MS, true);
      },
    );
  }

  /** The file gets its header and its name. Rejects when the disk does not take it; all that was taken is stored. */
  async complete(): Promise<void> {
    const sink = this.#sink;
    if (!sink) throw new Error('there is no file');
    await this.#writeHeader(sink);
    await sink.complete();
  }

  /** Leaves the file as far as the disk took it. */
  async abandon(): Promise<void> {
    this.#lost = true;
    const sink = this.#sink ?? (await this.#options.sink.catch(() => undefined));
    if (!sink) return;
    // Of a full disk even that may be taken: it lies over bytes that are there.
    await this.#writeHeader(sink).catch(() => {});
    await sink.abandon();
  }

  async #writeHeader(sink: RecordingSink): Promise<void> {
    const header = this.#stored > 0 ? this.#options.header?.(this.#stored) : undefined;
    if (header) await sink.write(header, 0, header.length, 0);
  }

  #settle(nextMs: number, troubled: boolean): void {
    this.#busy = false;
    this.#troubled = troubled;
    this.#nextFlushMs = nextMs;
  }

  /** So that a file whose writer died tells its length within ten seconds. */
  #repairHeader(sink: RecordingSink, nowMs: number): void {
    if (!this.#options.header || nowMs < this.#nextHeaderMs || this.#stored === this.#headerAt) return;
    this.#nextHeaderMs = nowMs + HEADER_MS;
    this.#headerAt = this.#stored;
    this.#busy = true;
    const done = (): void => {
      this.#busy = false;
    };
    this.#writeHeader(sink).then(done, done);
  }
}
