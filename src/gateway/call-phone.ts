import type { CallTarget, Refusal, SipReason } from '../call/index.ts';
import {
  type Caller,
  isRedirect,
  type RedirectPlace,
  RedirectTrail,
  type RoutedTarget,
} from '../routing/index.ts';
import type { InviteFailure, OutboundInvite, SipControl, SipDialog } from '../sip/index.ts';
import type { MediaSide } from './call-media.ts';
import type { CallNotes } from './call-notes.ts';
import type { SideContext } from './call-runner.ts';
import type { EarlyChange, EarlyMediaPolicy } from './early-forks.ts';
import { inviteBy } from './invite-options.ts';
import type { PhoneHooks } from './phone-hooks.ts';
import { notThisWay, type PhoneLeg } from './phone-leg.ts';
import { type CallTrunk, PhoneSession, sipLocal, trunkMedia } from './phone-session.ts';
import { historyFor, type RedirectHistory } from './redirect-history.ts';
import type { Refusal as TrunkRefusal } from './trunks/board.ts';
import type { CallSeats } from './trunks/call-seats.ts';
import type { InviteOutcome } from './trunks/watch.ts';
import type { TrunkWay } from './trunks/ways.ts';

export interface PhoneSideOptions {
  readonly sip: SipControl;
  readonly caller: Caller;
  readonly targets: readonly RoutedTarget[];
  readonly trunks: Readonly<Record<string, CallTrunk>>;
  /** What is made of what phones let be heard before they answer; default: nothing. */
  readonly earlyMedia?: EarlyMediaPolicy;
  /** Address to write into SDP in place of the bound one. */
  readonly externalAddress?: string;
  /** How a trunk is reached now; undefined while it is not. */
  readonly wayTo: (trunk: string) => TrunkWay | undefined;
  /** The room of this call at its trunks. */
  readonly seats: CallSeats;
  /** Without it no target is passed by. */
  readonly isUp?: (trunk: string) => boolean;
  /** What an INVITE to a trunk met. */
  readonly onOutcome: (trunk: string, outcome: InviteOutcome) => void;
  readonly hooks?: PhoneHooks;
  /** That phone has the call, and nothing was heard of it yet. */
  readonly onConnect?: (target: RoutedTarget) => void;
  readonly notes?: CallNotes | undefined;
  /** Where a 3xx may lead, or why it may not; without it none is followed. */
  readonly redirect?:
    | {
        readonly allowed: (uri: string, from: string) => RedirectPlace | string;
        readonly targetAt: (place: RedirectPlace) => RoutedTarget | undefined;
      }
    | undefined;
}

type Skipped = TrunkRefusal | typeof GONE | typeof NOWHERE;
const GONE = { ok: false, code: 'TRUNK_DOWN' } as const;
const NOWHERE = { ok: false, code: 'TRUNK_NOT_REGISTERED' } as const;

interface Attempt {
  readonly session: PhoneSession;
  readonly trunk: string;
  readonly ringing: Ringing;
  /** The trunk sent a response. */
  heard: boolean;
  invite?: OutboundInvite;
}

/** Whom an attempt rings now: a target of the route, or whom that one's 3xx led to. */
interface Ringing {
  readonly number: number;
  readonly target: RoutedTarget;
  readonly callerName: string | undefined;
  readonly trail: RedirectTrail;
  /** Of the 3xx that led here. */
  readonly history?: RedirectHistory;
}

/** Somebody's decision (RFC 3261 21.4.24, 21.6): nobody else is called for this one. */
const DECIDED = new Set([486, 600, 603, 607, 608]);

/** The phone's side of a call that we ring for: INVITEs one target after the other, then one dialog. */
export class PhoneSide implements PhoneLeg {
  readonly #options: PhoneSideOptions;
  readonly #media: MediaSide;
  readonly #context: SideContext;
  readonly #attempts = new Map<number, Attempt>();
  #talking: PhoneSession | undefined;
  /** Whose early media is bridged. */
  #early: PhoneSession | undefined;
  /** The call was given up past its table: nobody asks for the BYE of a 200 that comes now. */
  #abandoned = false;

  constructor(options: PhoneSideOptions, media: MediaSide, context: SideContext) {
    this.#options = options;
    this.#media = media;
    this.#context = context;
  }

  get codec(): string | undefined {
    return this.#talking?.plan?.codec;
  }

  invite(number: number, wanted: CallTarget, callerName: string | undefined): void {
    const { targets } = this.#options;
    const target =
      targets.find((each) => each === wanted) ?? targets.find(({ name }) => name === wanted.name);
    if (!target) throw new Error(`no target ${wanted.name}`);
    this.#ring({ number, target, callerName, trail: new RedirectTrail(target) });
  }

