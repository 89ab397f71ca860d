import {
  answerSipOffer,
  negotiateSipAnswer,
  type PhonePlan,
  type SdpProblem,
  type SipLocal,
} from '../sdp/index.ts';
import { ok, type Result } from '../shared/result.ts';
import type { EarlyMedia } from '../sip/index.ts';

/** What a route makes of early media: none, what is not forbidden, or what P-Early-Media authorizes (RFC 5009). */
export type EarlyMediaPolicy = 'ignore' | 'accept' | 'authorized';

/** What a message in an early dialog changes: something is to be heard by it now, what was heard is over, or neither. */
export type EarlyChange = 'heard' | 'over' | 'none';

interface Fork {
  /** Our side, as the last UPDATE left it. */
  local: SipLocal;
  plan?: PhonePlan;
  isUpdated: boolean;
  said?: EarlyMedia;
}

/** Forks of one INVITE that are remembered: those of every contact that it rings. */
const MAX_FORKS = 64;

/** The early dialogs of one INVITE, by To tag: each is a session of its own (RFC 3261 12.1, 13.2.2.4). */
export class EarlyForks {
  readonly #local: SipLocal;
  readonly #policy: EarlyMediaPolicy;
  readonly #forks = new Map<string, Fork>();
  #heard: string | undefined;

  constructor(local: SipLocal, policy: EarlyMediaPolicy) {
    this.#local = local;
    this.#policy = policy;
  }

  /** Of the fork that is heard. */
  get plan(): PhonePlan | undefined {
    return this.#heard === undefined ? undefined : this.#forks.get(this.#heard)?.plan;
  }

  /**
   * The answer of a 18x; that of the 2xx may be another (RFC 6337 3.1.1). One that comes again after an UPDATE is old
   * (RFC 3261 13.2.1).
   */
  answered(tag: string, sdp: string): Result<EarlyChange, SdpProblem> {
    const fork = this.#fork(tag);
    if (fork.isUpdated) return ok(this.#judge(tag, fork));
    const plan = negotiateSipAnswer(fork.local, sdp);
    if (!plan.ok) return plan;
    fork.plan = plan.value;
    return ok(this.#judge(tag, fork));
  }

  /** An offer by UPDATE (RFC 3311): our answer, and what it changes. */
  offered(
    tag: string,
    sdp: string,
  ): Result<{ readonly sdp: string; readonly change: EarlyChange }, SdpProblem> {
    const fork = this.#fork(tag);
    const answer = answerSipOffer(fork.local, sdp);
    if (!answer.ok) return answer;
    fork.local = answer.value.local;
    fork.plan = answer.value.plan;
    fork.isUpdated = true;
    return ok({ sdp: answer.value.answerSdp, change: this.#judge(tag, fork) });
  }

  /** P-Early-Media of that fork; its last word counts. */
  said(tag: string, direction: EarlyMedia): EarlyChange {
    const fork = this.#fork(tag);
    fork.said = direction;
    return this.#judge(tag, fork);
  }

  /** A 199 (RFC 6228): that fork is no more. */
  ended(tag: string): EarlyChange {
    this.#forks.delete(tag);
    return this.#leave(tag);
  }

  /** Nothing of it is to be heard any more. */
  hush(): void {
    this.#heard = undefined;
  }

  /** What an UPDATE of that fork has agreed on. */
  agreed(tag: string): { readonly local: SipLocal; readonly plan: PhonePlan } | undefined {
    const { isUpdated = false, local, plan } = this.#forks.get(tag) ?? {};
    return isUpdated && local && plan ? { local, plan } : undefined;
  }

  #fork(tag: string): Fork {
    const known = this.#forks.get(tag);
    if (known) return known;
    const fork: Fork = { local: this.#local, isUpdated: false };
    if (this.#forks.size < MAX_FORKS) this.#forks.set(tag, fork);
    return fork;
  }

  /** Of several forks the one that spoke last is heard. */
  #judge(tag: string, { plan, said }: Fork): EarlyChange {
    const flows = plan?.direction === 'sendrecv' || plan?.direction === 'recvonly';
    const backward = said === 'sendrecv' || said === 'sendonly';
    const may =
      this.#policy === 'accept' ? said === undefined || backward : this.#policy !== 'ignore' && backward;
    if (!flows || !may || !this.#forks.has(tag)) return this.#leave(tag);
    this.#heard = tag;
    return 'heard';
  }

  #leave(tag: string): EarlyChange {
    if (this.#heard !== tag) return 'none';
    this.#heard = undefined;
    return 'over';
  }
}

/** What one message changes that says two things, one after the other. */
export const later = (first: EarlyChange, second: EarlyChange): EarlyChange =>
  second === 'none' ? first : second;
