import type { Action } from './actions.ts';
import * as act from './actions.ts';
import type { EventKey } from './classify.ts';
import * as ending from './ending.ts';
import { end } from './ending.ts';
import type { Guard } from './guards.ts';
import * as when from './guards.ts';
import type { CallStateName } from './types.ts';

/** One row: if the guard holds (rows in order, no guard always holds), move and act. */
export interface Row {
  readonly when?: Guard;
  /** Unset: the state stays, and the diagram does not show the row. */
  readonly to?: CallStateName;
  readonly act: readonly Action[];
}

export type Column = Readonly<Partial<Record<EventKey, readonly Row[]>>>;

const go = (to: CallStateName, ...act: Action[]): Row => ({ to, act });
const goIf = (guard: Guard, to: CallStateName, ...act: Action[]): Row => ({ when: guard, to, act });
const stay = (...act: Action[]): Row => ({ act });
const stayIf = (guard: Guard, ...act: Action[]): Row => ({ when: guard, act });

/** In every state from `preparing` to `talking`. */
export const LIVE: Column = {
  'media.failed': [go('ending', end('media-failed'))],
  'media.workerLost': [go('ending', end('media-failed'))],
  'operator.hangup': [go('ending', end('operator'))],
  shutdown: [go('ending', end('shutdown'))],
  bug: [go('ending', end('bug'))],
  // Attempts before the current one: a late answer is ended, nothing else matters.
  'sip.crossed': [stay(ending.byeCrossed)],
  'sip.gone': [stay()],
  'media.firstPacket': [stay()],
};

/** Until accept: Meta's renegotiations are kept, the ring budget runs. */
const UNACCEPTED: Column = {
  'meta.terminate': [go('ending', end('cancelled'))],
  'meta.mediaUpdate': [stay()],
  'timer.ringBudget': [go('ending', end('no-answer'))],
};

const READY: readonly Row[] = [
  goIf(when.prepared, 'inviting', act.stopProfile, act.invite),
  stay(act.stopProfile),
];
const MEDIA_READY: readonly Row[] = [goIf(when.prepared, 'inviting', act.invite), stay()];

/** One target at a time. */
const ALERTING: Column = {
  ...UNACCEPTED,
  'sip.answered': [goIf(when.insideWindow, 'accepting', act.accept), go('ending', end('no-answer'))],
  'sip.failed': [
    goIf(when.refusedByPhone, 'ending', ending.endByFailure),
    goIf(when.targetLeft, 'inviting', act.invite),
    go('ending', ending.endByFailure),
  ],
  'timer.ringTarget': [
    goIf(when.targetLeft, 'inviting', act.cancel, act.invite),
    go('ending', end('no-answer')),
  ],
};

/** From accept on, both sides may end the call, and Meta's SDP is applied as it comes. */
const ANSWERED: Column = {
  'sip.bye': [go('ending', ending.endByBye)],
  'sip.lost': [go('ending', ending.endByBye)],
  'sip.held': [stay()],
};

const CONNECTED: Column = {
  ...ANSWERED,
  'meta.terminate': [go('ending', ending.endByTerminate)],
  'meta.mediaUpdate': [stay(act.applySdp)],
  'media.sdpApplied': [stay(act.applySdp)],
  'media.renegotiationFailed': [stay(act.applySdp)],
  'media.answerFailed': [go('ending', end('media-setup-failed'))],
  'media.iceConnected': [stay(act.metaIsBack)],
  'media.consumerLost': [stay(act.awaitTerminate)],
  'media.dtmf': [stay(act.relayDtmf)],
};

const SETTLED = goIf(when.settled, 'ended', ending.record, ending.stopAll);
const SETTLING: readonly Row[] = [SETTLED, stay()];

/** states x events -> what follows. An event without a row in a state changes nothing there. */
export const TABLE: Readonly<Record<CallStateName, Column>> = {
  new: {
    start: [
      goIf(when.noTargets, 'ending', act.open, end('no-route')),
      goIf(when.windowOver, 'ending', act.open, end('no-answer')),
      go('preparing', act.open, act.prepare),
    ],
  },
  preparing: {
    ...LIVE,
    ...UNACCEPTED,
    'profile.resolved': READY,
    'timer.profile': READY,
    'media.ready': MEDIA_READY,
  },
  inviting: {
    ...LIVE,
    ...ALERTING,
    'sip.progress': [go('ringing', act.stopProgress)],
    'timer.progress': [go('inviting', act.cancel, act.invite)],
  },
  ringing: { ...LIVE, ...ALERTING, 'sip.progress': [stay()] },
  accepting: {
    ...LIVE,
    ...ANSWERED,
    'meta.terminate': [go('ending', end('accept-after-hangup'))],
    'meta.mediaUpdate': [stay()],
    'graph.accepted': [
      goIf(when.sdpAtHand, 'connecting', act.accepted, act.applySdp),
      go('connecting', act.accepted, act.awaitAnswerSdp),
    ],
    'graph.acceptFailed': [go('ending', ending.endByAcceptFailure)],
    'timer.accept': [go('ending', end('accept-failed'))],
  },
  connecting: {
    ...LIVE,
    ...CONNECTED,
    'media.secure': [go('talking', act.openAudio)],
    'timer.answerSdp': [go('ending', end('no-answer-sdp'))],
    'timer.mediaSetup': [go('ending', end('media-setup-failed'))],
    'timer.metaLost': [go('ending', end('media-setup-failed'))],
  },
  talking: {
    ...LIVE,
    ...CONNECTED,
    'media.silent': [stayIf(when.phoneHeld), go('ending', end('media-lost'))],
    'timer.metaLost': [go('ending', end('media-lost'))],
    'timer.maxDuration': [go('ending', end('max-duration'))],
  },
  ending: {
    'sip.crossed': [stay(ending.byeCrossed)],
    'sip.gone': SETTLING,
    'media.closed': SETTLING,
    'media.workerLost': SETTLING,
    'meta.terminate': SETTLING,
    'graph.replied': SETTLING,
    shutdown: SETTLING,
    // The accept was in flight when the call ended.
    'graph.accepted': [stayIf(when.liveAtMeta, ending.terminate), SETTLED, stay(ending.stopAccept)],
    'graph.acceptFailed': [
      stayIf(when.refusedByGraph, ending.reject),
      stayIf(when.liveAtMeta, ending.terminate),
      SETTLED,
      stay(ending.stopAccept),
    ],
    'timer.accept': [stayIf(when.liveAtMeta, ending.terminate), ...SETTLING],
    'timer.record': [
      goIf(when.legsAreDown, 'ended', ending.record, ending.stopAll),
      stay(ending.record, ending.awaitLegs),
    ],
    'timer.abandon': [go('ended', ending.stopAll)],
  },
  ended: {},
};
