import type { CallStateName } from '../shared/call-states.ts';
import type { Effect } from './effects.ts';
import type { CallEvent, TimerName } from './events.ts';
import type { Platform } from './platform.ts';
import type { EndCause, EndedBy, Milestone } from './record.ts';
import type { AfterRinging, Announcement } from './treatment.ts';

/** What is known when a call begins: from Meta's `connect` webhook, or from the phone's INVITE. */
export interface CallFacts {
  /** Meta's; for a business-initiated call one of our own, until Meta names the call. */
  readonly callId: string;
  readonly platform: Platform;
  /** Of the Page; on WhatsApp the phone_number_id. */
  readonly pageId: string;
  /** On WhatsApp the wa_id. */
  readonly psid: string;
  /** Meta's offer, on a platform where the connect webhook brings it. */
  readonly offerSdp?: string;
  /** Meta's `call_direction`: who called whom. */
  readonly direction: 'user_initiated' | 'business_initiated';
  /** Milliseconds since the epoch at which the webhook or INVITE arrived. */
  readonly receivedAtMs: number;
  /** The webhook's `timestamp` in milliseconds since the epoch, when it had one. */
  readonly timestampMs?: number;
}

/** One SIP destination as the call sees it; routing adds what only the INVITE needs. */
export interface CallTarget {
  /** Unique within the call's list; appears in records and logs. */
  readonly name: string;
  /** Milliseconds this target may ring before the next one is tried; unset: the rest of the ring budget. */
  readonly ringTimeoutMs?: number | undefined;
}

/** Every limit of a call, in milliseconds. */
export interface CallPolicy {
  /** The INVITE never waits longer than this for the caller's name. Default 1500. */
  readonly profileBudgetMs: number;
  /** Ringing of all targets together, from the webhook's arrival. Default 45 000. */
  readonly ringBudgetMs: number;
  /** No accept is sent later than this after Meta's start of the call; Meta's own window is 60 s. Default 55 000. */
  readonly acceptWindowMs: number;
  /** A target without any 18x for so long is given up when another one is left. Default 8000. */
  readonly progressTimeoutMs: number;
  /** Upper bound for Graph's reply to accept (the client's own time-out is shorter). Default 12 000. */
  readonly acceptTimeoutMs: number;
  /** Wait for a `media_update` when accept succeeded without an SDP answer. Default 2000. */
  readonly answerSdpWaitMs: number;
  /** From accept's success until ICE and DTLS must be up. Default 15 000. */
  readonly mediaSetupMs: number;
  /** From the loss of Meta's media until we end the call without a terminate webhook. Default 5000. */
  readonly metaLostGraceMs: number;
  /** How long the record waits for the terminate webhook and for the legs. Default 30 000. */
  readonly recordWaitMs: number;
  /** How much longer than the record a SIP leg or Graph action without a reply is waited for. Default 10 000. */
  readonly abandonMs: number;
  /** Wait for Graph's word on permission to call. Default 5000. */
  readonly permissionTimeoutMs: number;
  /** Upper bound for Graph's reply to connect (the client's own time-out is shorter). Default 12 000. */
  readonly connectTimeoutMs: number;
  /** How long the consumer's device may ring for us. Meta documents no limit. Default 60 000. */
  readonly dialRingMs: number;
  /** A media_update proves the pickup when no `accepted` follows within this. Default 2000. */
  readonly pickupWaitMs: number;
  /** How long a connect without a reply may still be named by a webhook, to be ended. Default 15 000. */
  readonly identifyMs: number;
  /** Meta is told when the phone holds the call (our track is disabled meanwhile). Default false. */
  readonly holdTellsMeta: boolean;
  /** A phone that lets something be heard before its 200 gets the call accepted for it. Default false. */
  readonly earlyMedia: boolean;
  /** How long the target of a transfer may ring. Default 30 000. */
  readonly transferRingMs: number;
  /** After a transfer, until the former phone gets our BYE. Default 4000. */
  readonly transferByeMs: number;
  /** After a PBX said that our REFER succeeded, how long it may send no RTP. Default 10 000. */
  readonly transferSilenceMs: number;
  /** A phone that transferred and hung up is rung, as long as a target, when nobody took the call. Default true. */
  readonly transferRecall: boolean;
  /** Longest conversation; unset: no limit. */
  readonly maxDurationMs?: number | undefined;
}

