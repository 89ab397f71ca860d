import type { Clock } from '../../shared/clock.ts';
import { isToken, parseDigits } from '../grammar/scan.ts';
import { T1, T1x64, Timers } from '../transaction/timers.ts';

/** RAck, RFC 3262 7.2: what a PRACK acknowledges. */
export interface RAck {
  readonly rseq: number;
  readonly seq: number;
  readonly method: string;
}

/** Reads `RSeq CSeq-number method`; what some peers append is of no concern. */
export function parseRAck(text: string): RAck | undefined {
  const [first = '', second = '', method = ''] = text.trim().split(/[ \t]+/, 3);
  const rseq = parseDigits(first, 0xffff_ffff);
  const seq = parseDigits(second, 0x7fff_ffff);
  if (rseq === undefined || seq === undefined || !isToken(method)) return undefined;
  return { rseq, seq, method };
}

interface Provisional {
  readonly rseq: number;
  readonly send: () => void;
}

/**
 * The reliable provisional responses to one INVITE, one on the wire at a time (RFC 3262 3). Each is repeated from T1,
 * doubling, until its PRACK; after 64*T1 without one the INVITE has failed.
 */
export class ReliableProvisionals {
  readonly #timers: Timers;
  readonly #onTimeout: () => void;
  #rseq: number;
  /** The first is on the wire, the rest wait for their turn. */
  #waiting: Provisional[] = [];
  /** Its PRACK is here, and the application has not answered that yet: nothing new goes out. */
  #paused = false;

  /** @param rseq of the first response; RFC 3262 3 wants it random, from 1 to 2^31 - 1 */
  constructor(clock: Clock, rseq: number, onTimeout: () => void) {
    this.#timers = new Timers(clock);
    this.#rseq = rseq;
    this.#onTimeout = onTimeout;
  }

  /** The number for the next response. */
  get next(): number {
    return this.#rseq;
  }

  /** Whether a response has not been acknowledged. */
  get open(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes the response that was built with `next`; `send` puts it on the wire, each time. */
  add(send: () => void): void {
    this.#waiting.push({ rseq: this.#rseq, send });
    this.#rseq += 1;
    if (this.#waiting.length === 1 && !this.#paused) this.#start();
  }

  /** Whether the PRACK is for the response on the wire; then it is silent until `resume`. */
  acknowledge(rseq: number): boolean {
    if (this.#paused || this.#waiting[0]?.rseq !== rseq) return false;
    this.#timers.clearAll();
    this.#waiting.shift();
    this.#paused = true;
    return true;
  }

  /** The PRACK is answered: the next response goes out. */
  resume(): void {
    this.#paused = false;
    if (this.open) this.#start();
  }

  get settled(): boolean {
    return !this.open && !this.#paused;
  }

  #start(): void {
    this.#timers.set('limit', T1x64, () => {
      this.stop();
      this.#onTimeout();
    });
    this.#arm(T1);
    this.#waiting[0]?.send();
  }

  #arm(ms: number): void {
    this.#timers.set('repeat', ms, () => {
      this.#arm(ms * 2);
      this.#waiting[0]?.send();
    });
  }

  stop(): void {
    this.#waiting = [];
    this.#timers.clearAll();
  }
}
