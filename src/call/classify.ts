import type { CallEvent, SipEvent, TimerName } from './events.ts';
import { pendingTransfer } from './transfer.ts';
import type { CallState } from './types.ts';

/** The columns of the table: events as the call understands them, after what is old or doubled is sorted out. */
export type EventKey =
  | 'start'
  | 'meta.terminate'
  /** A webhook named the call that we are placing. */
  | 'meta.identified'
  | 'meta.ringing'
  /** The consumer picked up. */
  | 'meta.accepted'
  | 'meta.rejected'
  | 'meta.answer'
  | 'meta.mediaUpdate'
  | 'profile.resolved'
  | 'media.ready'
  | 'media.failed'
  | 'media.workerLost'
  | 'media.sdpApplied'
  | 'media.answerFailed'
  | 'media.renegotiationFailed'
  | 'media.iceConnected'
  | 'media.secure'
  | 'media.consumerLost'
  | 'media.firstPacket'
  | 'media.silent'
  | 'media.unspoken'
  | 'media.dtmf'
  | 'media.announced'
  | 'media.closed'
  | 'sip.progress'
  | 'sip.answered'
  /** A 200 that crossed our CANCEL. */
  | 'sip.crossed'
  | 'sip.failed'
  /** A confirmed dialog broke without BYE. */
  | 'sip.lost'
  | 'sip.bye'
  /** A leg that we were ending is down. */
  | 'sip.gone'
  | 'sip.held'
  /** The phone that called is gone before our 200 reached it. */
  | 'sip.abandoned'
  /** It has our 200. */
  | 'sip.established'
  /** A phone hands the call on, or one takes it over. */
  | 'transfer.asked'
  | 'transfer.progress'
  | 'transfer.answered'
  | 'transfer.failed'
  /** The PBX's last word on our REFER. */
  | 'transfer.told'
  /** Its word that it was done, when nobody waited for it any more. */
  | 'transfer.toldLate'
  /** The phone that asked for it hung up. */
  | 'transfer.left'
  | 'graph.preAccepted'
  | 'graph.preAcceptFailed'
  | 'graph.accepted'
  | 'graph.acceptFailed'
  | 'graph.permitted'
  | 'graph.notPermitted'
  | 'graph.connected'
  | 'graph.connectFailed'
  /** reject or terminate was answered, well or badly. */
  | 'graph.replied'
  | `timer.${TimerName}`
  | 'operator.hangup'
  | 'shutdown'
  | 'bug';

/**
 * Names the event's column, or undefined when it is old news: a duplicate, a timer that was stopped, a
 * reply nobody waits for, a word about an attempt that is over. Such events change nothing in any state.
 */
export function classify(s: CallState, event: CallEvent): EventKey | undefined {
  switch (event.type) {
    case 'meta.connect':
      return undefined;
    case 'meta.terminate':
      return s.webhook ? undefined : 'meta.terminate';
    case 'meta.mediaUpdate':
      return event.version !== undefined && event.version <= s.sdp.version ? undefined : 'meta.mediaUpdate';
    case 'meta.identified':
      return s.metaCallId === undefined ? 'meta.identified' : undefined;
    case 'meta.answer':
      return s.facts.direction === 'user_initiated' || hasAnswer(s) ? undefined : 'meta.answer';
    case 'meta.status':
      return classifyStatus(s, event.status);
    case 'profile.resolved':
      return s.profile === 'pending' ? 'profile.resolved' : undefined;
    case 'media.ready':
      return s.media === 'opening' ? 'media.ready' : undefined;
    case 'media.closed':
      return s.media === 'closing' ? 'media.closed' : undefined;
    case 'media.unspoken':
      return s.expected !== undefined && s.expected === s.answeredBy ? 'media.unspoken' : undefined;
    case 'media.sdpApplied':
      return s.sdp.busy ? 'media.sdpApplied' : undefined;
    case 'media.sdpFailed':
      if (!s.sdp.busy) return undefined;
      return s.sdp.busy.kind === 'answer' ? 'media.answerFailed' : 'media.renegotiationFailed';
    case 'graph.preAccepted':
    case 'graph.preAcceptFailed':
      return s.graph.preAccept === 'sent' ? event.type : undefined;
    case 'graph.accepted':
    case 'graph.acceptFailed':
      return s.graph.accept === 'sent' ? event.type : undefined;
    case 'graph.permission':
      if (s.permission !== 'pending') return undefined;
      return event.allowed ? 'graph.permitted' : 'graph.notPermitted';
    case 'graph.connected':
    case 'graph.connectFailed':
      return s.graph.connect === 'sent' ? event.type : undefined;
    case 'graph.rejected':
    case 'graph.rejectFailed':
      return s.graph.reject === 'sent' ? 'graph.replied' : undefined;
    case 'graph.terminated':
    case 'graph.terminateFailed':
      return s.graph.terminate === 'sent' ? 'graph.replied' : undefined;
    case 'timer':
      return s.timers.includes(event.name) ? `timer.${event.name}` : undefined;
    case 'sip.progress':
    case 'sip.answered':
    case 'sip.failed':
    case 'sip.cancelled':
    case 'sip.bye':
    case 'sip.byeDone':
    case 'sip.held':
    case 'sip.transfer':
    case 'sip.referred':
      return classifySip(s, event);
    default:
      return event.type;
  }
}

