import { signatureOf } from '../meta/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** The forms and accidents of delivery that Meta's pages and implementers tell of. */
export interface DeliveryOptions {
  /** Each webhook comes so many times. Default 1. */
  readonly copies?: number;
  /** Milliseconds before the first delivery. Default 0. */
  readonly delayMs?: number;
  /** `entry[].changes[]` in place of `entry[].calls[]`. */
  readonly changesForm?: boolean;
  /** Ids as bare numbers, beyond 2^53. */
  readonly numericIds?: boolean;
  /** Milliseconds in place of seconds. */
  readonly millisecondTimestamps?: boolean;
  /** Never delivered. */
  readonly drop?: boolean;
}

const TIMEOUT_MS = 5_000;
const RETRIES_MS = [500, 2_000, 10_000];

/** Posts signed webhooks and tries again until it is answered 200. */
export class Webhooks {
  readonly #url: string;
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timers = new Set<TimerHandle>();
  readonly #closing = new AbortController();
  /** Answers, newest last: status and ms. */
  readonly answers: { readonly status: number; readonly ms: number }[] = [];

  constructor(url: string, secret: string, clock: Clock, log: Log) {
    this.#url = url;
    this.#secret = secret;
    this.#clock = clock;
    this.#log = log;
  }

  /** One call event in an envelope; resolves when the first copy was answered 200 or given up. */
  async call(
    pageId: string,
    event: Readonly<Record<string, unknown>>,
    options: DeliveryOptions = {},
  ): Promise<void> {
    if (options.drop) return;
    if (options.delayMs) await this.#pause(options.delayMs);
    const timestamp = Number(event['timestamp']);
    const item = options.millisecondTimestamps ? { ...event, timestamp: timestamp * 1000 } : event;
    const entry = options.changesForm
      ? { id: pageId, time: timestamp, changes: [{ field: 'calls', value: { calls: [item] } }] }
      : { id: pageId, time: timestamp, calls: [item] };
    const json = JSON.stringify({ object: 'page', entry: [entry] });
    const body = escaped(options.numericIds ? json.replace(/"(\d{5,})"/g, '$1') : json);
    const copies = Array.from({ length: options.copies ?? 1 }, () => this.#deliver(body));
    await Promise.all(copies);
  }

  /** A body of any kind, with any signature; returns the status. */
  async raw(body: string | Uint8Array, signature?: string): Promise<number> {
    const bytes = Buffer.from(body);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    const signed = signature ?? signatureOf(bytes, this.#secret);
    if (signed) headers['x-hub-signature-256'] = signed;
    const response = await fetch(this.#url, { method: 'POST', body: bytes, headers });
    await response.arrayBuffer();
    return response.status;
  }

  /** The handshake of setting up a webhook; true when the challenge came back. */
  async handshake(verifyToken: string, challenge = '1158201444'): Promise<boolean> {
    const query = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': verifyToken,
      'hub.challenge': challenge,
    });
    const response = await fetch(`${this.#url}?${query}`);
    return response.status === 200 && (await response.text()) === challenge;
  }

  close(): void {
    this.#closing.abort();
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
  }

  async #deliver(body: Buffer): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const began = this.#clock.monotonic();
      try {
        const response = await fetch(this.#url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'facebookexternalua',
            'x-hub-signature-256': signatureOf(body, this.#secret),
          },
          signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        await response.arrayBuffer();
        this.answers.push({ status: response.status, ms: this.#clock.monotonic() - began });
        if (response.status === 200) return;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        this.#log.warn({ err: String(error) }, 'sim.webhook-failed');
      }
      const wait = RETRIES_MS[attempt];
      if (wait === undefined) return this.#log.warn({}, 'sim.webhook-given-up');
      await this.#pause(wait);
      if (this.#closing.signal.aborted) return;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.clear();
        this.#timers.delete(timer);
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      this.#timers.add(timer);
      this.#closing.signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** Meta signs and sends JSON with escaped slashes and `\uXXXX` for everything beyond ASCII. */
function escaped(json: string): Buffer {
  const text = json
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/');
  return Buffer.from(text);
}
