import type { Clock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { failureFrom, type GraphFailure } from './failure.ts';
import type { GraphFailureKind } from './failure-table.ts';
import { appSecretProof } from './signature.ts';
import { Throttle } from './throttle.ts';
import { type GraphReply, GraphTransport } from './transport.ts';
import type { Usage } from './usage.ts';

export interface PageCredentials {
  readonly accessToken: string;
  /** Of the app that issued the token. */
  readonly appSecret?: string;
  readonly appId?: string;
}

export interface RequesterOptions {
  /** `https://graph.facebook.com`, or the simulator's address. */
  readonly baseUrl: string;
  /** `v26.0` */
  readonly version: string;
  readonly credentials: (pageId: string) => PageCredentials | undefined;
  readonly sendAppSecretProof: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1): jitter of the retries. */
  readonly random: () => number;
  readonly onUsage?: (pageId: string, usage: Usage) => void;
  /** Meta took the Page's token for a request. */
  readonly onAnswer?: (pageId: string) => void;
  /** Meta refused a request. After a `credential` failure `credentials` may know better ones. */
  readonly onFailure?: (pageId: string, failure: GraphFailure) => void;
}

/** Longest wait of requests that are no more urgent than an accept; read at each, ms. */
export interface AcceptTimeout {
  readonly acceptMs: number;
}

/** One request in a Page's name. */
export interface PageRequest {
  readonly pageId: string;
  /** For the log. */
  readonly action: string;
  /** After the version, with the leading slash; ids and words only. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: object;
  /** For a POST without a body. Default by the body. */
  readonly method?: 'POST';
  /** By the app's own token (`id|secret`) in place of the Page's. */
  readonly byApp?: boolean;
  readonly callId?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Waits before the second, third and fourth try of what may be repeated, ms; each jittered by a quarter. */
export const RETRY_MS = [250, 1_000, 3_000];
/** Longest wait that a Retry-After makes of a retry, ms: somebody hears a dead line meanwhile. */
const MAX_RETRY_AFTER_MS = 10_000;
/** Faults that may be gone a moment later. */
export const PASSING: readonly GraphFailureKind[] = ['transient', 'throttled', 'ambiguous', 'unreachable'];
/** From this usage on, only calls are served: what is left of the quota is for them. Percent. */
const SHED_PERCENT = 80;
/** How long a usage told by Meta counts: it is a rolling window, and only requests refresh it. Milliseconds. */
const USAGE_COUNTS_MS = 60_000;

/** Requests with the Page's credentials, its quota in view. Ends are values; nothing is thrown. */
export class GraphRequester {
  readonly #options: RequesterOptions;
  readonly #transport: GraphTransport;
  readonly #closing = new AbortController();
  readonly #throttle: Throttle;
  readonly #usage = new Map<string, { readonly percent: number; readonly atMs: number }>();

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#transport = new GraphTransport(options);
    this.#throttle = new Throttle(options.clock);
  }

  get closing(): boolean {
    return this.#closing.signal.aborted;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  credentials(pageId: string): PageCredentials | undefined {
    return this.#options.credentials(pageId);
  }

