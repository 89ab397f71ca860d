import { signatureOf } from '../meta/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { Arrivals, type CallEvent } from './arrivals.ts';
import { keepLast } from './events.ts';
import {
  type DeliveryOptions,
  type Entry,
  entryOf,
  envelope,
  escaped,
  groupedByPage,
  type WebhookEvent,
} from './webhook-body.ts';
import { type BusinessNumber, whatsappEntry } from './whatsapp/webhook-body.ts';

/** How the webhooks of one call are delivered: all of them, and each kind in its own way. */
export interface CallDelivery extends DeliveryOptions {
  readonly connect?: DeliveryOptions;
  readonly ringing?: DeliveryOptions;
  readonly accepted?: DeliveryOptions;
  readonly rejected?: DeliveryOptions;
  readonly media_update?: DeliveryOptions;
  readonly terminate?: DeliveryOptions;
}

/** What a test calls this event: a call_status by its status. */
export function nameOf(event: Pick<WebhookEvent, 'event'> & { readonly call_status?: unknown }): CallEvent {
  if (event.event !== 'call_status') return event.event;
  const { call_status: status } = event;
  return status === 'accepted' || status === 'rejected' ? status : 'ringing';
}

/** Milliseconds until Meta counts an unanswered delivery as failed. */
const TIMEOUT_MS = 5_000;
/** At once, a few more, then every 5 minutes; Meta publishes no numbers. */
const RETRIES_MS = [0, 1_000, 5_000, 15_000, 60_000, 300_000];
/** After so long without a 200 the app is taken off the Page, ms. */
const UNSUBSCRIBE_MS = 3_600_000;

interface Held {
  readonly entry: Entry;
  readonly options: DeliveryOptions;
  readonly delivered: () => void;
}

export interface FlushOptions {
  /** Newest first. Default false. */
  readonly reversed?: boolean;
  /** One entry for each Page with several calls or changes in it, in place of an entry for each event. Default false. */
  readonly grouped?: boolean;
}

export interface WebhooksOptions {
  readonly url: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The number whose webhooks these are, in WhatsApp's envelope; unset: a Page. */
  readonly number?: BusinessNumber | undefined;
  /** Pauses before an unanswered delivery is tried again, ms; the last one for all that follow. Default as Meta does. */
  readonly retriesMs?: readonly number[] | undefined;
  /** Nothing was answered 200 for an hour: Meta sends nothing more. */
  readonly onUnsubscribed?: () => void;
}

