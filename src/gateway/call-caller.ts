import type { Refusal, SipReason } from '../call/index.ts';
import type { IncomingInvite } from '../sip/index.ts';
import type { MediaSide } from './call-media.ts';
import type { CallNotes } from './call-notes.ts';
import type { SideContext } from './call-runner.ts';
import type { PhoneHooks } from './phone-hooks.ts';
import { notThisWay, type PhoneLeg } from './phone-leg.ts';
import { type CallTrunk, PhoneSession, sipLocal, trunkMedia } from './phone-session.ts';

export interface CallerSideOptions {
  readonly invite: IncomingInvite;
  readonly trunk: CallTrunk;
  readonly trunkName?: string;
  readonly hooks?: PhoneHooks;
  /** Another phone has the call until `connect`. */
  readonly takesOver?: boolean;
  /** Address to write into SDP in place of the bound one. */
  readonly externalAddress?: string;
  /** Its room at the trunk, given back when the phone is gone; `release` may be called again for nothing. */
  readonly seat: { release(): void };
  readonly notes?: CallNotes;
}

/** The phone's side of a call that the phone places: one INVITE of its own, which waits for our answer. */
export class CallerSide implements PhoneLeg {
  readonly #options: CallerSideOptions;
  readonly #media: MediaSide;
  readonly #context: SideContext;
  #session: PhoneSession | undefined;
  /** The CANCEL came, or the connection to the SIP server went, before our final response. */
  #gone = false;
  /** Nobody looks after the call any more: what still comes up is hung up. */
  #abandoned = false;

  constructor(options: CallerSideOptions, media: MediaSide, context: SideContext) {
    this.#options = options;
    this.#media = media;
    this.#context = context;
    context.step('phone', 'gateway', `INVITE ${options.invite.user}`);
    context.dialog?.(options.invite.callId);
  }

  /** Listens for the CANCEL, which may have come already; called once the call can take events. */
  watch(): void {
    const { invite, trunk, notes } = this.#options;
    notes?.of(trunk).take('INVITE', { header: (name) => invite.header(name) });
    invite.onCancel(() => {
      if (this.#gone) return;
      this.#gone = true;
      this.#options.seat.release();
      this.#context.step('phone', 'gateway', 'CANCEL');
      this.#context.dispatch({ type: 'sip.cancelled', attempt: 1 });
    });
    // Meta may never tell that it rings, and a SIP server that is told nothing for a minute gives the call up.
    invite.progress(100);
  }

  get codec(): string | undefined {
    return this.#session?.plan?.codec;
  }

  ring(): void {
    this.#context.step('gateway', 'phone', '180 Ringing');
    this.#options.invite.progress(180);
  }

  answer(attempt: number): void {
    const { invite, trunk, trunkName = '', hooks, takesOver, externalAddress } = this.#options;
    const phone = this.#media.phone;
    if (!phone) throw new Error('there is no port for the phone');
    const local = sipLocal(trunk, externalAddress ?? phone.address, phone.port);
    const session = new PhoneSession(
      attempt,
      local,
      trunk.dtmf,
      this.#media,
      this.#context,
      trunkMedia(trunk),
    );
    session.allowsInfo = invite.allows('INFO');
    session.notes = this.#options.notes?.of(trunk);
    session.onEnd = () => this.#options.seat.release();
    session.onRefer = hooks && ((refer) => hooks.onRefer(attempt, trunkName, refer));
    this.#session = session;
    const failed = (status: number, reason: string): void =>
      session.end(() =>
        this.#context.dispatch({ type: 'sip.failed', attempt, status, reason, kind: 'response' }),
      );
    let sdp: string;
    if (invite.sdp === undefined) sdp = session.expectAnswer();
    else {
      const answer = session.answer(invite.sdp);
      if (!answer.ok) {
        this.#refuse(488, answer.error.message);
        return failed(488, answer.error.message);
      }
      sdp = answer.value;
      if (!takesOver) session.connect();
    }
    this.#context.step('gateway', 'phone', '200 OK');
    invite.accept(sdp, trunk.sessionTimer).then((accepted) => {
      if (!accepted.ok) return failed(accepted.error.status, accepted.error.reason);
      const dialog = accepted.value;
      if (this.#abandoned) return void dialog.bye();
      hooks?.onDialog(attempt, trunkName, dialog, undefined);
      session.adopt(dialog);
      const { callId, localTag, remoteTag } = dialog;
      this.#context.dispatch({
        type: 'sip.answered',
        attempt,
        dialog: { callId, localTag, remoteTag },
      });
      session.tellFirstHold();
    }, session.bug);
  }

  refuse(_attempt: number, { status, phrase, retryAfterS }: Refusal, reason: SipReason): void {
    this.#context.step('gateway', 'phone', `${status}${phrase === undefined ? '' : ` ${phrase}`}`);
    this.#options.seat.release();
    this.#options.invite.reject(status, {
      reason,
      ...(phrase === undefined ? {} : { phrase }),
      ...(retryAfterS === undefined ? {} : { headers: { 'Retry-After': String(retryAfterS) } }),
    });
  }

  bye(attempt: number, reason: SipReason): void {
    if (this.#session) this.#session.bye(reason);
    else this.#context.dispatch({ type: 'sip.byeDone', attempt });
  }

  sendDtmf(_attempt: number, digit: string, durationMs: number): void {
    this.#session?.sendDtmf(digit, durationMs);
  }

  invite(): void {
    notThisWay('INVITE');
  }

  cancel(): void {
    notThisWay('CANCEL');
  }

  connect(): void {
    if (!this.#options.takesOver) notThisWay('connectPhone');
    this.#session?.connect();
  }

  connectEarly(): void {
    notThisWay('connectEarly');
  }

  abandon(): void {
    this.#abandoned = true;
    this.#refuse(500, 'Server Internal Error');
    this.#session?.dialog?.bye().catch(() => {});
    this.#options.seat.release();
  }

  #refuse(status: number, phrase: string): void {
    this.#options.invite.reject(status, { phrase });
  }
}
