import { randomBytes, randomInt } from 'node:crypto';
import type { SipReason } from '../call/index.ts';
import type { PhonePlan as MediaPhonePlan } from '../media/index.ts';
import type { CallerIdRules, HeaderRules, TrunkIdentity } from '../routing/index.ts';
import {
  answerSipOffer,
  buildSipOffer,
  negotiateSipAnswer,
  newSdes,
  type PhonePlan,
  type SdpProblem,
  type SipCodec,
  type SipLocal,
  type SrtpPolicy,
} from '../sdp/index.ts';
import type { Result } from '../shared/result.ts';
import {
  type EarlyMedia,
  type Provisional,
  type Refer,
  type ReferAnswer,
  readInfoKey,
  type SessionTimerWish,
  type SipDialog,
} from '../sip/index.ts';
import type { MediaSide } from './call-media.ts';
import type { PhoneNotes } from './call-notes.ts';
import type { SideContext } from './call-runner.ts';
import { type EarlyChange, EarlyForks, type EarlyMediaPolicy, later } from './early-forks.ts';

/** How a trunk is told of keys; `auto`: as the phone's answer lets us, telephone-event before INFO before tones. */
export type DtmfSetting = 'auto' | 'rfc4733' | 'info' | 'inband';

/** What a call needs to know of a trunk; the configuration's trunks fit. */
export interface CallTrunk extends Omit<TrunkIdentity, 'headers' | 'callerId'> {
  readonly callerId?: CallerIdRules & { readonly trusted?: boolean };
  readonly headers?: HeaderRules & {
    /** Of its own messages, for the record and the events. */
    readonly copy?: readonly string[];
    /** Of its INVITE, for Meta. */
    readonly tellMeta?: readonly string[];
  };
  /** User of the account that it registers here with; its host says nothing then. */
  readonly registered?: string;
  readonly codecs: readonly SipCodec[];
  readonly dtmf: DtmfSetting;
  readonly comfortNoise?: boolean;
  readonly ptimeMs: number;
  readonly jitterBuffer?: {
    readonly mode: 'off' | 'adaptive';
    readonly minDelayMs: number;
    readonly maxDelayMs: number;
  };
  readonly srtp: SrtpPolicy;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Others that are told Diversion and History-Info of its redirects. */
  readonly historyTo?: readonly string[];
  readonly sessionTimer?: SessionTimerWish;
}

/** What the media worker does for the trunk's phones beside what was agreed with them. */
export interface TrunkMedia {
  readonly jitterBuffer?: { readonly minDelayMs: number; readonly maxDelayMs: number };
}

export function trunkMedia({ jitterBuffer }: Pick<CallTrunk, 'jitterBuffer'>): TrunkMedia {
  if (jitterBuffer?.mode !== 'adaptive') return {};
  const { minDelayMs, maxDelayMs } = jitterBuffer;
  return { jitterBuffer: { minDelayMs, maxDelayMs } };
}

/** Our side of an SDP session with a phone of that trunk; `address` and `port` are where its RTP shall come. */
export function sipLocal(trunk: CallTrunk, address: string, port: number): SipLocal {
  const sdes = newSdes(trunk.srtp, randomBytes);
  return {
    sessionId: String(randomInt(2 ** 47)),
    version: 1,
    address,
    port,
    codecs: trunk.codecs,
    telephoneEvent: trunk.dtmf === 'auto' || trunk.dtmf === 'rfc4733',
    comfortNoise: trunk.comfortNoise ?? false,
    ptimeMs: trunk.ptimeMs,
    direction: 'sendrecv',
    ...(sdes ? { sdes } : {}),
  };
}

/**
 * One phone of a call, whichever side invited the other: the SDP session, and the dialog once there is one. Tells the
 * call the end of its attempt once, whoever ends it.
 */
export class PhoneSession {
  readonly number: number;
  /** The phone's Allow names INFO. */
  allowsInfo = false;
  /** Nothing more comes of this attempt; called once. */
  onEnd: () => void = () => {};
  /** Answers its REFERs; without it they are refused. */
  onRefer: ((refer: Refer) => ReferAnswer | Promise<ReferAnswer>) | undefined;
  /** Told of what the phone's messages say beside the call. */
  notes: PhoneNotes | undefined;
  readonly #dtmf: DtmfSetting;
  readonly #media: MediaSide;
  readonly #context: SideContext;
  readonly #trunk: TrunkMedia;
  readonly #early: EarlyForks;
  readonly #reportsEarly: boolean;
  /** The plan by which it was heard before it answered. */
  #earlyPlan: PhonePlan | undefined;
  #local: SipLocal;
  #dialog: SipDialog | undefined;
  #plan: PhonePlan | undefined;
  /** `sip.bye`, `sip.byeDone` or `sip.failed` was told: nothing more comes of this attempt. */
  #over = false;
  #held = false;
  /** What a re-INVITE without SDP was offered. */
  #offered: SipLocal | undefined;

