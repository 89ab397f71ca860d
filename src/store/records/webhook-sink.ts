import { createHash } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import { signatureOf, webhookKey } from './signature.ts';
import type { RecordSink, StoredRecord } from './types.ts';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** The one before it: both sign, until the receiver knows the new one. */
  readonly formerSecret?: string | undefined;
  /** For one delivery, ms. */
  readonly timeoutMs: number;
}

/** What the receiver does not like of one record, not of us: RFC 9110 15.5. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);
const MAX_RETRY_AFTER_S = 86_400;

/**
 * Each record posted as an event, signed as Standard Webhooks 1.0 asks for. The id is made of the call's: a record that
 * comes again has the same. Posted to the configured URL and nowhere else: a redirect is a failure.
 */
export class WebhookSink implements RecordSink {
  readonly batch = 1;
  readonly #options: WebhookOptions;
  readonly #url: URL;
  readonly #keys: readonly Buffer[];
  readonly #clock: Clock;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #closing = new AbortController();

  constructor(options: WebhookOptions, clock: Clock) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#keys = [options.secret, options.formerSecret].flatMap((secret) => webhookKey(secret ?? '') ?? []);
    this.#clock = clock;
    const kept = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(kept) : new HttpAgent(kept);
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    for (const record of records) await this.#post(record);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #post({ id, line, atMs }: StoredRecord): Promise<void> {
    const timestamp = new Date(atMs).toISOString();
    const body = `{"type":"call.ended","timestamp":"${timestamp}","data":${line}}`;
    const eventId = eventIdOf(id);
    const timestampS = Math.floor(this.#clock.now() / 1_000);
    const { status, retryAfter } = await this.#send(body, {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'User-Agent': 'messenger-sip-gateway',
      'webhook-id': eventId,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signatureOf(this.#keys, eventId, timestampS, body),
    });
    if (status >= 200 && status < 300) return;
    const code = REFUSALS.has(status) ? 'STORE_RECORD_REFUSED' : 'STORE_WEBHOOK';
    const seconds = /^\d{1,6}$/.test(retryAfter) ? Math.min(Number(retryAfter), MAX_RETRY_AFTER_S) : 0;
    throw new GatewayError(code, `${this.#url.host} answers ${status}`, {
      status,
      retryAfterMs: seconds * 1_000,
    });
  }

  #send(body: string, headers: Record<string, string>): Promise<{ status: number; retryAfter: string }> {
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; retryAfter: string }>();
    const fail = (error: Error): void =>
      reject(new GatewayError('STORE_WEBHOOK', `${this.#url.host}: ${error.message}`, {}, { cause: error }));
    const sent = send(
      this.#url,
      { method: 'POST', headers, agent: this.#agent, signal: this.#closing.signal },
      (response: IncomingMessage) => {
        // Nobody reads what it says; only its end frees the connection.
        response.on('error', fail);
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] ?? '' }),
        );
        response.on('close', () => fail(new Error('the answer broke off')));
      },
    );
    sent.on('error', fail);
    const timer = this.#clock.after(this.#options.timeoutMs, () =>
      sent.destroy(new Error(`no answer within ${this.#options.timeoutMs} ms`)),
    );
    sent.end(body);
    return promise.finally(() => timer.clear());
  }
}

/** The same for every delivery of a call's record, and nothing of the consumer in it. */
export const eventIdOf = (callId: string): string =>
  `msg_${createHash('sha256').update(callId).digest('hex').slice(0, 32)}`;
