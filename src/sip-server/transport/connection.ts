import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { StreamLimits } from './limits.ts';
import { StreamCutter } from './stream.ts';
import type { Endpoint } from './transport.ts';

type Failed = (error: Error) => void;

export interface ConnectionEvents {
  readonly onMessage: (message: Buffer) => void;
  /** Once, when it is of no more use. */
  readonly onClosed: () => void;
}

const PING = '\r\n\r\n';
const PONG = '\r\n';
const REGISTER = Buffer.from('REGISTER ');

/**
 * One TCP or TLS connection. Nothing is written before it is `ready`: for TLS that is after the peer has proved who
 * it is. All its limits run on the clock that it is given.
 */
export class Connection {
  readonly remote: Endpoint;
  readonly stream: Socket;
  /** Whether we opened it. */
  readonly isOurs: boolean;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #events: ConnectionEvents;
  readonly #cutter = new StreamCutter();
  readonly #waiting: { readonly message: Buffer; readonly failed: Failed; readonly sent: () => void }[] = [];
  readonly #whenReady: ((error: Error | undefined) => void)[] = [];
  readonly #timers = new Map<string, TimerHandle>();
  /** Requests that may still be without any answer, oldest first. */
  readonly #unanswered = new Set<{ readonly failed: Failed; readonly until: number }>();
  #state: 'connecting' | 'ready' | 'closed' = 'connecting';
  #error: Error | undefined;
  #lastMoved: number;
  #heard = false;
  #hasPonged = false;