  constructor(
    number: number,
    local: SipLocal,
    dtmf: DtmfSetting,
    media: MediaSide,
    context: SideContext,
    trunk: TrunkMedia = {},
    early: EarlyMediaPolicy = 'ignore',
  ) {
    this.#trunk = trunk;
    this.#early = new EarlyForks(local, early);
    this.#reportsEarly = early !== 'ignore';
    this.number = number;
    this.#dtmf = dtmf;
    this.#local = local;
    this.#media = media;
    this.#context = context;
  }

  get dialog(): SipDialog | undefined {
    return this.#dialog;
  }

  /** What was agreed last. */
  get plan(): PhonePlan | undefined {
    return this.#plan;
  }

  offer(): string {
    return buildSipOffer(this.#local);
  }

  /** The answer to our offer. */
  negotiate(answerSdp: string): Result<PhonePlan, SdpProblem> {
    const plan = negotiateSipAnswer(this.#local, answerSdp);
    if (plan.ok) this.#plan = plan.value;
    return plan;
  }

  /** A provisional response: what it changes of what is to be heard. */
  early({ status, sdp, toTag = '', earlyMedia }: Provisional): EarlyChange {
    if (status === 199) return this.#early.ended(toTag);
    const said = earlyMedia === undefined ? 'none' : this.#early.said(toTag, earlyMedia);
    if (sdp === undefined) return said;
    const answered = this.#early.answered(toTag, sdp);
    if (answered.ok) return later(said, answered.value);
    const { code, message: detail } = answered.error;
    if (this.#reportsEarly) this.#context.log.warn({ code, detail }, 'sip.unusable-early-media');
    return said;
  }

  /** P-Early-Media of the early dialog with that tag. */
  earlySaid({ toTag, earlyMedia }: { readonly toTag: string; readonly earlyMedia: EarlyMedia }): EarlyChange {
    return this.#early.said(toTag, earlyMedia);
  }

  /** An offer of an early dialog: our answer, or 488. */
  earlyOffer({
    toTag,
    sdp,
    earlyMedia,
  }: Required<Pick<Provisional, 'toTag' | 'sdp'>> & Pick<Provisional, 'earlyMedia'>):
    | { readonly sdp: string; readonly change: EarlyChange }
    | { readonly status: number } {
    this.#context.step('phone', 'gateway', 'UPDATE');
    const said = earlyMedia === undefined ? 'none' : this.#early.said(toTag, earlyMedia);
    const answer = this.#early.offered(toTag, sdp);
    if (!answer.ok) {
      const { code, message: detail } = answer.error;
      this.#context.log.warn({ code, detail }, 'sip.update-refused');
      return { status: 488 };
    }
    return { sdp: answer.value.sdp, change: later(said, answer.value.change) };
  }

  /** The phone with that tag answered, and its session is what its last UPDATE agreed on; whether there was one. */
  takeEarly(tag: string): boolean {
    const agreed = this.#early.agreed(tag);
    if (!agreed) return false;
    this.#local = agreed.local;
    this.#plan = agreed.plan;
    return true;
  }

  /** Hands the early media to the media worker. */
  connectEarly(): void {
    const { plan } = this.#early;
    // It may be over by now.
    if (!plan) return;
    this.#earlyPlan = plan;
    this.#media.setPhonePlan({ ...plan, ...this.#trunk }, this.number, true);
  }

  /** Another phone rings now, or this one is silent: it is neither heard nor sent to. */
  leaveEarly(): void {
    this.#early.hush();
    if (!this.#earlyPlan) return;
    this.#media.setPhonePlan({ ...this.#earlyPlan, direction: 'inactive', ...this.#trunk }, this.number);
  }

  /** Our answer to the phone's offer; both sides are agreed then. */
  answer(offerSdp: string): Result<string, SdpProblem> {
    const answer = answerSipOffer(this.#local, offerSdp);
    if (!answer.ok) return answer;
    this.#local = answer.value.local;
    this.#plan = answer.value.plan;
    return { ok: true, value: answer.value.answerSdp };
  }

  /** Our offer is in the 200: the answer comes in the ACK. */
  expectAnswer(): string {
    this.#offered = this.#local;
    return buildSipOffer(this.#local);
  }

  /** The phone has the call: hands what was agreed to the media worker, or what will be, when the answer is in the ACK. */
  connect(): void {
    if (!this.#plan && !this.#offered) throw new Error(`attempt ${this.number} has no plan`);
    this.#media.setPhonePlan(this.#mediaPlan, this.number, true);
  }

  /** The dialog is up; call before anything else is done with it. */
  adopt(dialog: SipDialog): void {
    this.#dialog = dialog;
    this.allowsInfo = dialog.allows('INFO');
    dialog.attach({
      onMessage: ({ method, header }) => this.notes?.take(method === 'BYE' ? 'BYE' : 'UPDATE', { header }),
      onBye: ({ q850, reason }) =>
        this.end(() => {
          this.#context.step('phone', 'gateway', 'BYE');
          this.#context.dispatch({ type: 'sip.bye', attempt: this.number, reason, q850 });
        }),
      onLost: (why) =>
        this.end(() =>
          this.#context.dispatch({
            type: 'sip.failed',
            attempt: this.number,
            status: 503,
            reason: why,
            kind: 'control-lost',
          }),
        ),
      onReinvite: async (offerSdp) => this.#reinvited(offerSdp),
      onReinviteAnswer: (sdp) => this.#delayedAnswer(sdp),
      onNoAnswer: () => this.#unagreed('ACK without an answer'),
      onInfo: ({ contentType, body }) => this.#info(contentType, body),
      onRefer: (refer) => this.onRefer?.(refer) ?? { status: 403 },
    });
  }

  /** Tells a hold that the very first session came with; call once the call knows of the dialog. */
  tellFirstHold(): void {
    this.#held = isHeld(this.#plan);
    if (this.#held) this.#context.dispatch({ type: 'sip.held', attempt: this.number, held: true });
  }

  /** Reports `sip.byeDone` when the phone confirmed it, or is not there. */
  bye(reason: SipReason): void {
    const done = (): void =>
      this.end(() => this.#context.dispatch({ type: 'sip.byeDone', attempt: this.number }));
    if (!this.#dialog) return done();
    this.#context.step('gateway', 'phone', 'BYE');
    this.#dialog.bye(reason).then(() => {
      this.#context.step('phone', 'gateway', '200 (BYE)');
      done();
    }, done);
  }

  /** A key of the consumer's that was let go; nothing, where the packet path carries it. */
  sendDtmf(digit: string, durationMs: number): void {
    if (this.#method !== 'info') return;
    this.#dialog?.digit(digit, durationMs).then((result) => {
      if (!result.ok) this.#context.log.warn({ status: result.error.status }, 'sip.dtmf-info-refused');
    }, this.bug);
  }

  end(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.onEnd();
    tell();
  }

  readonly bug = (error: unknown): void => {
    this.#context.dispatch({
      type: 'bug',
      message: error instanceof Error ? (error.stack ?? '') : String(error),
    });
  };

  /** How keys go to this phone now. `rfc4733` without telephone-event in the answer is no way at all. */
  get #method(): 'rfc4733' | 'info' | 'inband' {
    if (this.#dtmf !== 'auto') return this.#dtmf;
    if (this.#plan?.telephoneEvent) return 'rfc4733';
    return this.allowsInfo ? 'info' : 'inband';
  }

  get #mediaPlan(): MediaPhonePlan | undefined {
    if (!this.#plan) return undefined;
    const inband = this.#method === 'inband' ? { inbandDtmf: true } : {};
    return { ...this.#plan, ...inband, ...this.#trunk };
  }

  /** A key that the phone tells of by INFO; taken whatever the trunk's method is. The status to answer. */
  #info(contentType: string, body: string): number {
    const key = readInfoKey(contentType, body);
    if (!key.ok) return key.error;
    const { digit, durationMs } = key.value;
    if (digit !== undefined) this.#media.infoKey(digit, durationMs, this.number);
    return 200;
  }

  /** An offer of the phone's (hold, resume, another codec or address), or a request for ours. */
  #reinvited(offerSdp: string | undefined): { sdp: string } | { status: number } {
    this.#context.step('phone', 'gateway', 're-INVITE');
    if (offerSdp === undefined) {
      this.#offered = { ...this.#local, version: this.#local.version + 1, direction: 'sendrecv' };
      return { sdp: buildSipOffer(this.#offered) };
    }
    const answer = this.answer(offerSdp);
    if (!answer.ok) {
      this.#context.log.warn(
        { code: answer.error.code, detail: answer.error.message },
        'sip.reinvite-refused',
      );
      return { status: 488 };
    }
    this.#replan();
    return { sdp: answer.value };
  }

  #delayedAnswer(answerSdp: string): void {
    const offered = this.#offered;
    if (!offered) return;
    this.#offered = undefined;
    const plan = negotiateSipAnswer(offered, answerSdp);
    if (!plan.ok) {
      this.#context.log.warn({ code: plan.error.code, detail: plan.error.message }, 'sip.unusable-answer');
      return this.#unagreed(plan.error.message);
    }
    this.#local = offered;
    this.#plan = plan.value;
    this.#replan();
  }

  /** RFC 3261 13.2.2.4: without a session ever agreed the call is useless to both; one that there is goes on. */
  #unagreed(why: string): void {
    this.#offered = undefined;
    if (this.#plan) return;
    this.end(() => {
      this.#context.step('gateway', 'phone', 'BYE');
      this.#dialog?.bye({ protocol: 'SIP', cause: 488, text: 'Not Acceptable Here' }).catch(this.bug);
      this.#context.dispatch({
        type: 'sip.failed',
        attempt: this.number,
        status: 488,
        reason: why,
        kind: 'response',
      });
    });
  }

  #replan(): void {
    if (!this.#plan) return;
    this.#media.setPhonePlan(this.#mediaPlan, this.number);
    const held = isHeld(this.#plan);
    if (held === this.#held) return;
    this.#held = held;
    this.#context.dispatch({ type: 'sip.held', attempt: this.number, held });
  }
}

/** The phone does not listen: RFC 3264 8.4, from our side. */
const isHeld = (plan: PhonePlan | undefined): boolean =>
  plan?.direction === 'recvonly' || plan?.direction === 'inactive';