/** What ICE begins with was handed to the media worker, or is about to be: there is only one. */
export function hasAnswer({ sdp }: CallState): boolean {
  return sdp.answered || sdp.queue.some(({ kind }) => kind === 'answer');
}

/** Monotonic: nothing rings after the pickup. */
function classifyStatus(s: CallState, status: 'ringing' | 'accepted' | 'rejected'): EventKey | undefined {
  if (s.facts.direction !== 'business_initiated' || s.milestones.answered !== undefined) return undefined;
  if (status !== 'ringing') return `meta.${status}`;
  return s.milestones.ringing === undefined ? 'meta.ringing' : undefined;
}

const isEnd = ({ type }: SipEvent): boolean =>
  type === 'sip.bye' || type === 'sip.failed' || type === 'sip.cancelled' || type === 'sip.byeDone';

/** Of the phone that is to have the call. */
function classifyTransfer(event: SipEvent): EventKey | undefined {
  if (event.type === 'sip.progress') return event.status > 100 ? 'transfer.progress' : undefined;
  if (event.type === 'sip.answered') return 'transfer.answered';
  return isEnd(event) ? 'transfer.failed' : undefined;
}

/** The PBX did what it was asked for after all, and the same phone still has the call. */
function isLateSuccess(s: CallState, { attempt, status = 0 }: SipEvent & { type: 'sip.referred' }): boolean {
  const referred = s.transfers.findLast(({ kind }) => kind === 'referred');
  const isOpen = referred?.outcome === 'unknown' && referred.from === attempt && s.answeredBy === attempt;
  return isOpen && status >= 200 && status < 300;
}

function classifySip(s: CallState, event: SipEvent): EventKey | undefined {
  const status = s.attempts[event.attempt - 1]?.status;
  // Also of a phone that is gone: whoever asked waits for an answer.
  if (event.type === 'sip.transfer') return 'transfer.asked';
  const transfer = pendingTransfer(s);
  if (event.type === 'sip.referred') {
    if (transfer?.kind === 'referred' && transfer.from === event.attempt)
      return event.last ? 'transfer.told' : 'transfer.progress';
    return event.last && isLateSuccess(s, event) ? 'transfer.toldLate' : undefined;
  }
  if (transfer?.attempt === event.attempt) return classifyTransfer(event);
  switch (status) {
    case 'inviting':
      if (event.type === 'sip.progress') return event.status > 100 ? 'sip.progress' : undefined;
      if (event.type === 'sip.answered') return 'sip.answered';
      // A BYE before the 200 was reported: whatever happened, this INVITE leads nowhere.
      if (event.type === 'sip.failed' || event.type === 'sip.cancelled' || event.type === 'sip.bye')
        return 'sip.failed';
      return undefined;
    case 'incoming':
      return event.type === 'sip.cancelled' || event.type === 'sip.failed' ? 'sip.abandoned' : undefined;
    case 'answering':
      if (event.type === 'sip.answered') return 'sip.established';
      // Its BYE may overtake the word that our 200 was sent.
      return event.type === 'sip.cancelled' || event.type === 'sip.failed' || event.type === 'sip.bye'
        ? 'sip.abandoned'
        : undefined;
    case 'cancelling':
      if (event.type === 'sip.answered') return 'sip.crossed';
      return event.type === 'sip.progress' || event.type === 'sip.held' ? undefined : 'sip.gone';
    case 'up':
      if (event.attempt !== (s.answeredBy ?? event.attempt)) return isEnd(event) ? 'sip.gone' : undefined;
      // A phone whose PBX was asked still has the call.
      if (transfer?.attempt !== undefined && isEnd(event)) return 'transfer.left';
      if (event.type === 'sip.bye' || event.type === 'sip.held') return event.type;
      if (event.type === 'sip.failed' || event.type === 'sip.cancelled' || event.type === 'sip.byeDone')
        return 'sip.lost';
      return undefined;
    case 'leaving':
      return event.type === 'sip.progress' || event.type === 'sip.answered' || event.type === 'sip.held'
        ? undefined
        : 'sip.gone';
    default:
      return undefined;
  }
}
