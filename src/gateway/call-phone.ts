import { randomInt } from 'node:crypto';
import type { CallTarget, SipReason } from '../call/index.ts';
import { type Caller, invitePlan, type RoutedTarget } from '../routing/index.ts';
import {
  answerSipOffer,
  buildSipOffer,
  negotiateSipAnswer,
  type PhonePlan,
  type SipCodec,
  type SipLocal,
} from '../sdp/index.ts';
import type { InviteFailure, OutboundInvite, SipControl, SipDialog } from '../sip/index.ts';
import type { MediaSide } from './call-media.ts';
import type { SideContext } from './call-runner.ts';

/** What a call needs to know of a trunk; the configuration's trunks fit. */
export interface CallTrunk {
  readonly fromDomain?: string;
  readonly codecs: readonly SipCodec[];
  readonly telephoneEvent: boolean;
  readonly ptimeMs: number;
  readonly credentials?: { readonly username: string; readonly password: string };
}

export interface PhoneSideOptions {
  readonly sip: SipControl;
  readonly caller: Caller;
  readonly targets: readonly RoutedTarget[];
  readonly trunks: Readonly<Record<string, CallTrunk>>;
  /** Address to write into SDP in place of the bound one. */
  readonly externalAddress?: string;
}

interface Attempt {
  readonly number: number;
  local: SipLocal;
  invite?: OutboundInvite;
  dialog?: SipDialog;
  /** The phone's answer, until `connect` asks for it. */
  plan?: PhonePlan;
  /** `sip.bye`, `sip.byeDone` or `sip.failed` was told: nothing more comes of this attempt. */
  over: boolean;
  held: boolean;
  /** What a re-INVITE without SDP was offered. */
  offered?: SipLocal;
}

/** The phone's side of one call: INVITEs one target after the other, then one dialog. */
export class PhoneSide {
  readonly #options: PhoneSideOptions;
  readonly #media: MediaSide;
  readonly #context: SideContext;
  readonly #attempts = new Map<number, Attempt>();
  #codec: string | undefined;

  constructor(options: PhoneSideOptions, media: MediaSide, context: SideContext) {
    this.#options = options;
    this.#media = media;
    this.#context = context;
  }

  /** Agreed with the phone that answered, for the record. */
  get codec(): string | undefined {
    return this.#codec;
  }

