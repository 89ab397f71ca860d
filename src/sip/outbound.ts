import type { TimerHandle } from '../shared/clock.ts';
import { ChallengeAnswers } from './challenge.ts';
import { type OnLink, safely } from './context.ts';
import type { Dialog } from './dialog.ts';
import { EarlyDialogs } from './early-dialogs.ts';
import { earlyMediaOf } from './early-media.ts';
import { CONTROL_LOST, failureOfResponse } from './failure.ts';
import { cleanText, parseNameAddr } from './grammar.ts';
import { ALLOW, cleanHeaders, formatFrom, routed, SUPPORTED, unusable } from './headers.ts';
import type { InboundRequest, InboundResponse, SentRequest } from './link.ts';
import { dialogEnd, type KeptOrphan } from './orphans.ts';
import { prack } from './prack.ts';
import { formatReason, type Reason } from './reason.ts';
import { askedSession, raisedWish } from './session-expires.ts';
import { sdpOf } from './transact.ts';
import type {
  InviteEvents,
  InviteFailure,
  InviteOptions,
  OutboundInvite,
  SessionTimerWish,
} from './types.ts';

const DEFAULT_RING_MS = 120_000;
/** drachtio-server (1.0.0) never answers requests beyond its 12,228-byte buffer; the embedded server has no such limit. */
const LARGE_BYTES = 10_000;
/** 422 answers that are followed: each proxy on the way may have a least session interval of its own. */
const MAX_RAISES = 3;
/** After a CANCEL or our time limit, how long a crossing 200 is still expected: 64*T1 (RFC 3261 9.1). */
const AFTERMATH_MS = 32_000;

const CANCELLED: InviteFailure = { status: 487, reason: 'Request Terminated', kind: 'cancelled' };
const RING_TIMEOUT: InviteFailure = { status: 408, reason: 'no answer in time', kind: 'timeout' };

/** What the control does for an invite. */
export interface InviteOwner {
  /** A dialog came up and must get its requests from now on. */
  adopt(facts: ConstructorParameters<typeof Dialog>[1]): Dialog;
  /** It is on the wire, or once more for a challenge. */
  sent(invite: Outbound): void;
  /** Settled, and no response is expected any more. */
  leave(invite: Outbound): void;
}

/**
 * One INVITE through its challenges to its end. Its invariant: `#settle` runs its event once, and every 2xx is ACKed,
 * and BYEd unless it became the answer.
 */
export class Outbound implements OutboundInvite {
  readonly #on: OnLink;
  readonly #options: InviteOptions;
  readonly #events: InviteEvents;
  readonly #owner: InviteOwner;
  #answers: ChallengeAnswers;
  #sessionTimer: SessionTimerWish | undefined;
  #raises = 0;
  readonly #timers = new Set<TimerHandle>();
  readonly #early: EarlyDialogs;
  /** Resolves when settled and no response is expected any more. */
  readonly over: Promise<void>;
  #resolveOver: () => void = () => {};
  #sent: SentRequest | undefined;
  #cancelling: { readonly reason: Reason | undefined } | undefined;
  #settled = false;
  #over = false;

