import type { AcceptFailureKind, CallTarget, Refusal, TransferKind } from './types.ts';

/** Timers are named; a call has at most one of each. */
export const TIMERS = [
  /** Budget of the profile look-up. */
  'profile',
  /** All targets together. */
  'ringBudget',
  /** The current target. */
  'ringTarget',
  /** The current target's first 18x. */
  'progress',
  /** Graph's word on permission. */
  'permission',
  /** Graph's reply to connect. */
  'connect',
  /** A media_update came: `accepted` should follow. */
  'pickup',
  /** A connect without a reply may still be named by a webhook. */
  'identify',
  /** Graph's reply to accept. */
  'accept',
  /** An SDP answer that accept's reply did not carry. */
  'answerSdp',
  /** ICE and DTLS. */
  'mediaSetup',
  /** Meta's media is gone; the terminate webhook should follow. */
  'metaLost',
  'maxDuration',
  /** The target of a transfer rings. */
  'transfer',
  /** The phone that handed the call over should hang up. */
  'transferBye',
  /** The record is written when it fires, complete or not. */
  'record',
  /** A leg that never replied is given up. */
  'abandon',
] as const;
export type TimerName = (typeof TIMERS)[number];

/** Meta's webhooks about this call. */
export type MetaEvent =
  /** Delivered again; changes nothing. */
  | { readonly type: 'meta.connect' }
  /** `status` as Meta spells it; compared without case. `durationS`: seconds, absent when never connected. */
  | {
      readonly type: 'meta.terminate';
      readonly status: string;
      readonly durationS?: number | undefined;
      /** Why it failed, where the platform says so, and what a phone that called is told. */
      readonly reason?: string | undefined;
      readonly refusal?: Refusal | undefined;
    }
  /** A webhook about the consumer whom we are calling names the call: the reply to connect is late or lost. */
  | { readonly type: 'meta.identified'; readonly callId: string }
  /** `call_status` of a business-initiated call; other values are not passed on. After `rejected` comes a terminate. */
  | { readonly type: 'meta.status'; readonly status: 'ringing' | 'accepted' | 'rejected' }
  /** The answer to our connect, where the platform sends it by webhook. */
  | { readonly type: 'meta.answer'; readonly sdp: string }
  /** `version` absent: taken as one more than the highest seen. */
  | {
      readonly type: 'meta.mediaUpdate';
      readonly version?: number | undefined;
      readonly sdp: string;
    };

/** The profile look-up ended, with a name or without. */
export type ProfileEvent = {
  readonly type: 'profile.resolved';
  readonly name?: string | undefined;
};

/** From the media worker (both legs' packets, the WebRTC peer). */
export type MediaEvent =
  /** Our WebRTC offer and the phone's RTP port exist. */
  | { readonly type: 'media.ready' }
  /** Opening, or the phone's media plan, failed for good. */
  | { readonly type: 'media.failed'; readonly reason: string }
  | { readonly type: 'media.workerLost' }
  /** The SDP operation asked for last was applied, or could not be. */
  | { readonly type: 'media.sdpApplied' }
  | { readonly type: 'media.sdpFailed'; readonly reason: string }
  | { readonly type: 'media.iceConnected' }
  /** DTLS is up and SRTP keys are in the packet path. */
  | { readonly type: 'media.secure' }
  /** Consent expired, DTLS closed or failed. */
  | { readonly type: 'media.consumerLost'; readonly reason: string }
  | { readonly type: 'media.firstPacket'; readonly leg: 'consumer' | 'phone' }
  /** No packet from this leg for the configured time-out (default 30 s); ends the call unless it is held. */
  | {
      readonly type: 'media.silent';
      readonly leg: 'consumer' | 'phone';
      readonly ms: number;
    }
  /** The phone that was to speak (`expectPhone`) sent hardly any RTP for `ms`; its RTCP does not count. */
  | { readonly type: 'media.unspoken'; readonly ms: number }
  | {
      readonly type: 'media.dtmf';
      readonly digit: string;
      readonly durationMs: number;
      readonly from: 'consumer' | 'phone';
    }
  /** The announcement came to its end. */
  | { readonly type: 'media.announced' }
  /** Both legs' sockets are closed: the reply to `closeMedia`. */
  | { readonly type: 'media.closed' };

export interface SipFailure {
  /** Final status; 408 for a time-out of our own, 503 for a transport failure, when nothing was received. */
  readonly status: number;
  /** Reason phrase or error text, for the record; of what was not sent the code of why not. */
  readonly reason?: string | undefined;
  readonly kind: 'response' | 'timeout' | 'transport' | 'control-lost' | 'not-sent';
  /** Q.850 cause of a Reason header (RFC 3326, RFC 6432). */
  readonly q850?: number | undefined;
  readonly retryAfterS?: number | undefined;
}

