import type { SipFailure } from './events.ts';
import type { EndCause, EndedBy } from './record.ts';

/** One value of a Reason header (RFC 3326): `Q.850;cause=16;text="..."`. */
export interface SipReason {
  readonly protocol: 'Q.850' | 'SIP';
  readonly cause: number;
  readonly text: string;
}

/** `end_call_reason` of `POST /{page}/call_metrics`, in the spelling of Meta's list; the ones we use. */
export type MetaEndReason =
  | 'Call_End_Accept_After_Hang_Up'
  | 'Client_Error'
  | 'Client_Interrupted'
  | 'Connection_Dropped'
  | 'Hangup_Call'
  | 'Ignore_Call'
  | 'In_Another_Call'
  | 'Incoming_Timeout'
  | 'No_Answer_Timeout'
  | 'No_Permission'
  | 'Signaling_Message_Failed'
  | 'Unknown'
  | 'WebRTC_Error';

interface CauseRow {
  readonly by: EndedBy;
  /** Reason of our CANCEL or BYE. */
  readonly reason: SipReason;
  readonly metaReason: MetaEndReason;
  /** Final response to a phone that called and was not answered yet; default 480. */
  readonly sipStatus?: number;
}

const q850 = (cause: number, text: string): SipReason => ({ protocol: 'Q.850', cause, text });