  /** Once. While Meta throttles the Page, only what begins or ends a consumer's call goes out. */
  async send(wanted: PageRequest): Promise<GraphReply> {
    const { sendAppSecretProof, clock, log, onUsage } = this.#options;
    const { pageId, action, path, query, body, callId, timeoutMs, signal, byApp = false } = wanted;
    // Ids of Pages and persons are digits; anything else would be a path of its own.
    if (!/^\/\w{1,128}(\/[a-z_]{1,64})?$/.test(path)) return { ok: false, failure: BAD_ID };
    const held = this.credentials(pageId);
    if (!held) return { ok: false, failure: noCredentials() };
    const { appId, appSecret } = held;
    const accessToken = byApp ? `${appId ?? ''}|${appSecret ?? ''}` : held.accessToken;
    // It could not be sent: as from a file with a line end. Told apart from a lost reply, which is ambiguous.
    if (!/^[\x21-\x7e]+$/.test(accessToken)) return { ok: false, failure: BAD_TOKEN };
    const proof =
      appSecret && sendAppSecretProof ? { appsecret_proof: appSecretProof(accessToken, appSecret) } : {};
    const waitS = ALWAYS.includes(action) ? 0 : this.#throttle.leftS(pageId);
    if (waitS > 0) return { ok: false, failure: { ...THROTTLED, retryAfterS: waitS } };
    const beganMs = clock.monotonic();
    const reply = await this.#transport.send({
      method: wanted.method ?? (body ? 'POST' : 'GET'),
      path,
      query: { ...query, ...proof },
      accessToken,
      ...(body ? { body } : {}),
      timeoutMs,
      ...(signal ? { signal } : {}),
    });
    const outcome = reply.ok
      ? { outcome: 'ok' }
      : { outcome: reply.failure.kind, failure: reply.failure.message, fbtraceId: reply.failure.fbtraceId };
    const ms = Math.round(clock.monotonic() - beganMs);
    log.debug({ pageId, action, callId, ms, ...outcome }, 'graph.reply');
    if (reply.usage) {
      this.#usage.set(pageId, { percent: reply.usage.percent, atMs: clock.monotonic() });
      onUsage?.(pageId, reply.usage);
    }
    if (!reply.ok && reply.failure.kind === 'throttled') this.#backOff(pageId, action, reply.failure);
    if (!reply.ok) this.#options.onFailure?.(pageId, reply.failure);
    else if (!byApp) this.#options.onAnswer?.(pageId);
    return reply;
  }

  /** Up to four times on passing faults; `isFinal` names failures that need no other try. */
  async repeat(
    wanted: PageRequest,
    isFinal: (failure: GraphFailure) => boolean = () => false,
  ): Promise<GraphReply> {
    for (let attempt = 0; ; attempt++) {
      const held = this.credentials(wanted.pageId);
      const reply = await this.send(wanted);
      if (reply.ok || isFinal(reply.failure)) return reply;
      const { failure } = reply;
      if (attempt === 0 && failure.kind === 'credential' && this.#knowsBetter(wanted.pageId, held)) continue;
      const wait = RETRY_MS[attempt];
      // The wait is longer than anybody would stay for.
      if (failure.kind === 'throttled' && !ALWAYS.includes(wanted.action)) return reply;
      if (!PASSING.includes(failure.kind) || wait === undefined || this.closing) return reply;
      const toldMs = Math.min((failure.retryAfterS ?? 0) * 1_000, MAX_RETRY_AFTER_MS);
      const waitMs = Math.max(this.jittered(wait), toldMs);
      const { pageId, callId, action } = wanted;
      this.#options.log.info(
        { pageId, callId, action, kind: failure.kind, waitMs: Math.round(waitMs) },
        'graph.retry',
      );
      await this.pause(waitMs);
      if (this.closing) return reply;
    }
  }

  #backOff(pageId: string, action: string, failure: GraphFailure): void {
    const seconds = this.#throttle.begin(pageId, failure.retryAfterS);
    this.#options.log.warn({ pageId, action, seconds, failure: failure.message }, 'graph.throttled');
  }

  /** The credentials were replaced since. */
  #knowsBetter(pageId: string, before: PageCredentials | undefined): boolean {
    const now = this.credentials(pageId);
    return now?.accessToken !== before?.accessToken || now?.appSecret !== before?.appSecret;
  }

  /** Meta said not long ago that the Page's quota is nearly used up. */
  runsLow(pageId: string): boolean {
    const usage = this.#usage.get(pageId);
    if (!usage || usage.percent < SHED_PERCENT) return false;
    return this.#options.clock.monotonic() - usage.atMs < USAGE_COUNTS_MS;
  }

  jittered(ms: number): number {
    return ms * (0.75 + this.#options.random() / 2);
  }

  /** Shorter when `signal` or `close` comes first. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    const signals = [this.#closing.signal, ...(signal ? [signal] : [])];
    return new Promise((resolve) => {
      const done = (): void => {
        timer.clear();
        for (const each of signals) each.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      for (const each of signals) each.addEventListener('abort', done, { once: true });
    });
  }

  /** Ends what is under way (their outcomes are failures) and closes the connections. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#transport.close();
  }
}

/** A consumer hears a dead line when these wait, so they never do. */
const ALWAYS: readonly string[] = ['accept', 'reject', 'terminate'];

/** What is not asked while Meta throttles. */
const THROTTLED = failureFrom({
  kind: 'throttled',
  sipStatus: 503,
  meaning: 'not asked: Meta throttles the Page, and asking would make it longer',
});
/** What is not asked while the quota runs low. */
export const SPARED = failureFrom({
  kind: 'throttled',
  sipStatus: 503,
  meaning: `not asked: Meta's quota is used to ${SHED_PERCENT} % or more`,
});
const BAD_TOKEN = failureFrom({
  kind: 'credential',
  sipStatus: 500,
  meaning: 'the access token is empty, or holds a space, a line end or another character that no token has',
  remedy: 'Correct accessToken of the Page in the configuration, or the file or variable that it comes from.',
});
const BAD_ID = failureFrom({ kind: 'invalid', sipStatus: 500, meaning: 'the id is none of Meta' });

function noCredentials(): GraphFailure {
  const { message, remedy } = new GatewayError('META_NO_CREDENTIALS');
  return failureFrom({ kind: 'credential', sipStatus: 500, meaning: message, remedy });
}