  constructor(on: OnLink, options: InviteOptions, events: InviteEvents, owner: InviteOwner) {
    this.#on = on;
    this.#options = options;
    this.#events = events;
    this.#owner = owner;
    this.#early = new EarlyDialogs(on, events);
    this.#answers = new ChallengeAnswers(options.credentials, on.random);
    this.#sessionTimer = options.sessionTimer;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    this.#after(options.ringTimeoutMs ?? DEFAULT_RING_MS, () => {
      this.#settleFailed(RING_TIMEOUT);
      this.#cancel({ protocol: 'SIP', cause: 408, text: 'no answer in time' });
    });
    queueMicrotask(() => this.#start());
  }

  /** '' until sent. */
  get callId(): string {
    return this.#sent?.callId ?? '';
  }

  /** For a CANCEL on a later link, when this one is lost, or by a later process; undefined: nothing was sent. */
  get orphan(): KeptOrphan | undefined {
    if (!this.#sent) return undefined;
    const { transactionId, uri, callId } = this.#sent;
    return { id: `invite ${callId}`, item: { kind: 'invite', transactionId, uri } };
  }

  cancel(reason?: Reason) {
    if (this.#settled || this.#cancelling) return;
    this.#after(this.#on.requestTimeoutMs, () => this.#settleFailed(CANCELLED));
    this.#cancel(reason);
  }

  /** An UPDATE of one of its early dialogs. */
  onUpdate(request: InboundRequest) {
    this.#early.onUpdate(request, !this.#settled && !this.#cancelling);
  }

  /** The link went. */
  lost() {
    this.#settleFailed(CONTROL_LOST);
    this.#leave();
  }

  #start() {
    const options = this.#options;
    if (this.#cancelling || this.#over) return this.#finish(CANCELLED);
    const bad = unusable(options);
    if (bad !== undefined) return this.#finish({ status: 400, reason: `unusable ${bad}`, kind: 'transport' });
    const { headers, rejected } = cleanHeaders(options.headers);
    if (rejected.length > 0) this.#on.log.warn({ headers: rejected }, 'sip.header-not-sent');
    const bytes = Buffer.byteLength(options.sdp) + Buffer.byteLength(Object.entries(headers).join());
    if (bytes > LARGE_BYTES) this.#on.log.warn({ bytes }, 'sip.large-request');
    this.#send({
      ...headers,
      From: formatFrom(options.from),
      ...(options.to !== undefined && { To: `<${options.to}>` }),
      'User-Agent': this.#on.userAgent,
      Allow: ALLOW,
      Supported: SUPPORTED,
      ...askedSession(this.#sessionTimer),
      ...(options.require !== undefined && { Require: cleanText(options.require) }),
      ...routed(options).headers,
      'Content-Type': 'application/sdp',
    });
  }

  #send(headers: Record<string, string>) {
    const { uri, sdp } = this.#options;
    const { proxy } = routed(this.#options);
    this.#on.link.send(
      { method: 'INVITE', uri, ...(proxy !== undefined && { proxy }), headers, body: sdp },
      {
        onSent: (sent) => this.#onSent(sent),
        onRefused: (reason) => this.#finish({ status: 503, reason, kind: 'transport' }),
        onResponse: (response) => this.#onResponse(response, headers),
      },
    );
  }

  #onSent(sent: SentRequest) {
    const first = this.#sent === undefined;
    this.#sent = sent;
    this.#owner.sent(this);
    if (first && !this.#settled)
      safely(this.#on.log, 'onSent', () => this.#events.onSent?.({ callId: sent.callId }));
    if (this.#cancelling) this.#sendCancel();
  }

  #onResponse(response: InboundResponse, headers: Record<string, string>) {
    if (response.status < 200) return this.#onProvisional(response);
    if (response.status < 300) return this.#onAccepted(response);
    if (this.#cancelling) return this.#finish(CANCELLED);
    const sent = this.#sent;
    const signed = { method: 'INVITE', uri: sent?.uri ?? this.#options.uri, body: this.#options.sdp };
    const again = sent && (this.#raised(response) ?? this.#answers.next(response, signed));
    if (!again) return this.#finish(failureOfResponse(response));
    // RFC 3261 22.2: same Call-ID and From with its tag, CSeq one higher.
    this.#send({
      ...headers,
      ...again,
      From: sent.header('from') ?? headers.From!,
      'Call-ID': sent.callId,
      CSeq: `${Number.parseInt(sent.header('cseq') ?? '1', 10) + 1} INVITE`,
    });
  }

  /** RFC 4028 7.3: 422 tells the least session interval of somebody on the way. */
  #raised(response: InboundResponse): Record<string, string> | undefined {
    if (response.status !== 422 || !this.#sessionTimer || this.#raises >= MAX_RAISES) return undefined;
    const wish = raisedWish(response, this.#sessionTimer);
    if (!wish) return undefined;
    this.#raises += 1;
    this.#sessionTimer = wish;
    // Whoever challenged before may do so again.
    this.#answers = new ChallengeAnswers(this.#options.credentials, this.#on.random);
    return askedSession(wish);
  }

  #onProvisional(response: InboundResponse) {
    const sdp = sdpOf(response);
    const toTag = parseNameAddr(response.header('to')).params.get('tag');
    // Before anything else is done with it, and whoever still wants the call: the other side waits for it.
    prack(this.#on, response, this.#options.credentials, (answer) => {
      if (!this.#settled && !this.#cancelling) this.#early.onPracked(answer, toTag ?? '');
    });
    if (sdp !== undefined && toTag !== undefined) this.#early.answered(toTag, sdp);
    if (this.#settled || this.#cancelling) return;
    const { status, reason } = response;
    const earlyMedia = earlyMediaOf(response);
    safely(this.#on.log, 'onProvisional', () =>
      this.#events.onProvisional({
        status,
        reason,
        ...(sdp !== undefined && { sdp }),
        ...(toTag !== undefined && { toTag }),
        ...(earlyMedia !== undefined && { earlyMedia }),
      }),
    );
  }

  #onAccepted(response: InboundResponse) {
    response.ack();
    const to = parseNameAddr(response.header('to'));
    const remoteTag = to.params.get('tag') ?? '';
    const dialog = this.#owner.adopt({
      id: response.dialogId,
      callId: this.callId,
      localTag: parseNameAddr(response.header('from')).params.get('tag') ?? '',
      remoteTag,
      remoteUri: to.uri,
      localUri: parseNameAddr(response.header('from')).uri,
      ownsCallId: true,
      allow: response.header('allow'),
      end: dialogEnd(
        {
          callId: this.callId,
          from: response.header('from') ?? '',
          to: response.header('to') ?? '',
        },
        response.header('contact'),
        response.header('record-route'),
        true,
      ),
      ...(this.#options.credentials && { credentials: this.#options.credentials }),
    });
    const final = sdpOf(response);
    const isUpdated = this.#early.isUpdated(remoteTag, final);
    const sdp = final ?? this.#early.answerOf(remoteTag);
    if (this.#settled || this.#cancelling) {
      void dialog.bye(
        this.#cancelling?.reason ?? { protocol: 'SIP', cause: 487, text: 'the caller is gone' },
      );
      return this.#finish(CANCELLED);
    }
    if (sdp === undefined) {
      void dialog.bye({ protocol: 'SIP', cause: 488, text: 'the 200 has no SDP answer' });
      return this.#finish({ status: 488, reason: 'the 200 has no SDP answer', kind: 'response' });
    }
    this.#settled = true;
    this.#leave();
    // Nobody would ever hang up a dialog whose owner failed to take it.
    if (
      !safely(this.#on.log, 'onAnswered', () =>
        this.#events.onAnswered({ dialog, sdp, isUpdated, header: response.header }),
      )
    ) {
      void dialog.bye({ protocol: 'SIP', cause: 500, text: 'internal error' });
    }
  }

  #cancel(reason: Reason | undefined): void {
    if (this.#cancelling || this.#over) return;
    this.#cancelling = { reason };
    this.#after(AFTERMATH_MS, () => this.#leave());
    // Not yet on the wire: #onSent does it, or #start does not send at all.
    if (this.#sent) this.#sendCancel();
  }

  #sendCancel(): void {
    const reason = this.#cancelling?.reason;
    const headers: Record<string, string> = reason ? { Reason: formatReason(reason) } : {};
    if (this.#sent) this.#on.link.cancel(this.#sent.transactionId, this.#sent.uri, headers);
  }

  #finish(failure: InviteFailure): void {
    this.#settleFailed(failure);
    this.#leave();
  }

  #settleFailed(failure: InviteFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    safely(this.#on.log, 'onFailed', () => this.#events.onFailed(failure));
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    this.#owner.leave(this);
    this.#resolveOver();
  }

  #after(ms: number, fn: () => void): void {
    const timer = this.#on.clock.after(ms, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }
}
