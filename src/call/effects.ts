import type { SipReason } from './causes.ts';
import type { TimerName } from './events.ts';
import type { Platform } from './platform.ts';
import type { CallRecord, Milestone, TransferEntry } from './record.ts';
import type { CallTarget, Refusal } from './types.ts';

/**
 * What is remembered over a crash. Only `graph-sent` for accept and connect comes before its action; the others follow theirs,
 * because they must not delay it. `callId` and time are the runner's to add.
 */
export type JournalNote =
  | {
      readonly kind: 'call-created';
      readonly pageId: string;
      readonly psid: string;
      readonly platform: Platform['name'];
      readonly direction: CallRecord['direction'];
    }
  /** Meta's name of a call that a phone placed. */
  | { readonly kind: 'named'; readonly metaCallId: string }
  | {
      readonly kind: 'invite-sent';
      readonly attempt: number;
      readonly target: string;
    }
  | {
      readonly kind: 'dialog-up';
      readonly attempt: number;
      readonly target: string;
      readonly dialog: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'graph-sent';
      readonly action: 'preAccept' | 'accept' | 'connect' | 'reject' | 'terminate';
    }
  | {
      readonly kind: 'graph-answered';
      readonly action: 'preAccept' | 'accept' | 'connect' | 'reject' | 'terminate';
      readonly outcome: string;
    }
  /** After the record: a crash in between leaves a record too many, which is found by its id, not one too few. */
  | { readonly kind: 'call-ended'; readonly cause: string };

/** A transfer that is under way. */
export type PendingTransferEntry = Omit<TransferEntry, 'outcome'> & { readonly outcome: 'pending' };

/**
 * What the runner has to do, in order. A `journal` must be on disk before the effect after it is begun.
 * Every effect marked with "reports" owes an event; all others owe nothing. The call may be forgotten
 * when `state.name` is `ended`, not when `finish` was seen: a SIP leg may still owe its last word.
 */