export const DEFAULT_POLICY: CallPolicy = {
  profileBudgetMs: 1_500,
  ringBudgetMs: 45_000,
  acceptWindowMs: 55_000,
  progressTimeoutMs: 8_000,
  acceptTimeoutMs: 12_000,
  answerSdpWaitMs: 2_000,
  mediaSetupMs: 15_000,
  metaLostGraceMs: 5_000,
  recordWaitMs: 30_000,
  abandonMs: 10_000,
  permissionTimeoutMs: 5_000,
  connectTimeoutMs: 12_000,
  dialRingMs: 60_000,
  pickupWaitMs: 2_000,
  identifyMs: 15_000,
  holdTellsMeta: false,
  earlyMedia: false,
  transferRingMs: 30_000,
  transferByeMs: 4_000,
  transferSilenceMs: 10_000,
  transferRecall: true,
};

/**
 * Everything needed to start a call. `targets`: whom to ring, may be empty: the call is then rejected and recorded.
 * For a business-initiated call the one phone that called.
 */
export interface CallSetup {
  readonly facts: CallFacts;
  readonly targets: readonly CallTarget[];
  /** In place of ringing anybody. */
  readonly instead?: { readonly kind: 'reject' } | Announcement | undefined;
  /** What follows when the targets come to nothing; unset: the call ends. */
  readonly after?: AfterRinging | undefined;
  readonly policy: CallPolicy;
  /** A name already known (profile cache); the look-up is then left out. */
  readonly callerName?: string | undefined;
}

/**
 * One INVITE. `incoming`: the phone's, which waits for our final response. `answering`: our 200 is on its way.
 * `cancelling`: CANCEL sent, final response due. `up`: dialog confirmed. `leaving`: our BYE
 * is out. `down`: nothing is left of it.
 */
export type AttemptStatus = 'inviting' | 'incoming' | 'answering' | 'cancelling' | 'up' | 'leaving' | 'down';

export interface Attempt {
  /** 1 for the first INVITE of the call. */
  readonly attempt: number;
  readonly target: CallTarget;
  readonly status: AttemptStatus;
  readonly invitedAtMs: number;
  /** Final SIP status, when one was received (or synthesised by the SIP stack). */
  readonly finalStatus?: number;
}

/**
 * `blind`, `attended`: by REFER without and with Replaces; `replaced`: a phone took the call over by INVITE with Replaces;
 * `referred`: the PBX was asked to do it, by a REFER of ours; `recall`: nobody took it, and the phone that had handed the
 * consumer over and hung up is rung.
 */
export type TransferKind = 'blind' | 'attended' | 'replaced' | 'referred' | 'recall';

/** The consumer is handed from one phone to another; Meta's side does not notice. */
export interface Transfer {
  readonly kind: TransferKind;
  /** Not the phone asked for it. */
  readonly by?: 'operator';
  /** Attempt of the phone that asked, was replaced or, by a REFER of ours, asked. */
  readonly from: number;
  /** Attempt at the new one; absent where the PBX calls it. */
  readonly attempt?: number;
  /** Name of the new one. */
  readonly to: string;
  readonly askedAtMs: number;
  /** `cancelled`: the call ended first; `unknown`: the PBX took our REFER and did not tell what came of it. */
  readonly outcome: 'pending' | 'done' | 'failed' | 'cancelled' | 'unknown';
  /** What was told last: to the phone that asked, or by the PBX. */
  readonly status?: number;
}

/** `ambiguous`: nobody knows whether Meta did it (time-out, reset, 5xx); treated as done and never repeated. */
export type GraphActionStatus = 'none' | 'sent' | 'done' | 'failed' | 'ambiguous';

export interface SdpOperation {
  readonly kind: 'answer' | 'renegotiation';
  /** `session.version` of a media_update; 0 for accept's own reply. */
  readonly version: number;
  readonly sdp: string;
}

