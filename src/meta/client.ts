import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Clock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { failureOf, type GraphFailure } from './failure.ts';
import { isObject, type Json, type JsonObject, parseJsonLossless } from './json.ts';
import { crlf, sdpOf } from './sdp-value.ts';
import { type Usage, usageOf } from './usage.ts';

export interface GraphClientOptions {
  /** `https://graph.facebook.com`, or the simulator's address. */
  readonly baseUrl: string;
  /** `v26.0` */
  readonly version: string;
  readonly credentials: (
    pageId: string,
  ) => { readonly accessToken: string; readonly appSecret?: string } | undefined;
  readonly sendAppSecretProof: boolean;
  /** Milliseconds. */
  readonly timeouts: { readonly acceptMs: number; readonly endMs: number; readonly profileMs: number };
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1): jitter of the retries. */
  readonly random: () => number;
  readonly onUsage?: (pageId: string, usage: Usage) => void;
}

/** `answerSdp` absent: Meta said success without one; it may follow in a `media_update`. */
export type AcceptOutcome =
  | { readonly ok: true; readonly answerSdp?: string; readonly renegotiationSdp?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

/** `already`: Meta had done it before, or the call was over: nothing is left to do. */
export type EndOutcome =
  | { readonly ok: true; readonly already: boolean }
  | { readonly ok: false; readonly failure: GraphFailure };

export type ProfileOutcome =
  | { readonly ok: true; readonly name?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

type Reply =
  | { readonly ok: true; readonly body: JsonObject }
  | { readonly ok: false; readonly failure: GraphFailure };

/** Waits before the second and third try of what may be repeated, ms. */
const RETRY_MS = [250, 1_000];
/** Graph replies are small; an HTML error page may be read this far. */
const MAX_REPLY_BYTES = 1_000_000;

/**
 * The Graph API of Messenger calls. Outcomes are values; nothing is thrown. `accept` is never repeated: a second one
 * could answer another call of the consumer's mind, so a lost reply is reported as `ambiguous`.
 */
export class GraphClient {
  readonly #options: GraphClientOptions;
  readonly #agent = new Agent({ connections: 64, keepAliveTimeout: 30_000, connect: { timeout: 5_000 } });
  readonly #closing = new AbortController();

  constructor(options: GraphClientOptions) {
    this.#options = options;
  }

  /** `POST /{page}/calls` with `action: accept` and our offer. */
  async accept(pageId: string, callId: string, offerSdp: string): Promise<AcceptOutcome> {
    const session = { sdp_type: 'offer', sdp: crlf(offerSdp) };
    const reply = await this.#post(
      pageId,
      { call_id: callId, action: 'accept', session },
      this.#options.timeouts.acceptMs,
    );
    if (!reply.ok) {
      const { failure } = reply;
      // Sent and unanswered, or answered by something that broke: Meta may have done it.
      return {
        ok: false,
        failure: failure.kind === 'transient' ? { ...failure, kind: 'ambiguous' } : failure,
      };
    }
    const { answer, renegotiation } = sessionOf(reply.body);
    return {
      ok: true,
      ...(answer === undefined ? {} : { answerSdp: answer }),
      ...(renegotiation === undefined ? {} : { renegotiationSdp: renegotiation }),
    };
  }

  /** Only for a call that was not accepted. */
  reject(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'reject');
  }

  terminate(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'terminate');
  }

  /** The consumer's name, best effort within the budget; one unreadable field fails the whole request, so fewer are asked then. */
  async profile(pageId: string, psid: string): Promise<ProfileOutcome> {
    const until = this.#options.clock.monotonic() + this.#options.timeouts.profileMs;
    let failure: GraphFailure = NO_TIME;
    for (const fields of ['name,first_name,last_name', 'first_name,last_name']) {
      const left = until - this.#options.clock.monotonic();
      if (left <= 0) break;
      const reply = await this.#send(
        pageId,
        'GET',
        `/${encodeURIComponent(psid)}`,
        { fields },
        undefined,
        left,
      );
      if (reply.ok) {
        const name = nameOf(reply.body);
        return { ok: true, ...(name ? { name } : {}) };
      }
      failure = reply.failure;
      if (failure.kind !== 'invalid' && failure.kind !== 'permission') break;
    }
    return { ok: false, failure };
  }

  /** Ends what is under way and closes the connections. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent.destroy();
  }

  async #end(pageId: string, callId: string, action: 'reject' | 'terminate'): Promise<EndOutcome> {
    for (let attempt = 0; ; attempt++) {
      const reply = await this.#post(pageId, { call_id: callId, action }, this.#options.timeouts.endMs);
      if (reply.ok) return { ok: true, already: false };
      const { failure } = reply;
      if (failure.kind === 'already' || failure.kind === 'ended' || failure.kind === 'bad-call') {
        return { ok: true, already: true };
      }
      const wait = RETRY_MS[attempt];
      const again =
        failure.kind === 'transient' || failure.kind === 'throttled' || failure.kind === 'ambiguous';
      if (!again || wait === undefined || this.#closing.signal.aborted) return { ok: false, failure };
      await this.#pause(wait * (0.75 + this.#options.random() / 2));
    }
  }

  #post(pageId: string, body: JsonObject, timeoutMs: number): Promise<Reply> {
    const path = `/${encodeURIComponent(pageId)}/calls`;
    return this.#send(pageId, 'POST', path, {}, { platform: 'messenger', ...body }, timeoutMs);
  }

  async #send(
    pageId: string,
    method: 'GET' | 'POST',
    path: string,
    query: Readonly<Record<string, string>>,
    body: JsonObject | undefined,
    timeoutMs: number,
  ): Promise<Reply> {
    const credentials = this.#options.credentials(pageId);
    if (!credentials) {
      const { message } = new GatewayError('META_NO_CREDENTIALS');
      return { ok: false, failure: { kind: 'credential', message, sipStatus: 500 } };
    }
    const { accessToken, appSecret } = credentials;
    const proof =
      appSecret && this.#options.sendAppSecretProof
        ? { appsecret_proof: createHmac('sha256', appSecret).update(accessToken).digest('hex') }
        : {};
    const limit = new AbortController();
    const timer = this.#options.clock.after(timeoutMs, () => limit.abort());
    try {
      const response = await request(`${this.#options.baseUrl}/${this.#options.version}${path}`, {
        method,
        dispatcher: this.#agent,
        query: { ...query, ...proof },
        headers: {
          authorization: `Bearer ${accessToken}`,
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.any([limit.signal, this.#closing.signal]),
      });
      const text = await readText(response.body);
      const parsed = parseJsonLossless(text);
      const value: Json | undefined = parsed.ok ? parsed.value : undefined;
      const usage = usageOf(response.headers);
      if (usage) this.#options.onUsage?.(pageId, usage);
      const failure = failureOf(response.statusCode, value, response.headers);
      if (failure) return { ok: false, failure };
      // `true` alone is how old Graph endpoints say success.
      return { ok: true, body: isObject(value) ? value : {} };
    } catch (error) {
      return { ok: false, failure: transportFailure(error, limit.signal.aborted) };
    } finally {
      timer.clear();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#closing;
      const done = (): void => {
        timer.clear();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

const NO_TIME: GraphFailure = { kind: 'transient', message: 'no time was left', sipStatus: 503 };

/** Where nothing was sent nothing was done; anything later may have reached Meta. */
function transportFailure(error: unknown, timedOut: boolean): GraphFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (timedOut) return { kind: 'ambiguous', message: 'Meta did not answer in time', sipStatus: 504 };
  const unsent = [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
  ];
  if (unsent.includes(code))
    return { kind: 'invalid', message: `Meta cannot be reached (${code})`, sipStatus: 503 };
  return { kind: 'ambiguous', message: `the connection to Meta broke (${code})`, sipStatus: 503 };
}

/** Both SDPs of an accept, in every place that Meta's pages and implementers name. */
function sessionOf(body: JsonObject): { answer?: string | undefined; renegotiation?: string | undefined } {
  const raw = body['session'];
  const parsed = typeof raw === 'string' && !raw.startsWith('v=') ? parseJsonLossless(raw) : undefined;
  const session = parsed?.ok ? parsed.value : raw;
  const holder = isObject(session) ? session : body;
  const answer =
    sdpOf(holder['sdp_response']) ??
    (holder['sdp_type'] === 'offer' ? undefined : sdpOf(holder['sdp'])) ??
    (typeof session === 'string' ? sdpOf(session) : undefined);
  return { answer, renegotiation: sdpOf(holder['sdp_renegotiation']) };
}

function nameOf(body: JsonObject): string | undefined {
  const { name, first_name: first, last_name: last } = body;
  if (typeof name === 'string' && name.trim()) return name.trim();
  const parts = [first, last].filter(
    (part): part is string => typeof part === 'string' && part.trim() !== '',
  );
  return parts.length > 0 ? parts.map((part) => part.trim()).join(' ') : undefined;
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