/**
 * From the SIP leg, always naming the attempt; the phone's own INVITE is attempt 1 and may report `cancelled` any
 * time before `answerPhone`, which reports `answered` or `failed`. After `invite` the leg reports exactly one of `answered`, `failed` or
 * `cancelled`. After `cancelInvite`, too: a leg that ends a crossing 200 by itself reports `cancelled`, one that does
 * not reports `answered` and is asked for BYE. After `answered` it reports exactly one of `bye` (the phone's),
 * `byeDone` (ours was answered or given up) or `failed` (the dialog was lost).
 */
export type SipEvent =
  /** 18x; 100 is not reported. */
  | {
      readonly type: 'sip.progress';
      readonly attempt: number;
      readonly status: number;
      /** Reason phrase. */
      readonly reason?: string | undefined;
      /** It brought an answer by which something can be heard before the 200. */
      readonly hasSdp: boolean;
      /** What it let be heard before is over; then `hasSdp` is false. */
      readonly ceases?: boolean;
    }
  /** 200 received and ACK sent. */
  | {
      readonly type: 'sip.answered';
      readonly attempt: number;
      /** What the journal needs to end the dialog after a crash (Call-ID, tags, target). */
      readonly dialog?: Readonly<Record<string, string>> | undefined;
    }
  | ({ readonly type: 'sip.failed'; readonly attempt: number } & SipFailure)
  /** 487, or the SIP stack gave the cancelled INVITE up. */
  | { readonly type: 'sip.cancelled'; readonly attempt: number }
  /** The phone's BYE (already answered 200). */
  | {
      readonly type: 'sip.bye';
      readonly attempt: number;
      readonly reason?: string | undefined;
      readonly q850?: number | undefined;
    }
  | { readonly type: 'sip.byeDone'; readonly attempt: number }
  /**
   * The phone of this attempt wants the call to go on at another, or is to be replaced by one that calls us, or an
   * operator wants it; it may. Answered by `acceptTransfer`, `sendRefer` or `refuseTransfer`.
   */
  | {
      readonly type: 'sip.transfer';
      readonly attempt: number;
      readonly kind: Exclude<TransferKind, 'recall'>;
      readonly target: CallTarget;
      readonly by?: 'operator' | undefined;
    }
  /**
   * What is known of our REFER: the status of the call to its target, or the refusal of the REFER itself. `last`: nothing
   * more will be; without a final status nobody knows what came of it.
   */
  | {
      readonly type: 'sip.referred';
      readonly attempt: number;
      readonly status?: number | undefined;
      readonly last: boolean;
    }
  /** re-INVITE put the call on hold or took it off. */
  | {
      readonly type: 'sip.held';
      readonly attempt: number;
      readonly held: boolean;
    };

/** Replies of the Graph API, after the client's own retries. An "already ..." error of reject or terminate is success. */
export type GraphEvent =
  | { readonly type: 'graph.preAccepted' }
  | {
      readonly type: 'graph.preAcceptFailed';
      readonly kind: AcceptFailureKind;
      readonly code?: string | undefined;
    }
  | {
      readonly type: 'graph.accepted';
      readonly answerSdp?: string | undefined;
      readonly renegotiationSdp?: string | undefined;
    }
  | {
      readonly type: 'graph.acceptFailed';
      readonly kind: AcceptFailureKind;
      readonly code?: string | undefined;
    }
  /** `allowed` false: `refusal` says what the phone is told. */
  | { readonly type: 'graph.permission'; readonly allowed: boolean; readonly refusal?: Refusal | undefined }
  | {
      readonly type: 'graph.connected';
      readonly callId?: string | undefined;
      readonly answerSdp?: string | undefined;
      readonly renegotiationSdp?: string | undefined;
    }
  /** `ambiguous`: the consumer's device may ring all the same. */
  | {
      readonly type: 'graph.connectFailed';
      readonly ambiguous: boolean;
      readonly refusal: Refusal;
      readonly code?: string | undefined;
    }
  | { readonly type: 'graph.rejected' }
  | { readonly type: 'graph.rejectFailed'; readonly code?: string | undefined }
  | { readonly type: 'graph.terminated' }
  | {
      readonly type: 'graph.terminateFailed';
      readonly code?: string | undefined;
    };

export type ControlEvent =
  /** Only `startCall` sends it. */
  | { readonly type: 'start' }
  | { readonly type: 'timer'; readonly name: TimerName }
  | { readonly type: 'operator.hangup'; readonly reason?: string | undefined }
  /** The process ends: hang up, and do not wait for Meta's webhook. */
  | { readonly type: 'shutdown' }
  /** The runner met a bug while running this call's effects. */
  | { readonly type: 'bug'; readonly message: string };

export type CallEvent = MetaEvent | ProfileEvent | MediaEvent | SipEvent | GraphEvent | ControlEvent;