/** The whole of one call. Plain data; only `reduce` makes a new one. */
export interface CallState {
  readonly name: CallStateName;
  readonly facts: CallFacts;
  readonly policy: CallPolicy;
  readonly targets: readonly CallTarget[];
  readonly after: AfterRinging;
  /** The call was turned away before anybody rang. */
  readonly rejected: boolean;
  /** What the consumer hears in place of a phone, and why the call ends then. */
  readonly announcement?: { readonly sound: string; readonly cause: EndCause };
  /** One per INVITE; only the last can be `inviting`. */
  readonly attempts: readonly Attempt[];
  /** The attempt whose early media is bridged. */
  readonly earlyBy?: number;
  /** The attempt whose 200 was taken. */
  readonly answeredBy?: number;
  /** Oldest first; only the last can be pending. */
  readonly transfers: readonly Transfer[];
  readonly profile: 'pending' | 'done';
  readonly callerName?: string | undefined;
  readonly media: 'none' | 'opening' | 'open' | 'closing' | 'closed';
  readonly graph: {
    /** Only on a platform that has it; what matters is that it was asked for, and nothing waits for its reply. */
    readonly preAccept: GraphActionStatus;
    readonly accept: GraphActionStatus;
    /** Only of a business-initiated call. */
    readonly connect: GraphActionStatus;
    readonly reject: GraphActionStatus;
    readonly terminate: GraphActionStatus;
  };
  /** What Meta calls this call; a business-initiated one has it from the reply to connect, or from a webhook. */
  readonly metaCallId?: string | undefined;
  /** Whether the consumer lets the Page call. */
  readonly permission: 'pending' | 'granted' | 'refused';
  /** What the phone that called is told, when it is not the cause's own status. */
  readonly refusal?: Refusal | undefined;
  /** Why accept failed, once it did. */
  readonly acceptFailure?: {
    readonly kind: AcceptFailureKind;
    readonly code?: string | undefined;
  };
  /** The terminate webhook, once stored. */
  readonly webhook?: {
    readonly status: string;
    readonly durationS?: number | undefined;
    /** What Meta names as the reason of a call that failed. */
    readonly reason?: string | undefined;
  };
  readonly sdp: {
    /** The one operation the media worker is busy with. */
    readonly busy?: SdpOperation;
    /** Waiting, oldest first: accept's renegotiation, then the newest media_update. */
    readonly queue: readonly SdpOperation[];
    /** True once Meta's answer (or what stands for it) was handed to the media worker. */
    readonly answered: boolean;
    /** Highest version handed to the media worker or queued. */
    readonly version: number;
    readonly renegotiations: number;
    readonly failures: number;
  };
  /** Attempt of the phone that is to send RTP, because its PBX says that it did what our REFER asked for. */
  readonly expected?: number;
  readonly dtmfDigits: number;
  readonly held: boolean;
  readonly timers: readonly TimerName[];
  readonly milestones: Readonly<Partial<Record<Milestone, number>>>;
  readonly end?: {
    readonly cause: EndCause;
    readonly by: EndedBy;
    readonly detail?: string | undefined;
  };
  /** The process is going away: do not wait for the terminate webhook. */
  readonly hurry: boolean;
  readonly recorded: boolean;
}

/** A final response (RFC 3261 21.4 to 21.6) to the phone's INVITE. */
export interface Refusal {
  readonly status: number;
  /** Reason phrase: what a phone shows. */
  readonly phrase?: string | undefined;
  readonly retryAfterS?: number | undefined;
}

/**
 * Why Graph did not accept (the gateway maps the Graph client's errors to these):
 * - `gone`: the call failed or ended already (2018395, 2018396, 2018390); nothing is left at Meta.
 * - `not-owner`: another app answered; nothing of ours is left at Meta.
 * - `already`: already accepted, by whom is unknown; treated like `ambiguous`.
 * - `ambiguous`: time-out, connection reset, 5xx; it may have been accepted.
 * - `refused`: any other definite refusal (SDP, token, permission, throttle); the consumer still rings.
 */
export type AcceptFailureKind = 'gone' | 'not-owner' | 'already' | 'ambiguous' | 'refused';

export interface Step {
  readonly state: CallState;
  /** In order. See `Effect` for what the runner owes. */
  readonly effects: readonly Effect[];
}

/**
 * `now`: milliseconds since the epoch that never go back during one call (anchor the wall clock once and
 * add monotonic time), because ring budget and durations are differences of it.
 */
export type Reduce = (state: CallState, event: CallEvent, now: number) => Step;