export type Effect =
  | { readonly type: 'journal'; readonly note: JournalNote }
  /** Reports `profile.resolved`; the call does not wait longer than its budget. */
  | {
      readonly type: 'lookUpProfile';
      readonly psid: string;
      readonly pageId: string;
    }
  /** Opens both legs: WebRTC offer (or the answer to Meta's) and phone RTP port. Reports `media.ready` or `media.failed`. */
  | { readonly type: 'openMedia'; readonly offerSdp?: string | undefined }
  /** Reports as described at `SipEvent`. */
  | {
      readonly type: 'invite';
      readonly attempt: number;
      readonly target: CallTarget;
      readonly callerName?: string | undefined;
    }
  | {
      readonly type: 'cancelInvite';
      readonly attempt: number;
      readonly reason: SipReason;
    }
  /** Reports `sip.byeDone`. */
  | {
      readonly type: 'sendBye';
      readonly attempt: number;
      readonly reason: SipReason;
    }
  /** Tells the media worker where and how the phone wants RTP, from the SDP of this attempt's 200. Failure: `media.failed`. */
  | { readonly type: 'connectPhone'; readonly attempt: number }
  /** The same from its last 18x with SDP: what is heard before the 200, by the consumer alone. */
  | { readonly type: 'connectEarly'; readonly attempt: number }
  /** With the answer that `openMedia` made. Reports `graph.preAccepted` or `graph.preAcceptFailed`. */
  | { readonly type: 'graphPreAccept' }
  /** With the description that `openMedia` made, after the reply to pre_accept. Reports `graph.accepted` or `graph.acceptFailed`; never sent twice. */
  | { readonly type: 'graphAccept' }
  /** Reports `graph.rejected` or `graph.rejectFailed`. */
  | { readonly type: 'graphReject' }
  /** Reports `graph.terminated` or `graph.terminateFailed`. */
  | { readonly type: 'graphTerminate'; readonly callId: string }
  /** Reports `graph.permission`; asks the consumer for it, once, when the route says so. */
  | { readonly type: 'checkPermission' }
  /** media_update about our track: enabled, or disabled while the phone holds. Owes nothing. */
  | { readonly type: 'tellHold'; readonly callId: string; readonly held: boolean }
  /** With the offer that `openMedia` made. Reports `graph.connected` or `graph.connectFailed`; never sent twice. */
  | { readonly type: 'graphConnect' }
  /**
   * 202 to the REFER of that phone; `attempt` is about to be invited. Or the INVITE with Replaces is answered 200: reports
   * `sip.answered`, or `sip.failed`.
   */
  | { readonly type: 'acceptTransfer'; readonly from: number; readonly attempt: number }
  | { readonly type: 'refuseTransfer'; readonly from: number; readonly status: number }
  /** In the dialog with that phone, as it was asked for. Reports `sip.referred`, the last time with `last`. */
  | { readonly type: 'sendRefer'; readonly from: number }
  /** The phone of `from`, which hung up, is rung again, as attempt `attempt`. Reports as `invite` does. */
  | {
      readonly type: 'recallPhone';
      readonly from: number;
      readonly attempt: number;
      readonly callerName?: string | undefined;
    }
  /** NOTIFY with the status of the INVITE to the target; 200 and more is the last one. Owes nothing. */
  | {
      readonly type: 'tellTransfer';
      readonly from: number;
      readonly status: number;
      /** Reason phrase of the target's; unset: the status's own. */
      readonly reason?: string | undefined;
    }
  /** A transfer began or is over; for log and events. */
  | { readonly type: 'transferChanged'; readonly transfer: TransferEntry | PendingTransferEntry }
  /** The consumer hears music or a ringback tone, or no longer, for no phone is there yet. */
  | { readonly type: 'waitForPhone'; readonly waiting: boolean }
  /** The phone that has the call is to send RTP within `ms`. Reports `media.unspoken` if it does not. */
  | { readonly type: 'expectPhone'; readonly ms: number }
  /** It did not, and the call ends for it; for the log. */
  | { readonly type: 'transferSilent'; readonly ms: number }
  /** 180 to the phone that called. */
  | { readonly type: 'ringPhone'; readonly attempt: number }
  /** 200 to it, and its media plan to the media worker. Reports `sip.answered`, or `sip.failed` when the phone is gone. */
  | { readonly type: 'answerPhone'; readonly attempt: number }
  /** A final response of 300 or more to it. */
  | {
      readonly type: 'refusePhone';
      readonly attempt: number;
      readonly refusal: Refusal;
      readonly reason: SipReason;
    }
  /** Reports `media.sdpApplied` or `media.sdpFailed`; one SDP operation is asked for at a time. */
  | { readonly type: 'applyAnswer'; readonly sdp: string }
  | { readonly type: 'applyRenegotiation'; readonly sdp: string }
  /** Both directions may be heard from now on; until then the phone's packets are dropped. */
  | { readonly type: 'openAudio' }
  /** Only the consumer hears: the phone's early media, or our ringback tone. Again when that changes; until `openAudio`. */
  | { readonly type: 'openEarly'; readonly ringback: boolean }
  /** The consumer hears it, once it can be heard. Reports `media.announced` at its end. */
  | { readonly type: 'announce'; readonly sound: string }
  /** Reports `media.closed`. */
  | { readonly type: 'closeMedia' }
  /** A consumer's digit: told by SIP INFO where that is the phone's way; the packet path carries it otherwise. */
  | {
      readonly type: 'sendDtmf';
      readonly attempt: number;
      readonly digit: string;
      readonly durationMs: number;
    }
  /** Reports `timer` after `ms` milliseconds unless stopped. */
  | {
      readonly type: 'startTimer';
      readonly name: TimerName;
      readonly ms: number;
    }
  | { readonly type: 'stopTimer'; readonly name: TimerName }
  /** Reached for the first time; for logs, metrics and the ladder. */
  | {
      readonly type: 'milestone';
      readonly name: Milestone;
      readonly atMs: number;
    }
  /** The one record of the call. */
  | { readonly type: 'finish'; readonly record: CallRecord };
