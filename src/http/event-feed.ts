import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type Clock, systemClock, type TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

export interface EventFeedOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** Readers at once; further ones get 503. Default 32. */
  readonly maxReaders?: number;
  /** Bytes that wait for one reader; beyond it the reader is dropped. Default 256 KiB. */
  readonly maxWaitingBytes?: number;
  /**
   * Events kept for readers that come back with Last-Event-ID, as long as half of `maxWaitingBytes` holds them: what is
   * sent again must not be what drops a reader. Default 500.
   */
  readonly kept?: number;
}

/** An idle connection is told so often that it is alive, ms: proxies close at a minute. */
const HEARTBEAT_MS = 15_000;

/**
 * Events for whoever listens, as server-sent events (WHATWG HTML, section 9.2). Nobody waits for a reader: each has a
 * bounded buffer, and one that does not read is dropped and may come back with the last id that it saw.
 */
export class EventFeed {
  readonly #options: Required<EventFeedOptions>;
  /** Ids of another process are not ours. */
  readonly #run = randomBytes(4).toString('hex');
  /** Each with what says whether it may go on. */
  readonly #readers = new Map<ServerResponse, () => boolean>();
  readonly #kept: { readonly id: string; readonly text: string; readonly bytes: number }[] = [];
  #keptBytes = 0;
  #count = 0;
  #closed = false;
  #heartbeat: TimerHandle | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = { clock: systemClock, maxReaders: 32, maxWaitingBytes: 262_144, kept: 500, ...options };
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Events with an id. */
  get published(): number {
    return this.#count;
  }

  /** @param event its type @param data becomes one line of JSON */
  publish(event: string, data: object): void {
    if (this.#closed) return;
    this.#count += 1;
    const id = `${this.#run}-${this.#count}`;
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#keep(id, text);
    for (const reader of this.#readers.keys()) this.#write(reader, text);
  }

  /**
   * A reader that is answered already but for its head; false when there are too many.
   *
   * @param lastId what it saw last; events after it are sent first, and `missed` when it is not known any more
   * @param mayGoOn asked by `review`
   */
  add(response: ServerResponse, lastId: string | undefined, mayGoOn: () => boolean = () => true): boolean {
    if (this.#closed || this.#readers.size >= this.#options.maxReaders) return false;
    // The server's time-outs are for requests, and this one is quiet by nature.
    response.socket?.setTimeout(0);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    this.#readers.set(response, mayGoOn);
    response.on('error', () => {});
    response.once('close', () => this.#forget(response));
    this.#write(response, `: events of this gateway\n\n${this.#since(lastId)}`);
    this.#beat();
    return true;
  }

  /** Who may read has changed: ends those that may not any more. */
  review(): void {
    for (const [reader, mayGoOn] of this.#readers) {
      if (mayGoOn()) continue;
      this.#options.log.info({}, 'events.reader-ended');
      this.#forget(reader);
      // What waits for it is not its any more.
      if (reader.writableLength > 0) reader.destroy();
      else reader.end();
    }
  }

  /** Ends every reader. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#heartbeat?.clear();
    this.#heartbeat = undefined;
    for (const reader of this.#readers.keys()) reader.end();
    this.#readers.clear();
  }

  #keep(id: string, text: string): void {
    const { kept, maxWaitingBytes } = this.#options;
    const bytes = Buffer.byteLength(text);
    this.#kept.push({ id, text, bytes });
    this.#keptBytes += bytes;
    while (this.#kept.length > kept || this.#keptBytes > maxWaitingBytes / 2) {
      this.#keptBytes -= this.#kept.shift()?.bytes ?? this.#keptBytes;
    }
  }

  #since(lastId: string | undefined): string {
    if (lastId === undefined) return '';
    const seen = this.#kept.findIndex(({ id }) => id === lastId);
    const all = this.#kept.slice(seen + 1).map(({ text }) => text);
    if (seen < 0) all.unshift('event: missed\ndata: {}\n\n');
    return all.join('');
  }

  #write(reader: ServerResponse, text: string): void {
    if (!this.#readers.has(reader)) return;
    reader.write(text);
    const waiting = reader.writableLength;
    if (waiting <= this.#options.maxWaitingBytes) return;
    this.#options.log.warn({ waiting }, 'events.slow-reader-dropped');
    this.#forget(reader);
    reader.destroy();
  }

  #forget(reader: ServerResponse): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#heartbeat?.clear();
    this.#heartbeat = undefined;
  }

  #beat(): void {
    this.#heartbeat ??= this.#options.clock.after(HEARTBEAT_MS, () => {
      this.#heartbeat = undefined;
      for (const reader of this.#readers.keys()) this.#write(reader, ': alive\n\n');
      if (this.#readers.size > 0) this.#beat();
    });
  }
}
