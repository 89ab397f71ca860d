import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { Result } from '../../shared/result.ts';
import type { RequestFailure } from '../../sip/index.ts';
import type { TrunkBoard } from './board.ts';
import {
  isAlive,
  nextAskMs,
  type Qualified,
  type QualifyPolicy,
  qualify,
  type Sign,
  UNASKED,
} from './qualify.ts';

export interface TrunkWatchOptions {
  readonly board: TrunkBoard;
  /** The trunks that are asked or rung, with how. */
  readonly trunks: Readonly<Record<string, { readonly qualify: QualifyPolicy }>>;
  /** Sends one OPTIONS to the trunk; undefined while there is nowhere to send it to. Never rejects. */
  readonly ask: (
    trunk: string,
    timeoutMs: number,
  ) =>
    | Promise<Result<number, Pick<RequestFailure, 'status' | 'kind' | 'reason' | 'retryAfterS'>>>
    | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What became of an INVITE to a trunk, as far as it tells of the trunk. */
export type InviteOutcome =
  | { readonly kind: 'response'; readonly status: number; readonly retryAfterS?: number | undefined }
  | { readonly kind: 'silence'; readonly why: string }
  /** Given up by us before anything came: no verdict, but a reason to ask. */
  | { readonly kind: 'doubt' };

interface Watched {
  readonly policy: QualifyPolicy;
  state: Qualified;
  timer: TimerHandle | undefined;
  /** The end of its congestion, for whoever wants to be told. */
  lapse: TimerHandle | undefined;
  asking: boolean;
  /** Monotonic ms of the last question. */
  askedAtMs: number;
}

/** The first questions are spread over so much, ms a trunk, but over no more than one interval. */
const SPREAD_MS = 100;
/** Calls that fail make a trunk be asked at once, but no more often than this, ms. */
const EAGER_MS = 1_000;
/** Seconds that a Retry-After may keep a trunk from being used: a PBX with a wrong clock must not be lost for a day. */
const MAX_CONGESTION_S = 300;
/** How long a trunk that is never asked rests after `failures` calls without an answer, ms. */
const REST_MS = 30_000;

/**
 * Asks trunks for signs of life, hears what INVITEs met, and tells the board. Each trunk has its own timer; all are
 * cleared by `close`.
 */
export class TrunkWatch {
  readonly #options: TrunkWatchOptions;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(options: TrunkWatchOptions) {
    this.#options = options;
    this.#begin(options.trunks);
  }

  /**
   * Other trunks: those that are gone are asked no more, new ones and those that are reached in another way are asked
   * at once, and nothing that was known of them counts. The others go on as if nothing was.
   */
  replace(trunks: TrunkWatchOptions['trunks'], isReachedOtherwise: (trunk: string) => boolean): void {
    if (this.#closed) return;
    for (const [trunk, watched] of this.#watched) {
      const isGone = !Object.hasOwn(trunks, trunk);
      if (!isGone && !isReachedOtherwise(trunk)) continue;
      watched.timer?.clear();
      watched.lapse?.clear();
      this.#watched.delete(trunk);
      if (isGone) continue;
      for (const source of ['qualify', 'congestion'] as const)
        this.#options.board.set(trunk, source, true, 'its configuration changed');
    }
    this.#begin(Object.fromEntries(Object.entries(trunks).filter(([trunk]) => !this.#watched.has(trunk))));
  }

  /** Round trip of the trunk's last answer to OPTIONS, ms. */
  roundTripMs(trunk: string): number | undefined {
    return this.#watched.get(trunk)?.state.roundTripMs;
  }

  /** An INVITE to the trunk was answered, or not. */
  heard(trunk: string, outcome: InviteOutcome): void {
    const watched = this.#watched.get(trunk);
    if (!watched || this.#closed) return;
    if (outcome.kind === 'doubt') return this.#askSoon(trunk, watched);
    if (outcome.kind === 'silence') {
      this.#take(trunk, watched, { kind: 'call-silence', why: outcome.why });
      return this.#askSoon(trunk, watched);
    }
    const { status, retryAfterS } = outcome;
    this.#congested(trunk, watched, 'INVITE', status, retryAfterS);
    // A proxy's 408 is of the callee as often as of the trunk: nothing is known by it.
    if (isAlive(status)) this.#take(trunk, watched, { kind: 'call-answer', status });
  }

  close(): void {
    this.#closed = true;
    for (const { timer, lapse } of this.#watched.values()) {
      timer?.clear();
      lapse?.clear();
    }
  }

  #begin(trunks: TrunkWatchOptions['trunks']): void {
    const all = Object.entries(trunks);
    for (const [trunk, { qualify: policy }] of all) {
      const watched: Watched = {
        policy,
        state: UNASKED,
        timer: undefined,
        lapse: undefined,
        asking: false,
        askedAtMs: -Infinity,
      };
      this.#watched.set(trunk, watched);
      const spread = Math.min(policy.everyS * 1_000, SPREAD_MS * all.length);
      this.#schedule(trunk, watched, this.#options.random() * spread);
    }
  }

  /** Whether it is still the watch over that trunk: a reload may have made another one. */
  #isCurrent(trunk: string, watched: Watched): boolean {
    return !this.#closed && this.#watched.get(trunk) === watched;
  }