  constructor(
    stream: Socket,
    of: { readonly remote: Endpoint; readonly isOurs: boolean },
    clock: Clock,
    limits: StreamLimits,
    events: ConnectionEvents,
  ) {
    this.stream = stream;
    this.remote = of.remote;
    this.isOurs = of.isOurs;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
    this.#lastMoved = clock.monotonic();
    stream.on('error', (error) => {
      this.#error ??= error;
    });
    stream.on('close', () => this.#closed());
    this.#arm('connect', this.#limits.connectMs, () => this.destroy('connection timed out'));
  }

  /** Usable: connected, or still connecting. */
  get isOpen(): boolean {
    return this.#state !== 'closed' && !this.stream.destroyed && this.stream.writable;
  }

  /** Data may flow from now on. */
  start(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'ready';
    this.#clear('connect');
    this.stream.on('data', (chunk) => this.#onData(chunk));
    this.#armIdle(this.#limits.idleMs);
    if (!this.isOurs)
      this.#arm('first', this.#limits.firstMessageMs, () => this.destroy('nothing came on the connection'));
    for (const tell of this.#whenReady.splice(0)) tell(undefined);
    for (const { message, failed, sent } of this.#waiting.splice(0)) this.#write(message, failed, sent);
  }

  /** Told once, when it is ready or has failed. */
  whenReady(tell: (error: Error | undefined) => void): void {
    if (this.#state === 'connecting') this.#whenReady.push(tell);
    else queueMicrotask(() => tell(this.#state === 'ready' ? undefined : this.#reason()));
  }

  /**
   * @param failed called at most once, later
   * @param sent called when the message is handed to the socket
   */
  send(message: Buffer, failed: Failed, sent: () => void): void {
    if (!this.isOpen) queueMicrotask(() => failed(this.#reason()));
    else if (this.#state === 'connecting') this.#waiting.push({ message, failed, sent });
    else this.#write(message, failed, sent);
  }

  #write(message: Buffer, failed: Failed, sent: () => void): void {
    if (!this.isOpen) {
      failed(this.#reason());
      return;
    }
    sent();
    this.#moved();
    // A registrar reaches us on this very connection, so it must outlive the idle times of what lies between.
    if (this.isOurs && message.subarray(0, REGISTER.length).equals(REGISTER)) this.#keepAlive();
    let told = false;
    const fail = (error: Error): void => {
      if (told) return;
      told = true;
      failed(error);
    };
    this.stream.write(message, (error) => {
      if (error) fail(error);
    });
    if (awaitsAnswer(message)) this.#remember(fail);
    if (this.stream.writableLength > this.#limits.backlog) this.destroy('the peer does not read');
  }

  /**
   * A connection that ends under a request fails it (RFC 3261 17.1.4): a peer that refuses our certificate says so
   * only then in TLS 1.3, and no timer need run out first. A transaction that has had an answer pays no heed.
   */
  #remember(failed: Failed): void {
    const now = this.#clock.monotonic();
    for (const oldest of this.#unanswered) {
      if (oldest.until >= now) break;
      this.#unanswered.delete(oldest);
    }
    this.#unanswered.add({ failed, until: now + this.#limits.answerMs });
  }

  #onData(chunk: Buffer): void {
    this.#moved();
    const cut = this.#cutter.push(chunk);
    if (cut.pongs > 0) {
      this.#hasPonged = true;
      this.#clear('pong');
    }
    if (cut.pings > 0) {
      // In one piece, and no more than the peer reads: a flood of line breaks must not cost more than it sends.
      this.stream.write(PONG.repeat(cut.pings));
      if (this.stream.writableLength > this.#limits.backlog) {
        this.destroy('the peer does not read');
        return;
      }
    }
    if (!this.#heard && cut.pings + cut.messages.length > 0) {
      this.#heard = true;
      this.#clear('first');
    }
    if (cut.messages.length > 0) this.#clear('message');
    if (!this.#cutter.isUnfinished) this.#clear('message');
    else if (!this.#timers.has('message'))
      this.#arm('message', this.#limits.messageMs, () => this.destroy('a message did not end'));
    for (const message of cut.messages) this.#events.onMessage(message);
    if (!cut.isBroken) return;
    // What answers the last message still goes out.
    if (cut.messages.length > 0) this.stream.end();
    else this.destroy('the stream is not SIP');
  }

  /** RFC 5626 4.4.1: a double line break now and then, and a peer that used to answer must answer. */
  #keepAlive(): void {
    if (this.#timers.has('ping')) return;
    this.#arm('ping', this.#limits.pingMs, () => {
      if (!this.isOpen) return;
      this.#cutter.awaitPong();
      this.#moved();
      this.stream.write(PING);
      if (this.#hasPonged)
        this.#arm('pong', this.#limits.pongMs, () => this.destroy('no answer to a keep-alive'));
      this.#keepAlive();
    });
  }

  #moved(): void {
    this.#lastMoved = this.#clock.monotonic();
  }

  #armIdle(ms: number): void {
    this.#arm('idle', ms, () => {
      const left = this.#limits.idleMs - (this.#clock.monotonic() - this.#lastMoved);
      if (left <= 0) this.destroy('idle');
      else this.#armIdle(left);
    });
  }

  #arm(name: string, ms: number, fn: () => void): void {
    this.#timers.get(name)?.clear();
    const fire = (): void => {
      this.#timers.delete(name);
      fn();
    };
    this.#timers.set(name, this.#clock.after(ms, fire));
  }

  #clear(name: string): void {
    this.#timers.get(name)?.clear();
    this.#timers.delete(name);
  }

  #reason(): Error {
    return this.#error ?? new Error('the connection is closed');
  }

  destroy(why: string): void {
    this.#error ??= new Error(why);
    this.stream.destroy();
    this.#closed();
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
    this.#events.onClosed();
    const error = this.#reason();
    const now = this.#clock.monotonic();
    const failed = [
      ...this.#waiting.splice(0),
      ...[...this.#unanswered].filter(({ until }) => until >= now),
    ].map((each) => each.failed);
    this.#unanswered.clear();
    const ready = this.#whenReady.splice(0);
    queueMicrotask(() => {
      for (const tell of ready) tell(error);
      for (const tell of failed) tell(error);
    });
  }
}

const awaitsAnswer = (message: Buffer): boolean => {
  const start = message.toString('latin1', 0, 8);
  return !start.startsWith('SIP/2.0 ') && !start.startsWith('ACK ');
};
