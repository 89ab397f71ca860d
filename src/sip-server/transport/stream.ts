import { LIMITS } from '../message/parse.ts';

/** What came out of a stream: messages, and the keep-alives that were between them (RFC 5626 3.5.1). */
export interface Cut {
  readonly messages: Buffer[];
  /** Double line breaks, each of which wants an answer. */
  readonly pings: number;
  /** Single line breaks that answer pings of ours. */
  readonly pongs: number;
  /**
   * For good: without one good length nobody knows where the next message begins. A header whose length is bad or not
   * the only one is the last of `messages`, to be answered before the connection is closed (RFC 4475 3.1.2.3, 3.3.9).
   */
  readonly isBroken: boolean;
}

const LENGTHS = /\r\n(?:content-length|l)[ \t]*:/gi;
/** Its value may be folded. */
const LENGTH = /\r\n(?:content-length|l)[ \t]*:(?:[ \t]|\r\n[ \t])*(\d{1,6})(?:[ \t]|\r\n[ \t])*\r\n/i;

/** Cuts a byte stream into SIP messages by their Content-Length (RFC 3261 18.3), wherever its chunks end. */
export class StreamCutter {
  #buffer: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes of the message under way, once its header is whole; until then 0. */
  #wanted = 0;
  /** How much of the header has been searched for its end. */
  #searched = 0;
  #awaited = 0;
  #isBroken = false;

  /** Whether a message has begun and not ended. */
  get isUnfinished(): boolean {
    return this.#wanted > 0 || this.#size > 3;
  }

  /** A ping was sent: the next line break answers it. */
  awaitPong(): void {
    this.#awaited += 1;
  }

  push(chunk: Buffer): Cut {
    if (this.#isBroken) return { messages: [], pings: 0, pongs: 0, isBroken: true };
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: Buffer[] = [];
    let pings = 0;
    let pongs = 0;
    while (this.#size > 0 && this.#size >= this.#wanted) {
      this.#join();
      if (this.#wanted === 0) {
        pongs += this.#takePongs();
        pings += this.#skipBreaks();
        const state = this.#measure();
        if (state === 'unanswerable') this.#isBroken = true;
        if (state === 'unanswerable' || state === 'more') break;
      }
      if (this.#size < this.#wanted) break;
      messages.push(this.#buffer.subarray(0, this.#wanted));
      this.#drop(this.#wanted);
      if (this.#isBroken) break;
    }
    return { messages, pings, pongs, isBroken: this.#isBroken };
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    this.#buffer =
      this.#buffer.length === 0 && this.#chunks.length === 1
        ? this.#chunks[0]!
        : Buffer.concat([this.#buffer, ...this.#chunks]);
    this.#chunks = [];
  }

  #drop(bytes: number): void {
    this.#buffer = this.#buffer.subarray(bytes);
    this.#size = this.#buffer.length;
    this.#wanted = 0;
    this.#searched = 0;
  }

  #takePongs(): number {
    let pongs = 0;
    while (pongs < this.#awaited && this.#buffer[2 * pongs] === 0x0d && this.#buffer[2 * pongs + 1] === 0x0a)
      pongs++;
    if (pongs > 0) this.#drop(2 * pongs);
    this.#awaited -= pongs;
    return pongs;
  }

  /** Line breaks between messages; each pair of them is a ping. */
  #skipBreaks(): number {
    let end = 0;
    while (end < this.#size && (this.#buffer[end] === 0x0d || this.#buffer[end] === 0x0a)) end++;
    // An unfinished ping stays until its other half comes.
    const pings = Math.floor(end / 4);
    if (end < this.#size) this.#drop(end);
    else if (pings > 0) this.#drop(pings * 4);
    return pings;
  }

  #measure(): 'known' | 'more' | 'unanswerable' {
    const end = this.#buffer.indexOf('\r\n\r\n', Math.max(0, this.#searched - 3));
    if (end <= 0) {
      this.#searched = this.#size;
      return this.#size > LIMITS.message ? 'unanswerable' : 'more';
    }
    const head = this.#buffer.toString('latin1', 0, end + 2);
    const count = head.match(LENGTHS)?.length ?? 0;
    if (count === 0 || end > LIMITS.message) return 'unanswerable';
    const total = end + 4 + Number(LENGTH.exec(head)?.[1] ?? Number.NaN);
    this.#isBroken = count > 1 || !(total <= LIMITS.message);
    this.#wanted = this.#isBroken ? end + 4 : total;
    return 'known';
  }
}