  #ring(ringing: Ringing): void {
    const { number, target, callerName, history } = ringing;
    const { sip, caller, trunks, externalAddress, earlyMedia = 'ignore', hooks, notes } = this.#options;
    const trunk = trunks[target.trunk];
    const phone = this.#media.phone;
    if (!trunk || !phone) throw new Error(`no trunk or port for ${target.name}`);
    const way = this.#options.wayTo(target.trunk);
    if (!way) return this.#skip(number, target, NOWHERE);
    const seat = this.#passes(target) ? GONE : this.#options.seats.take(target.trunk);
    if (!seat.ok) return this.#skip(number, target, seat);
    const local = sipLocal(trunk, externalAddress ?? phone.address, phone.port);
    const session = new PhoneSession(
      number,
      local,
      trunk.dtmf,
      this.#media,
      this.#context,
      trunkMedia(trunk),
      earlyMedia,
    );
    this.#early?.leaveEarly();
    this.#early = undefined;
    session.onEnd = seat.release;
    session.onRefer = hooks && ((refer) => hooks.onRefer(number, target.trunk, refer));
    session.notes = notes?.of(trunk);
    const attempt: Attempt = { session, trunk: target.trunk, ringing, heard: false };
    this.#attempts.set(number, attempt);
    this.#context.step('gateway', 'phone', `INVITE ${target.name}`);
    let status = 183;
    const change = (what: EarlyChange): void => {
      if (what !== 'none') this.#progress(session, status, what);
    };
    attempt.invite = inviteBy(
      sip,
      way,
      {
        ...{ target, trunk, sdp: session.offer(), caller: { ...caller, name: callerName } },
        history: history && historyFor(target.trunk, history, trunks),
      },
      {
        onSent: ({ callId }) => this.#context.dialog?.(callId),
        onProvisional: (provisional) => {
          ({ status } = provisional);
          this.#context.step('phone', 'gateway', `${status} ${provisional.reason}`);
          this.#heard(attempt, { kind: 'response', status });
          this.#progress(session, status, session.early(provisional), provisional.reason);
        },
        onEarlyMedia: (said) => change(session.earlySaid(said)),
        onUpdate: (update) => {
          const answer = session.earlyOffer(update);
          if ('change' in answer) change(answer.change);
          return answer;
        },
        onAnswered: ({ dialog, sdp, isUpdated, header }) => {
          if (this.#abandoned) return void dialog.bye().catch(() => {});
          this.#heard(attempt, { kind: 'response', status: 200 });
          hooks?.onDialog(number, target.trunk, dialog, target.user);
          session.notes?.take('200', { header });
          this.#answered(session, dialog, sdp, isUpdated);
        },
        onFailed: (failure) => {
          const outcome = outcomeOf(failure, attempt.heard);
          if (outcome) this.#heard(attempt, outcome);
          this.#failed(attempt, failure);
        },
      },
    );
  }

  cancel(number: number, reason: SipReason): void {
    this.#context.step('gateway', 'phone', 'CANCEL');
    const attempt = this.#attempts.get(number);
    // Before it is confirmed: a trunk that is gone never does, and should be asked now.
    if (attempt && !attempt.heard) this.#heard(attempt, { kind: 'doubt' });
    attempt?.invite?.cancel(reason);
  }

  bye(number: number, reason: SipReason): void {
    const session = this.#attempts.get(number)?.session;
    if (session) session.bye(reason);
    else this.#context.dispatch({ type: 'sip.byeDone', attempt: number });
  }

  /** Hands the phone's answer to the media worker; a codec that nobody shares was told before, by `sip.failed`. */
  connect(number: number): void {
    const attempt = this.#attempts.get(number);
    if (!attempt) throw new Error(`there is no attempt ${number}`);
    const { session, ringing } = attempt;
    this.#talking = session;
    this.#options.onConnect?.(ringing.target);
    session.connect();
  }

  /** Hands what the phone lets be heard before it answers to the media worker. */
  connectEarly(number: number): void {
    const session = this.#attempts.get(number)?.session;
    if (!session) throw new Error(`there is no attempt ${number}`);
    this.#early = session;
    session.connectEarly();
  }

  sendDtmf(number: number, digit: string, durationMs: number): void {
    this.#attempts.get(number)?.session.sendDtmf(digit, durationMs);
  }

  ring(): void {
    notThisWay('180');
  }

  answer(): void {
    notThisWay('200');
  }

  refuse(_attempt: number, refusal: Refusal): void {
    notThisWay(String(refusal.status));
  }

  abandon(): void {
    this.#abandoned = true;
    for (const { session, invite } of this.#attempts.values()) {
      invite?.cancel();
      session.dialog?.bye().catch(() => {});
    }
    this.#options.seats.close();
  }

