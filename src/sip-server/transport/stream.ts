import { LIMITS } from '../message/parse.ts';

/** What came out of a stream: messages, and the keep-alives that were between them (RFC 5626 3.5.1). */
export interface Cut {
  readonly messages: Buffer[];
  /** Double line breaks, each of which wants an answer. */
  readonly pings: number;
  /** Single line breaks that answer pings of ours. */
  readonly pongs: number;
}

const LENGTH = /\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r\n/i;

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

  /** Whether a message has begun and not ended. */
  get isUnfinished(): boolean {
    return this.#wanted > 0 || this.#size > 3;
  }

  /** A ping was sent: the next line break answers it. */
  awaitPong(): void {
    this.#awaited += 1;
  }

  /** 'broken' for good: without lengths nobody knows where the next message begins. */
  push(chunk: Buffer): Cut | 'broken' {
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
        if (state === 'broken') return 'broken';
        if (state === 'more') break;
      }
      if (this.#size < this.#wanted) break;
      messages.push(this.#buffer.subarray(0, this.#wanted));
      this.#drop(this.#wanted);
    }
    return { messages, pings, pongs };
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

  #measure(): 'known' | 'more' | 'broken' {
    const end = this.#buffer.indexOf('\r\n\r\n', Math.max(0, this.#searched - 3));
    if (end <= 0) {
      this.#searched = this.#size;
      return this.#size > LIMITS.message ? 'broken' : 'more';
    }
    const length = LENGTH.exec(this.#buffer.toString('latin1', 0, end + 2));
    const total = end + 4 + Number(length?.[1] ?? Number.NaN);
    if (!(total <= LIMITS.message)) return 'broken';
    this.#wanted = total;
    return 'known';
  }
}