/** Posts signed webhooks and tries again until it is answered 200. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #timers = new Set<{ readonly timer: TimerHandle; readonly wake: () => void }>();
  readonly #closing = new AbortController();
  readonly #arrivals = new Arrivals();
  #held: Held[] | undefined;
  #failingSinceMs: number | undefined;
  #subscribed = true;
  #undelivered = 0;
  /** Answers, newest last: status and ms. As many as `keepLast` keeps. */
  readonly answers: { readonly status: number; readonly ms: number }[] = [];

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** False once Meta has given up; `subscribe` mends it. */
  get subscribed(): boolean {
    return this.#subscribed;
  }

  /** Deliveries that were not answered 200 yet, and will be tried again. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** What the gateway's `POST /{page}/subscribed_apps` does. */
  subscribe(): void {
    this.#subscribed = true;
    this.#failingSinceMs = undefined;
  }

  /** An item that belongs to no call, in an entry of its own form; resolves when it was answered 200 or given up. */
  async item(entry: object): Promise<void> {
    const object = this.#options.number ? 'whatsapp_business_account' : 'page';
    await this.#counted(this.#deliver(escaped(JSON.stringify({ object, entry: [entry] }))));
  }

  /**
   * One call event in an envelope; resolves when all copies were answered 200 or given up.
   */
  async call(pageId: string, event: WebhookEvent, options: DeliveryOptions = {}): Promise<void> {
    try {
      if (options.drop) return;
      if (options.after) await this.#arrivals.wait(event.id, options.after);
      if (options.delayMs) await this.#pause(options.delayMs);
      if (this.#closing.signal.aborted) return;
      const { number } = this.#options;
      const entry = number ? whatsappEntry(number, event, options) : entryOf(pageId, event, options);
      await (this.#held ? this.#hold(entry, options) : this.#copies([entry], options));
    } finally {
      this.#arrivals.done(event.id, nameOf(event));
    }
  }

  /** From now on webhooks are kept back, until `flush`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends what was kept back in one POST; resolves when it was answered. The first one's `copies` hold for all. */
  async flush({ reversed = false, grouped = false }: FlushOptions = {}): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (reversed) held.reverse();
    const [first] = held;
    if (!first) return;
    const entries = held.map(({ entry }) => entry);
    await this.#copies(grouped ? groupedByPage(entries) : entries, first.options);
    for (const { delivered } of held) delivered();
  }

  /** A body of any kind, with any signature (default: a good one; '' leaves it out); returns the status. */
  async raw(body: string | Uint8Array, signature?: string): Promise<number> {
    const bytes = Buffer.from(body);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    const signed = signature ?? signatureOf(bytes, this.#options.secret);
    if (signed) headers['x-hub-signature-256'] = signed;
    const response = await fetch(this.#options.url, {
      method: 'POST',
      body: bytes,
      headers,
      signal: this.#closing.signal,
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** The handshake of setting up a webhook; true when the challenge came back. */
  handshake(verifyToken: string, challenge?: string): Promise<boolean> {
    return handshake(this.#options.url, verifyToken, this.#closing.signal, challenge);
  }

  /** Stops all deliveries; whoever waits for one goes on. */
  close(): void {
    this.#closing.abort();
    for (const { timer, wake } of this.#timers) {
      timer.clear();
      wake();
    }
    this.#timers.clear();
    this.#arrivals.close();
    for (const { delivered } of this.#held ?? []) delivered();
    this.#held = undefined;
  }

  #hold(entry: Entry, options: DeliveryOptions): Promise<void> {
    return new Promise((delivered) => this.#held?.push({ entry, options, delivered }));
  }

  async #copies(entries: readonly Entry[], options: DeliveryOptions): Promise<void> {
    const object = this.#options.number ? 'whatsapp_business_account' : 'page';
    const body = escaped(envelope(entries, options, object));
    await Promise.all(Array.from({ length: options.copies ?? 1 }, () => this.#counted(this.#deliver(body))));
  }

  async #counted(delivery: Promise<void>): Promise<void> {
    this.#undelivered += 1;
    await delivery.finally(() => {
      this.#undelivered -= 1;
    });
  }

  async #deliver(body: Buffer): Promise<void> {
    const { clock, log, onUnsubscribed, retriesMs = RETRIES_MS } = this.#options;
    for (let attempt = 0; this.#subscribed && !this.#closing.signal.aborted; attempt++) {
      if (await this.#post(body)) {
        this.#failingSinceMs = undefined;
        return;
      }
      if (this.#closing.signal.aborted) return;
      this.#failingSinceMs ??= clock.monotonic();
      if (clock.monotonic() - this.#failingSinceMs >= UNSUBSCRIBE_MS && this.#subscribed) {
        this.#subscribed = false;
        log.warn({ code: 'SIM_WEBHOOK' }, 'sim.unsubscribed');
        onUnsubscribed?.();
        return;
      }
      await this.#pause(retriesMs[attempt] ?? retriesMs.at(-1) ?? 0);
    }
  }

  /** One try; true when it was answered 200 in time. */
  async #post(body: Buffer): Promise<boolean> {
    const { url, secret, clock, log } = this.#options;
    const late = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => late.abort());
    const began = clock.monotonic();
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'facebookexternalua',
          'x-hub-signature-256': signatureOf(body, secret),
        },
        signal: AbortSignal.any([this.#closing.signal, late.signal]),
      });
      await response.arrayBuffer();
      keepLast(this.answers, { status: response.status, ms: clock.monotonic() - began });
      return response.status === 200;
    } catch (error) {
      if (!this.#closing.signal.aborted)
        log.warn({ code: 'SIM_WEBHOOK', err: String(error) }, 'sim.webhook-failed');
      return false;
    } finally {
      timer.clear();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#timers.delete(entry);
        resolve();
      };
      const entry = { timer: this.#options.clock.after(ms, wake), wake };
      this.#timers.add(entry);
    });
  }
}

/** Asks a URL as Meta does before it sends webhooks there; true when the challenge came back. */
export async function handshake(
  url: string,
  verifyToken: string,
  signal: AbortSignal,
  challenge = '1158201444',
): Promise<boolean> {
  const query = new URLSearchParams({
    'hub.mode': 'subscribe',
    'hub.verify_token': verifyToken,
    'hub.challenge': challenge,
  });
  const response = await fetch(`${url}?${query}`, { signal });
  return (await response.text()) === challenge && response.status === 200;
}