  /**
   * Its trunk went down since the order was made, and a later one of the same route is up. Whom a 3xx led to has no
   * place in the order.
   */
  #passes(target: RoutedTarget): boolean {
    const { targets, isUp = () => true } = this.#options;
    const place = targets.indexOf(target);
    if (place < 0 || isUp(target.trunk)) return false;
    return targets.slice(place + 1).some(({ way, trunk }) => way === target.way && isUp(trunk));
  }

  /** Nothing is sent: the next target is tried, as if this one could not be reached. */
  #skip(attempt: number, { trunk, name }: RoutedTarget, { code }: Skipped): void {
    this.#context.log.info({ trunk, target: name, code }, 'trunk.skipped');
    const failed = { type: 'sip.failed', attempt, kind: 'not-sent', status: 503, reason: code } as const;
    queueMicrotask(() => this.#context.dispatch(failed));
  }

  /** Whom to ring in place of one that failed: where its 3xx leads, or what an earlier 3xx left. */
  #sentOn({ ringing }: Attempt, failure: InviteFailure): Ringing | undefined {
    const { redirect, notes } = this.#options;
    const { kind, status, contacts = [], history } = failure;
    if (!redirect || kind === 'cancelled' || kind === 'control-lost' || DECIDED.has(status)) return undefined;
    const { trail, target } = ringing;
    // Whose call is taken over is at that PBX and nowhere else (RFC 3891 section 4).
    if (Object.keys(target.headers ?? {}).some((name) => name.toLowerCase() === 'replaces')) return undefined;
    const from = target.name;
    const refused = (why: string): void => {
      this.#context.log.info({ status, target: from, why }, 'redirect.not-followed');
      notes?.redirected({ status, from, refused: why });
    };
    if (kind === 'response' && isRedirect(status))
      for (const why of trail.take({ status, contacts, user: target.user }, (uri) =>
        redirect.allowed(uri, target.trunk),
      ))
        refused(why);
    const place = trail.next();
    if (place === undefined) return undefined;
    if (place === 'too-many') {
      refused(place);
      return undefined;
    }
    const to = redirect.targetAt(place);
    if (!to) return undefined;
    this.#context.log.info({ status, target: from, trunk: to.trunk }, 'redirect.followed');
    notes?.redirected({ status, from, to: to.name });
    const { headers, route } = target;
    const kept = { ...to, route, ...(headers ? { headers: { ...headers, ...to.headers } } : {}) };
    const said = history ? [{ trunk: target.trunk, headers: history }] : [];
    return { ...ringing, target: kept, history: [...(ringing.history ?? []), ...said] };
  }

  #heard(attempt: Attempt, outcome: InviteOutcome): void {
    attempt.heard ||= outcome.kind === 'response';
    this.#options.onOutcome(attempt.trunk, outcome);
  }

  /** Tells a 18x, or what came in an early dialog since. */
  #progress(session: PhoneSession, status: number, change: EarlyChange, reason?: string): void {
    if (change === 'over') session.leaveEarly();
    const { number: attempt } = session;
    const what = { hasSdp: change === 'heard', ...(change === 'over' ? { ceases: true } : {}) };
    this.#context.dispatch({ type: 'sip.progress', attempt, status, reason, ...what });
  }

  #answered(session: PhoneSession, dialog: SipDialog, answerSdp: string, isUpdated: boolean): void {
    const attempt = session.number;
    this.#context.step('phone', 'gateway', '200 OK');
    this.#context.step('gateway', 'phone', 'ACK');
    session.adopt(dialog);
    const isAgreed = isUpdated && session.takeEarly(dialog.remoteTag);
    const plan = isAgreed ? undefined : session.negotiate(answerSdp);
    if (plan?.ok === false) {
      // RFC 3261 section 13.2.2.4: an answer that is of no use still made a dialog; end it, try the next target.
      this.#context.log.warn({ code: plan.error.code, detail: plan.error.message }, 'sip.unusable-answer');
      dialog.bye({ protocol: 'SIP', cause: 488, text: 'Not Acceptable Here' }).catch(session.bug);
      const failed = { status: 488, reason: plan.error.message, kind: 'response' } as const;
      return session.end(() => this.#context.dispatch({ type: 'sip.failed', attempt, ...failed }));
    }
    const { callId, localTag, remoteTag } = dialog;
    this.#context.dispatch({
      type: 'sip.answered',
      attempt,
      dialog: { callId, localTag, remoteTag },
    });
    session.tellFirstHold();
  }

  #failed(from: Attempt, failure: InviteFailure): void {
    const { session } = from;
    const attempt = session.number;
    this.#context.step('phone', 'gateway', `${failure.status} ${failure.reason}`);
    const next = this.#sentOn(from, failure);
    if (next) {
      session.end(() => {});
      try {
        return this.#ring(next);
      } catch (error) {
        return session.bug(error);
      }
    }
    session.end(() => {
      const { kind, status, reason, q850, retryAfterS } = failure;
      if (kind === 'cancelled') return this.#context.dispatch({ type: 'sip.cancelled', attempt });
      this.#context.dispatch({ type: 'sip.failed', attempt, kind, status, reason, q850, retryAfterS });
    });
  }
}

/** What the end of an INVITE tells of its trunk; nothing, when it was ours or the SIP server's. */
function outcomeOf(
  { kind, status, reason, retryAfterS }: InviteFailure,
  heard: boolean,
): InviteOutcome | undefined {
  switch (kind) {
    case 'response':
      return { kind, status, retryAfterS };
    case 'timeout':
      return heard ? undefined : { kind: 'silence', why: reason };
    case 'transport':
      // 400: our own configuration made no message of it.
      return status === 400 ? undefined : { kind: 'silence', why: reason };
    case 'cancelled':
    case 'control-lost':
      return undefined;
  }
}