  #schedule(trunk: string, watched: Watched, ms: number): void {
    watched.timer?.clear();
    if (watched.policy.everyS === 0 || !this.#isCurrent(trunk, watched)) return;
    watched.timer = this.#options.clock.after(ms, () => {
      this.#ask(trunk, watched).catch((error: unknown) => {
        // A bug; it must not be the end of the watch, and of the process even less.
        this.#options.log.error({ trunk, err: String(error) }, 'trunk.bug');
        watched.asking = false;
        this.#schedule(trunk, watched, nextAskMs(watched.state, watched.policy, this.#options.random()));
      });
    });
  }

  #askSoon(trunk: string, watched: Watched): void {
    if (watched.asking) return;
    const since = this.#options.clock.monotonic() - watched.askedAtMs;
    this.#schedule(trunk, watched, Math.max(0, EAGER_MS - since));
  }

  async #ask(trunk: string, watched: Watched): Promise<void> {
    const { ask, clock, random } = this.#options;
    const began = clock.monotonic();
    watched.asking = true;
    watched.askedAtMs = began;
    const answer = await ask(trunk, watched.policy.timeoutMs);
    watched.asking = false;
    if (!this.#isCurrent(trunk, watched)) return;
    if (answer) this.#answered(trunk, watched, answer, clock.monotonic() - began);
    this.#schedule(trunk, watched, nextAskMs(watched.state, watched.policy, random()));
  }

  #answered(
    trunk: string,
    watched: Watched,
    answer: NonNullable<Awaited<ReturnType<TrunkWatchOptions['ask']>>>,
    ms: number,
  ): void {
    if (answer.ok) return this.#take(trunk, watched, { kind: 'answer', status: answer.value, ms });
    const { kind, status, reason, retryAfterS } = answer.error;
    // Our own SIP server is gone: that says nothing of the trunk.
    if (kind === 'control-lost' || kind === 'ended') return;
    if (kind !== 'response') return this.#take(trunk, watched, { kind: 'silence', why: reason });
    this.#congested(trunk, watched, 'OPTIONS', status, retryAfterS);
    this.#take(trunk, watched, { kind: 'answer', status, ms });
  }

  #take(trunk: string, watched: Watched, sign: Sign): void {
    const { board } = this.#options;
    const { policy } = watched;
    const { state, why } = qualify(watched.state, sign, policy);
    if (policy.everyS === 0) return this.#unasked(trunk, watched, state, why);
    watched.state = state;
    if (why !== undefined) board.set(trunk, 'qualify', state.up, why);
  }

  /** Nobody asks it, so nobody would see it come back: it rests for a while, and the next call tries again. */
  #unasked(trunk: string, watched: Watched, state: Qualified, why: string | undefined): void {
    if (state.up) watched.state = state;
    else {
      watched.state = UNASKED;
      this.#rest(trunk, watched, why ?? 'INVITE: no answer', REST_MS);
    }
  }

  #rest(trunk: string, watched: Watched, why: string, ms: number): void {
    const { board, clock } = this.#options;
    board.set(trunk, 'congestion', false, why, ms);
    watched.lapse?.clear();
    watched.lapse = clock.after(ms, () => void board.isUp(trunk));
  }

  /** RFC 3261 21.5.4: a 503 with Retry-After asks for so many seconds without calls. */
  #congested(
    trunk: string,
    watched: Watched,
    what: string,
    status: number,
    retryAfterS: number | undefined,
  ): void {
    if (status !== 503 || retryAfterS === undefined || retryAfterS === 0) return;
    const seconds = Math.min(retryAfterS, MAX_CONGESTION_S);
    this.#rest(trunk, watched, `503 to ${what}, Retry-After: ${retryAfterS}`, seconds * 1_000);
  }
}
