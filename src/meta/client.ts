import type { Clock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { failureFrom, type GraphFailure } from './failure.ts';
import type { GraphFailureKind } from './failure-table.ts';
import { nameOfProfile, sessionOfReply } from './reply.ts';
import { crlf } from './sdp-value.ts';
import { appSecretProof } from './signature.ts';
import { type GraphReply, GraphTransport } from './transport.ts';
import type { Usage } from './usage.ts';
import type { CallsRequest } from './wire.ts';

export interface GraphClientOptions {
  /** `https://graph.facebook.com`, or the simulator's address. */
  readonly baseUrl: string;
  /** `v26.0` */
  readonly version: string;
  readonly credentials: (
    pageId: string,
  ) => { readonly accessToken: string; readonly appSecret?: string } | undefined;
  readonly sendAppSecretProof: boolean;
  /** Milliseconds: for accept; for one try of reject or terminate; for the whole look-up of a profile. */
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

/** Waits before the second, third and fourth try of what may be repeated, ms; each jittered by a quarter. */
const RETRY_MS = [250, 1_000, 3_000];
/** Longest wait that a Retry-After makes of a retry, ms: a consumer hears a dead line meanwhile. */
const MAX_RETRY_AFTER_MS = 10_000;
const PASSING: readonly GraphFailureKind[] = ['transient', 'throttled', 'ambiguous', 'unreachable'];
/** To end a call, all of these are good news. */
const OVER: readonly GraphFailureKind[] = ['already', 'ended', 'bad-call'];

/** From this usage on, names are not looked up: what is left of the quota is for calls. Percent. */
const SHED_PERCENT = 80;
/** How long a usage told by Meta counts: it is a rolling window, and only requests refresh it. Milliseconds. */
const USAGE_COUNTS_MS = 60_000;
/** Look-ups at once: half of the connections, so that slow profiles never keep an accept waiting. */
const MAX_LOOK_UPS = 32;
const PROFILE_FIELDS = ['name,first_name,last_name', 'first_name,last_name', 'first_name'];
/** What fewer fields cannot mend. */
const NO_PROFILE: readonly GraphFailureKind[] = ['credential', 'throttled', 'person', 'page'];

/**
 * The Graph API of Messenger calls. Outcomes are values; nothing is thrown. `accept` is never repeated: when its
 * reply is lost Meta may have done it, and the caller must end the call (`ambiguous`).
 */
export class GraphClient {
  readonly #options: GraphClientOptions;
  readonly #transport: GraphTransport;
  readonly #closing = new AbortController();
  readonly #usage = new Map<string, { readonly percent: number; readonly atMs: number }>();
  #lookUps = 0;

  constructor(options: GraphClientOptions) {
    this.#options = options;
    this.#transport = new GraphTransport(options);
  }

  /** `POST /{page}/calls` with `action: accept` and our offer; any line ends in it become CRLF. */
  async accept(pageId: string, callId: string, offerSdp: string): Promise<AcceptOutcome> {
    const session = { sdp_type: 'offer', sdp: crlf(offerSdp) } as const;
    const reply = await this.#call(
      pageId,
      { platform: 'messenger', call_id: callId, action: 'accept', session },
      this.#options.timeouts.acceptMs,
    );
    if (reply.ok) return { ok: true, ...sessionOfReply(reply.body) };
    const { failure } = reply;
    // A server that broke while it worked may have done it.
    return { ok: false, failure: failure.kind === 'transient' ? { ...failure, kind: 'ambiguous' } : failure };
  }

  /** Only for a call that was not accepted. Tried up to four times on passing faults. */
  reject(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'reject');
  }

  /** Ends a call of either direction. Tried up to four times on passing faults. */
  terminate(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'terminate');
  }

  /**
   * The consumer's name, best effort within the budget. One unreadable field fails the whole request, so fewer are
   * asked then. Not asked at all while Meta's quota runs low.
   *
   * @param budgetMs for all tries together; default `timeouts.profileMs`
   * @param signal gives the look-up up, as when the call ended
   */
  async profile(
    pageId: string,
    psid: string,
    budgetMs: number = this.#options.timeouts.profileMs,
    signal?: AbortSignal,
  ): Promise<ProfileOutcome> {
    if (this.#runsLow(pageId)) return { ok: false, failure: SPARED };
    if (this.#lookUps >= MAX_LOOK_UPS) return { ok: false, failure: BUSY };
    this.#lookUps += 1;
    try {
      return await this.#lookUp(pageId, psid, this.#options.clock.monotonic() + budgetMs, signal);
    } finally {
      this.#lookUps -= 1;
    }
  }

  /** Ends what is under way (their outcomes are failures) and closes the connections. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#transport.close();
  }

  async #lookUp(
    pageId: string,
    psid: string,
    untilMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ProfileOutcome> {
    const { clock } = this.#options;
    let fields = 0;
    for (let attempt = 0; ; ) {
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0) return { ok: false, failure: NO_TIME };
      const reply = await this.#send(pageId, 'profile', `/${psid}`, {
        query: { fields: PROFILE_FIELDS[fields] ?? '' },
        timeoutMs: leftMs,
        ...(signal ? { signal } : {}),
      });
      if (reply.ok) {
        const name = nameOfProfile(reply.body);
        return { ok: true, ...(name ? { name } : {}) };
      }
      const { failure } = reply;
      if (signal?.aborted || this.#closing.signal.aborted) return { ok: false, failure };
      if (PASSING.includes(failure.kind) && failure.kind !== 'throttled') {
        const waitMs = this.#jittered(RETRY_MS[attempt++] ?? Number.POSITIVE_INFINITY);
        // A try that the budget would cut off at once is not worth its quota.
        if (clock.monotonic() + waitMs >= untilMs) return { ok: false, failure };
        await this.#pause(waitMs, signal);
        continue;
      }
      fields += 1;
      if (NO_PROFILE.includes(failure.kind) || fields >= PROFILE_FIELDS.length) return { ok: false, failure };
    }
  }

  async #end(pageId: string, callId: string, action: 'reject' | 'terminate'): Promise<EndOutcome> {
    for (let attempt = 0; ; attempt++) {
      const reply = await this.#call(
        pageId,
        { platform: 'messenger', call_id: callId, action },
        this.#options.timeouts.endMs,
      );
      if (reply.ok) return { ok: true, already: false };
      const { failure } = reply;
      if (OVER.includes(failure.kind)) return { ok: true, already: true };
      const wait = RETRY_MS[attempt];
      if (!PASSING.includes(failure.kind) || wait === undefined || this.#closing.signal.aborted) {
        return { ok: false, failure };
      }
      const toldMs = Math.min((failure.retryAfterS ?? 0) * 1_000, MAX_RETRY_AFTER_MS);
      const waitMs = Math.max(this.#jittered(wait), toldMs);
      this.#options.log.info(
        { pageId, callId, action, kind: failure.kind, waitMs: Math.round(waitMs) },
        'graph.retry',
      );
      await this.#pause(waitMs);
      if (this.#closing.signal.aborted) return { ok: false, failure };
    }
  }

  #call(pageId: string, body: CallsRequest, timeoutMs: number): Promise<GraphReply> {
    return this.#send(pageId, body.action, `/${pageId}/calls`, { body, timeoutMs });
  }

  async #send(
    pageId: string,
    action: string,
    path: string,
    more: {
      readonly body?: CallsRequest;
      readonly query?: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<GraphReply> {
    const { credentials, sendAppSecretProof, clock, log, onUsage } = this.#options;
    // Ids of Pages and persons are digits; anything else would be a path of its own.
    if (!/^\/\w{1,128}(\/calls)?$/.test(path)) return { ok: false, failure: BAD_ID };
    const held = credentials(pageId);
    if (!held) return { ok: false, failure: noCredentials() };
    const { accessToken, appSecret } = held;
    // It could not be sent: as from a file with a line end. Told apart from a lost reply, which is ambiguous.
    if (!/^[\x21-\x7e]+$/.test(accessToken)) return { ok: false, failure: BAD_TOKEN };
    const proof =
      appSecret && sendAppSecretProof ? { appsecret_proof: appSecretProof(accessToken, appSecret) } : {};
    const beganMs = clock.monotonic();
    const reply = await this.#transport.send({
      method: more.body ? 'POST' : 'GET',
      path,
      query: { ...more.query, ...proof },
      accessToken,
      ...(more.body ? { body: more.body } : {}),
      timeoutMs: more.timeoutMs,
      ...(more.signal ? { signal: more.signal } : {}),
    });
    const outcome = reply.ok
      ? { outcome: 'ok' }
      : { outcome: reply.failure.kind, failure: reply.failure.message, fbtraceId: reply.failure.fbtraceId };
    const ms = Math.round(clock.monotonic() - beganMs);
    log.debug({ pageId, action, callId: more.body?.call_id, ms, ...outcome }, 'graph.reply');
    if (reply.usage) {
      this.#usage.set(pageId, { percent: reply.usage.percent, atMs: clock.monotonic() });
      onUsage?.(pageId, reply.usage);
    }
    return reply;
  }

  #runsLow(pageId: string): boolean {
    const usage = this.#usage.get(pageId);
    if (!usage || usage.percent < SHED_PERCENT) return false;
    return this.#options.clock.monotonic() - usage.atMs < USAGE_COUNTS_MS;
  }

  #jittered(ms: number): number {
    return ms * (0.75 + this.#options.random() / 2);
  }

  #pause(ms: number, signal?: AbortSignal): Promise<void> {
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
}

const NO_TIME = failureFrom({ kind: 'transient', sipStatus: 503, meaning: 'no time was left' });
const SPARED = failureFrom({
  kind: 'throttled',
  sipStatus: 503,
  meaning: `not asked: Meta's quota is used to ${SHED_PERCENT} % or more`,
});
const BUSY = failureFrom({ kind: 'transient', sipStatus: 503, meaning: 'not asked: too many look-ups' });
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