  invite(number: number, wanted: CallTarget, callerName: string | undefined): void {
    const { sip, caller, targets, trunks } = this.#options;
    const target = targets.find(({ name }) => name === wanted.name);
    const trunk = target && trunks[target.trunk];
    const phone = this.#media.phone;
    if (!target || !trunk || !phone) throw new Error(`no target, trunk or port for ${wanted.name}`);
    const local: SipLocal = {
      sessionId: String(randomInt(2 ** 47)),
      version: 1,
      address: this.#options.externalAddress ?? phone.address,
      port: phone.port,
      codecs: trunk.codecs,
      telephoneEvent: trunk.telephoneEvent,
      ptimeMs: trunk.ptimeMs,
      direction: 'sendrecv',
    };
    const attempt: Attempt = { number, local, over: false, held: false };
    this.#attempts.set(number, attempt);
    const plan = invitePlan(target, trunk, { ...caller, name: callerName });
    this.#context.step('gateway', 'phone', `INVITE ${target.name}`);
    attempt.invite = sip.invite(
      {
        ...plan,
        sdp: buildSipOffer(local),
        ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
      },
      {
        onProvisional: ({ status, reason, sdp }) => {
          this.#context.step('phone', 'gateway', `${status} ${reason}`);
          this.#context.dispatch({
            type: 'sip.progress',
            attempt: number,
            status,
            hasSdp: sdp !== undefined,
          });
        },
        onAnswered: ({ dialog, sdp }) => this.#answered(attempt, dialog, sdp),
        onFailed: (failure) => this.#failed(attempt, failure),
      },
    );
  }

  cancel(number: number, reason: SipReason): void {
    this.#context.step('gateway', 'phone', 'CANCEL');
    this.#attempts.get(number)?.invite?.cancel(reason);
  }

  bye(number: number, reason: SipReason): void {
    const attempt = this.#attempts.get(number);
    const done = (): void =>
      this.#end(attempt, () => this.#context.dispatch({ type: 'sip.byeDone', attempt: number }));
    if (!attempt?.dialog) return done();
    this.#context.step('gateway', 'phone', 'BYE');
    attempt.dialog.bye(reason).then(() => {
      this.#context.step('phone', 'gateway', '200 (BYE)');
      done();
    }, done);
  }

  /** Hands the phone's answer to the media worker; a codec that nobody shares was told before, by `sip.failed`. */
  connect(number: number): void {
    const plan = this.#attempts.get(number)?.plan;
    if (!plan) throw new Error(`attempt ${number} has no plan`);
    this.#codec = plan.codec;
    this.#media.setPhonePlan(plan);
  }

  /** `application/dtmf-relay`, as Asterisk and Cisco read it. */
  sendDtmf(number: number, digit: string, durationMs: number): void {
    const dialog = this.#attempts.get(number)?.dialog;
    const body = `Signal=${digit}\r\nDuration=${durationMs}\r\n`;
    dialog?.info('application/dtmf-relay', body).then((result) => {
      if (!result.ok) this.#context.log.warn({ status: result.error.status }, 'sip.dtmf-info-refused');
    }, this.#bug);
  }

  /** After a bug: ends whatever is there, by hand. */
  abandon(): void {
    for (const { dialog, invite } of this.#attempts.values()) {
      invite?.cancel();
      dialog?.bye().catch(() => {});
    }
  }

  #answered(attempt: Attempt, dialog: SipDialog, answerSdp: string): void {
    const { number } = attempt;
    this.#context.step('phone', 'gateway', '200 OK');
    this.#context.step('gateway', 'phone', 'ACK');
    attempt.dialog = dialog;
    dialog.attach({
      onBye: ({ q850, reason }) =>
        this.#end(attempt, () => {
          this.#context.step('phone', 'gateway', 'BYE');
          this.#context.dispatch({ type: 'sip.bye', attempt: number, reason, q850 });
        }),
      onLost: (why) =>
        this.#end(attempt, () =>
          this.#context.dispatch({
            type: 'sip.failed',
            attempt: number,
            status: 503,
            reason: why,
            kind: 'control-lost',
          }),
        ),
      onReinvite: async (offerSdp) => this.#reinvited(attempt, offerSdp),
      onReinviteAnswer: (sdp) => this.#delayedAnswer(attempt, sdp),
    });
    const plan = negotiateSipAnswer(attempt.local, answerSdp);
    if (!plan.ok) {
      // RFC 3261 section 13.2.2.4: an answer that is of no use still made a dialog; end it, try the next target.
      this.#context.log.warn({ code: plan.error.code, detail: plan.error.message }, 'sip.unusable-answer');
      dialog.bye({ protocol: 'SIP', cause: 488, text: 'Not Acceptable Here' }).catch(this.#bug);
      const failed = { status: 488, reason: plan.error.message, kind: 'response' } as const;
      return this.#end(attempt, () =>
        this.#context.dispatch({ type: 'sip.failed', attempt: number, ...failed }),
      );
    }
    attempt.plan = plan.value;
    const { callId, localTag, remoteTag } = dialog;
    this.#context.dispatch({
      type: 'sip.answered',
      attempt: number,
      dtmf: plan.value.telephoneEvent ? 'rtp' : 'info',
      dialog: { callId, localTag, remoteTag },
    });
  }

  #failed(attempt: Attempt, failure: InviteFailure): void {
    const { number } = attempt;
    this.#context.step('phone', 'gateway', `${failure.status} ${failure.reason}`);
    this.#end(attempt, () => {
      const { kind, status, reason, q850, retryAfterS } = failure;
      if (kind === 'cancelled') return this.#context.dispatch({ type: 'sip.cancelled', attempt: number });
      this.#context.dispatch({
        type: 'sip.failed',
        attempt: number,
        kind,
        status,
        reason,
        q850,
        retryAfterS,
      });
    });
  }

  /** An offer of the phone's (hold, resume, another codec or address), or a request for ours. */
  #reinvited(attempt: Attempt, offerSdp: string | undefined): { sdp: string } | { status: number } {
    this.#context.step('phone', 'gateway', 're-INVITE');
    if (offerSdp === undefined) {
      attempt.offered = { ...attempt.local, version: attempt.local.version + 1, direction: 'sendrecv' };
      return { sdp: buildSipOffer(attempt.offered) };
    }
    const answer = answerSipOffer(attempt.local, offerSdp);
    if (!answer.ok) {
      this.#context.log.warn(
        { code: answer.error.code, detail: answer.error.message },
        'sip.reinvite-refused',
      );
      return { status: 488 };
    }
    attempt.local = answer.value.local;
    this.#replan(attempt, answer.value.plan);
    return { sdp: answer.value.answerSdp };
  }

  #delayedAnswer(attempt: Attempt, answerSdp: string): void {
    const offered = attempt.offered;
    if (!offered) return;
    delete attempt.offered;
    const plan = negotiateSipAnswer(offered, answerSdp);
    if (!plan.ok) {
      this.#context.log.warn({ code: plan.error.code, detail: plan.error.message }, 'sip.unusable-answer');
      return;
    }
    attempt.local = offered;
    this.#replan(attempt, plan.value);
  }

  #replan(attempt: Attempt, plan: PhonePlan): void {
    attempt.plan = plan;
    this.#codec = plan.codec;
    this.#media.setPhonePlan(plan);
    const held = plan.direction === 'recvonly' || plan.direction === 'inactive';
    if (held === attempt.held) return;
    attempt.held = held;
    this.#context.dispatch({ type: 'sip.held', attempt: attempt.number, held });
  }

  /** The call hears the end of an attempt once, whoever ends it. */
  #end(attempt: Attempt | undefined, tell: () => void): void {
    if (attempt?.over) return;
    if (attempt) attempt.over = true;
    tell();
  }

  readonly #bug = (error: unknown): void => {
    this.#context.dispatch({
      type: 'bug',
      message: error instanceof Error ? (error.stack ?? '') : String(error),
    });
  };
}