/** End cause -> what each side is told. Q.850 values as in RFC 3398 8.2.6.1 and ITU-T Q.850 table 1. */
export const CAUSES: Readonly<Record<EndCause, CauseRow>> = {
  'consumer-hangup': {
    by: 'consumer',
    reason: q850(16, 'Normal call clearing'),
    metaReason: 'Hangup_Call',
  },
  'phone-hangup': { by: 'phone', reason: q850(16, 'Normal call clearing'), metaReason: 'Hangup_Call' },
  cancelled: { by: 'consumer', reason: q850(16, 'Caller hung up'), metaReason: 'Hangup_Call' },
  'accept-after-hangup': {
    by: 'consumer',
    reason: q850(16, 'Caller hung up'),
    metaReason: 'Call_End_Accept_After_Hang_Up',
  },
  'phone-cancelled': {
    by: 'phone',
    reason: q850(16, 'Normal call clearing'),
    metaReason: 'Hangup_Call',
    sipStatus: 487,
  },
  'no-permission': {
    by: 'gateway',
    reason: q850(21, 'No permission to call'),
    metaReason: 'No_Permission',
    sipStatus: 403,
  },
  'connect-failed': {
    by: 'gateway',
    reason: q850(41, 'Temporary failure'),
    metaReason: 'Signaling_Message_Failed',
    sipStatus: 500,
  },
  'not-taken': { by: 'consumer', reason: q850(19, 'No answer'), metaReason: 'Ignore_Call' },
  busy: { by: 'phone', reason: q850(17, 'User busy'), metaReason: 'In_Another_Call' },
  declined: { by: 'phone', reason: q850(21, 'Call rejected'), metaReason: 'Ignore_Call' },
  'no-answer': { by: 'gateway', reason: q850(19, 'No answer'), metaReason: 'No_Answer_Timeout' },
  unreachable: {
    by: 'gateway',
    reason: q850(27, 'Destination out of order'),
    metaReason: 'Ignore_Call',
  },
  'no-route': { by: 'gateway', reason: q850(3, 'No route to destination'), metaReason: 'Ignore_Call' },
  'turned-away': { by: 'gateway', reason: q850(21, 'Call rejected'), metaReason: 'Ignore_Call' },
  // The text that phones know: such a call is not shown as missed.
  'answered-elsewhere': {
    by: 'meta',
    reason: { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' },
    metaReason: 'Unknown',
  },
  'accept-failed': {
    by: 'gateway',
    reason: q850(41, 'Temporary failure'),
    metaReason: 'Signaling_Message_Failed',
  },
  'no-answer-sdp': {
    by: 'gateway',
    reason: q850(41, 'Temporary failure'),
    metaReason: 'Signaling_Message_Failed',
    sipStatus: 500,
  },
  'media-setup-failed': {
    by: 'gateway',
    reason: q850(41, 'Media set-up failed'),
    metaReason: 'WebRTC_Error',
    sipStatus: 500,
  },
  'media-lost': { by: 'gateway', reason: q850(41, 'Media lost'), metaReason: 'Connection_Dropped' },
  'media-failed': {
    by: 'gateway',
    reason: q850(47, 'Resource unavailable'),
    metaReason: 'Client_Error',
    sipStatus: 500,
  },
  'phone-lost': {
    by: 'gateway',
    reason: q850(38, 'Network out of order'),
    metaReason: 'Connection_Dropped',
  },
  'transfer-failed': {
    by: 'gateway',
    reason: q850(19, 'No answer'),
    metaReason: 'No_Answer_Timeout',
  },
  // The PBX was told what it asked for (RFC 5589): for it the transfer went well.
  'transfer-silent': {
    by: 'gateway',
    reason: q850(16, 'No audio after the transfer'),
    metaReason: 'Connection_Dropped',
  },
  'meta-failed': {
    by: 'meta',
    reason: q850(41, 'Temporary failure'),
    metaReason: 'Connection_Dropped',
  },
  'max-duration': {
    by: 'gateway',
    reason: q850(31, 'Maximum duration reached'),
    metaReason: 'Hangup_Call',
  },
  operator: { by: 'operator', reason: q850(16, 'Ended by the operator'), metaReason: 'Hangup_Call' },
  shutdown: {
    by: 'gateway',
    reason: q850(31, 'Gateway shutting down'),
    metaReason: 'Client_Interrupted',
    sipStatus: 503,
  },
  bug: { by: 'gateway', reason: q850(41, 'Temporary failure'), metaReason: 'Client_Error', sipStatus: 500 },
  crash: { by: 'gateway', reason: q850(41, 'Temporary failure'), metaReason: 'Client_Interrupted' },
  missed: { by: 'consumer', reason: q850(16, 'Caller hung up'), metaReason: 'Incoming_Timeout' },
};

/** What a failed INVITE means for the call. */
export interface FailureMeaning {
  readonly cause: EndCause;
  /** Somebody decided: ringing another target would be wrong. */
  readonly final: boolean;
}

/** Final SIP statuses with a meaning of their own; every other 3xx to 6xx is `unreachable`, next target. */
const STATUS: Readonly<Record<number, FailureMeaning>> = {
  408: { cause: 'no-answer', final: false },
  480: { cause: 'no-answer', final: false },
  486: { cause: 'busy', final: true },
  487: { cause: 'no-answer', final: false },
  600: { cause: 'busy', final: true },
  603: { cause: 'declined', final: true },
  // RFC 8197 and RFC 8688: like 603, but said by a filter.
  607: { cause: 'declined', final: true },
  608: { cause: 'declined', final: true },
};

/** Q.850 causes in a response's Reason header (RFC 6432) that say more than 480 or 5xx does. */
const Q850: Readonly<Record<number, EndCause>> = {
  1: 'unreachable',
  2: 'unreachable',
  3: 'unreachable',
  17: 'busy',
  18: 'no-answer',
  19: 'no-answer',
  20: 'unreachable',
  21: 'declined',
  22: 'unreachable',
  27: 'unreachable',
  28: 'unreachable',
};

/** Q.850 causes of a phone's BYE that mean trouble instead of a hang-up. */
const BROKEN_BYE = new Set([27, 38, 41, 42, 44, 47, 102, 111]);

/**
 * The status decides whether the next target is tried; a Q.850 cause only refines the name of the end.
 * `rang`: a time-out after 18x is "no answer", before it "unreachable".
 */
export function meaningOfFailure(failure: SipFailure, rang: boolean): FailureMeaning {
  if (failure.kind === 'timeout') return { cause: rang ? 'no-answer' : 'unreachable', final: false };
  if (failure.kind !== 'response') return { cause: 'unreachable', final: false };
  const byStatus = STATUS[failure.status] ?? { cause: 'unreachable', final: false };
  if (byStatus.final || failure.q850 === undefined) return byStatus;
  return { cause: Q850[failure.q850] ?? byStatus.cause, final: false };
}

/** The phone's BYE -> end cause. */
export function causeOfBye(q850Cause: number | undefined): EndCause {
  return q850Cause !== undefined && BROKEN_BYE.has(q850Cause) ? 'phone-lost' : 'phone-hangup';
}

/** The terminate webhook of an accepted call -> end cause. Meta's two values, compared without case. */
export function causeOfTerminate(status: string): EndCause {
  return status.toLowerCase() === 'failed' ? 'meta-failed' : 'consumer-hangup';
}
