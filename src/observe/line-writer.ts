import { write, writeSync } from 'node:fs';
import { systemClock, type TimerHandle } from '../shared/clock.ts';

/** Lines that wait while the system is slow to take them, in UTF-16 units; beyond it they are lost, and counted. */
const MAX_WAITING = 8_000_000;
/** Pause before the system is asked again when it could take nothing for the moment (EAGAIN), ms. */
const BUSY_MS = 20;
/** How often it is asked again at the end of the process, where nothing else goes on: one second in all. */
const LAST_TRIES = 50;

/** Where bytes go: both as `node:fs` has them, for one descriptor. */
export interface Sink {
  write(bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  writeSync(bytes: Uint8Array): number;
}

export function descriptorSink(fd: number): Sink {
  return { write: (bytes, done) => write(fd, bytes, done), writeSync: (bytes) => writeSync(fd, bytes) };
}

/** What the system is taking. */
interface Chunk {
  rest: Uint8Array;
  readonly lines: number;
  /** Lost lines that it tells of. */
  readonly told: number;
}

/**
 * Writes log lines asynchronously and in order, as many at once as wait. A log that cannot be written (full disk,
 * closed pipe) must never cost a call: lines are then lost, nothing is thrown, nothing is tried again until the next
 * line, memory is bounded, and what gets through again begins with how many are missing.
 */
export class LineWriter {
  readonly #sink: Sink;
  #waiting: string[] = [];
  #waitingLength = 0;
  #chunk: Chunk | undefined;
  /** The chunk is not with the system: it was busy, and is asked again soon. */
  #pause: TimerHandle | undefined;
  #lost = 0;
  /** A line was cut off; what comes next must begin on a new one. */
  #midLine = false;
  #idle: (() => void)[] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#waitingLength + line.length > MAX_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (!this.#chunk) this.#next();
  }

  /** Resolves when every line so far was taken by the system, or is lost. */
  flush(): Promise<void> {
    return this.#chunk ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  /** For the end of the process: writes what waits, and is patient only where the system asks for it. */
  flushSync(): void {
    const paused = this.#pause ? this.#chunk : undefined;
    this.#pause?.clear();
    let tries = 0;
    for (const chunk of [paused, this.#take()]) {
      let rest = chunk?.rest ?? NOTHING;
      while (rest.length > 0) {
        try {
          rest = rest.subarray(this.#sink.writeSync(rest));
        } catch (error) {
          if (!isBusy(error) || ++tries > LAST_TRIES) return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
        }
      }
    }
  }

  #next(): void {
    this.#chunk = this.#take();
    if (this.#chunk) return this.#push(this.#chunk);
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #take(): Chunk | undefined {
    const lines = this.#waiting.length;
    if (lines === 0) return undefined;
    const told = this.#lost;
    const text = `${this.#midLine ? '\n' : ''}${told > 0 ? lostLine(told) : ''}${this.#waiting.join('')}`;
    this.#waiting = [];
    this.#waitingLength = 0;
    return { rest: Buffer.from(text), lines, told };
  }

  #push(chunk: Chunk): void {
    this.#pause = undefined;
    this.#sink.write(chunk.rest, (error, written) => {
      if (error && isBusy(error)) {
        this.#pause = systemClock.after(BUSY_MS, () => this.#push(chunk));
        return;
      }
      if (error) {
        this.#lost += chunk.lines;
        return this.#next();
      }
      chunk.rest = chunk.rest.subarray(written);
      this.#midLine = chunk.rest.length > 0;
      if (this.#midLine) return this.#push(chunk);
      this.#lost -= chunk.told;
      this.#next();
    });
  }
}

const NOTHING = new Uint8Array(0);

function lostLine(lines: number): string {
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, msg: 'log.lines-lost' })}\n`;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
}
