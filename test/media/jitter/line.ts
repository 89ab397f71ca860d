import { JitterBuffer, type JitterStep } from '../../../src/media/jitter/jitter-buffer.ts';

/** xorshift32: the same numbers in every run, 0 to 1. */
export function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export interface LineOptions {
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly clockRate?: number;
  /** Length of one packet, ms. */
  readonly packetMs?: number;
  /** Of the output, ms. */
  readonly frameMs?: number;
}

/** A jitter buffer, a sender before it and the output that asks it for steps: all on one virtual clock. */
export class Line {
  readonly buffer: JitterBuffer;
  readonly steps: Record<JitterStep, number> = {
    packet: 0,
    skip: 0,
    fec: 0,
    lost: 0,
    pause: 0,
    insert: 0,
    starved: 0,
  };
  /** First payload byte of each played packet. */
  readonly played: number[] = [];
  now = 0;
  outMs = 0;

  quiet = false;
  longestDelayMs = 0;
  mostWaiting = 0;
  onStep: (step: JitterStep) => void = () => {};
  readonly packetMs: number;
  readonly clockRate: number;
  readonly frameMs: number;
  readonly #payload = new Uint8Array(160);
  #madeMs = 0;

  constructor(options: LineOptions = {}) {
    const { minDelayMs = 0, maxDelayMs = 200, clockRate = 8_000, packetMs = 20, frameMs = 20 } = options;
    this.clockRate = clockRate;
    this.packetMs = packetMs;
    this.frameMs = frameMs;
    this.buffer = new JitterBuffer({ minDelayMs, maxDelayMs }, clockRate);
  }

  /** Packet `index` arrives now. */
  push(index: number, change: { timestamp?: number; sequence?: number; restart?: boolean } = {}): boolean {
    const ticks = (this.packetMs * this.clockRate) / 1000;
    this.#payload[0] = index;
    const { sequence = index, timestamp = index * ticks, restart = false } = change;
    const refused = this.buffer.push(
      this.#payload,
      0,
      160,
      sequence & 0xffff,
      timestamp >>> 0,
      ticks,
      restart,
      this.now,
    );
    this.mostWaiting = Math.max(this.mostWaiting, this.buffer.waiting);
    return refused === undefined;
  }

  /** Time goes on to `ms`; the output takes what is due. */
  until(ms: number): void {
    const { buffer } = this;
    while (this.outMs <= ms) {
      this.now = this.outMs;
      if (this.#madeMs === 0) buffer.playoutMs = this.outMs;
      while (this.#madeMs < this.outMs + this.frameMs) {
        const step = buffer.next(this.quiet);
        this.steps[step] += 1;
        if (step === 'packet') this.played.push(buffer.payload[0] as number);
        if (step !== 'skip') this.#madeMs += (buffer.ticks * 1000) / this.clockRate;
        this.onStep(step);
      }
      this.longestDelayMs = Math.max(this.longestDelayMs, buffer.delayMs);
      this.outMs += this.frameMs;
    }
    this.now = ms;
  }
}
