import type { CallStateName } from '../shared/call-states.ts';
import type { Action } from './actions.ts';
import * as act from './actions.ts';
import type { EventKey } from './classify.ts';
import * as dial from './dialing.ts';
import * as ending from './ending.ts';
import { end } from './ending.ts';
import type { Guard } from './guards.ts';
import * as when from './guards.ts';
import * as transfer from './transfer.ts';
import * as treat from './treating.ts';

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
  'transfer.asked': [stay(transfer.refuse)],
};

/** Until accept: Meta's renegotiations are kept, the ring budget runs. */
const UNACCEPTED: Column = {
  'meta.terminate': [go('ending', end('cancelled'))],
  'meta.mediaUpdate': [stay()],
  'timer.ringBudget': [go('ending', end('no-answer'))],
};

const ANNOUNCE_NOW = goIf(treat.announcesAtOnce, 'accepting', act.preAccept, treat.stopRinging, act.accept);

const READY: readonly Row[] = [
  goIf(when.prepared, 'inviting', act.stopProfile, act.preAccept, act.invite),
  stay(act.stopProfile),
];
const MEDIA_READY: readonly Row[] = [
  ANNOUNCE_NOW,
  goIf(when.prepared, 'inviting', act.preAccept, act.invite),
  stay(),
];

/** Nobody is left to ring, or somebody decided: what the route says of it, or the end. */
const givenUp = (atLast: Action): readonly Row[] => [
  goIf(treat.ringsOthers, 'inviting', treat.ringOthers, act.cancel, act.invite),
  goIf(treat.announces, 'accepting', treat.announce, treat.stopRinging, act.cancel, act.accept),
  go('ending', atLast),
];

/** Media may come up before anybody has picked up: nothing is heard of it. */
const EARLY_MEDIA: Column = {
  'media.sdpApplied': [stay(act.applySdp)],
  'media.answerFailed': [go('ending', end('media-setup-failed'))],
  'media.iceConnected': [stay(act.metaIsBack)],
  'media.secure': [stay(dial.mediaIsUp)],
  'media.consumerLost': [stay(act.awaitTerminate)],
  'timer.mediaSetup': [go('ending', end('media-setup-failed'))],
  'timer.metaLost': [
    goIf(when.declined, 'ending', end('not-taken')),
    go('ending', end('media-setup-failed')),
  ],
};

const PRE_ACCEPTED: Column = {
  ...EARLY_MEDIA,
  'graph.preAccepted': [stay(dial.expectMedia, act.applySdp)],
};

/** One target at a time. */
const ALERTING: Column = {
  ...UNACCEPTED,
  ...PRE_ACCEPTED,
  'graph.preAcceptFailed': [goIf(when.goneAtMeta, 'ending', ending.endByPreAcceptFailure), stay()],
  'sip.answered': [
    goIf(when.insideWindow, 'accepting', act.connectPhone, act.accept),
    go('ending', end('no-answer')),
  ],
  'sip.failed': [goIf(when.goesOn, 'inviting', act.invite), ...givenUp(ending.endByFailure)],
  'timer.ringTarget': [
    goIf(when.targetLeft, 'inviting', act.cancel, act.invite),
    ...givenUp(end('no-answer')),
  ],
  'timer.ringBudget': givenUp(end('no-answer')),
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

/** The same behind an accept. */
const givenUpEarly = (atLast: Action): readonly Row[] => [
  stayIf(treat.ringsOthers, treat.ringOthers, act.cancel, act.invite, act.openEarly),
  goIf(treat.announcesPending, 'accepting', treat.announce, treat.stopRinging, act.cancel),
  goIf(treat.announcesSecure, 'talking', treat.announce, treat.stopRinging, act.cancel, act.openAudio),
  goIf(treat.announces, 'connecting', treat.announce, treat.stopRinging, act.cancel),
  go('ending', atLast),
];

/** Phones ring on behind an accept: the consumer hears the one that rings, or our ringback tone. */
const EARLY: Column = {
  ...EARLY_MEDIA,
  'graph.preAccepted': [stay(dial.expectMedia, act.applySdp)],
  'graph.preAcceptFailed': [stay()],
  'graph.accepted': [
    stayIf(when.alreadySecure, ending.stopAccept, act.openEarly),
    stayIf(when.sdpAtHand, act.accepted, act.applySdp),
    stay(act.accepted, act.awaitAnswerSdp),
  ],
  'graph.acceptFailed': [go('ending', ending.endByAcceptFailure)],
  'timer.accept': [go('ending', end('accept-failed'))],
  'timer.answerSdp': [go('ending', end('no-answer-sdp'))],
  'meta.terminate': [go('ending', end('cancelled'))],
  'meta.mediaUpdate': [stayIf(when.acceptPending), stay(act.applySdp)],
  'media.renegotiationFailed': [stay(act.applySdp)],
  'media.secure': [stay(dial.mediaIsUp, act.openEarly)],
  // Who rings may be silent.
  'media.silent': [stay()],
  'sip.progress': [
    stayIf(when.earlyMediaComes, act.stopProgress, act.connectEarly, act.openEarly),
    stayIf(when.earlyMediaCeases, act.leaveEarly, act.openEarly),
    stay(act.stopProgress),
  ],
  'sip.answered': [
    goIf(when.acceptPending, 'accepting', act.connectPhone),
    goIf(when.alreadySecure, 'talking', act.connectPhone, act.openAudio),
    go('connecting', act.connectPhone),
  ],
  'sip.failed': [stayIf(when.goesOn, act.invite, act.openEarly), ...givenUpEarly(ending.endByFailure)],
  'timer.progress': [stay(act.cancel, act.invite, act.openEarly)],
  'timer.ringTarget': [
    stayIf(when.targetLeft, act.cancel, act.invite, act.openEarly),
    ...givenUpEarly(end('no-answer')),
  ],
  'timer.ringBudget': givenUpEarly(end('no-answer')),
};

/** The phone that called waits for our final response. */
const CALLER_WAITS: Column = { 'sip.abandoned': [go('ending', end('phone-cancelled'))] };

const PICKED_UP: readonly Row[] = [
  goIf(when.alreadySecure, 'talking', dial.answer, act.openAudio),
  go('connecting', dial.answer, dial.expectSdp),
];

/** From connect until the pickup: media comes up meanwhile, nothing is heard. */
const DIALED: Column = {
  ...CALLER_WAITS,
  ...EARLY_MEDIA,
  'graph.connected': [stay(dial.connected, act.applySdp)],
  'graph.connectFailed': [go('ending', end('connect-failed'))],
  'timer.connect': [go('ending', end('connect-failed'))],
  'meta.identified': [stay()],
  'meta.accepted': PICKED_UP,
  'timer.pickup': PICKED_UP,
  'meta.rejected': [stay(act.awaitTerminate)],
  'meta.answer': [stay(dial.expectMedia, act.applySdp)],
  'meta.mediaUpdate': [stay(act.applySdp, dial.awaitPickup)],
  'meta.terminate': [go('ending', end('not-taken'))],
  'timer.ringBudget': [go('ending', end('no-answer'))],
  'media.renegotiationFailed': [stay(act.applySdp)],
};

/** Our 200 to the phone that called may still be on its way. */
const PHONE_ANSWERED: Column = { ...CALLER_WAITS, 'sip.established': [stay()], 'meta.identified': [stay()] };

const TAKE_EARLY = goIf(when.earlyMediaWanted, 'early', act.stopProgress, act.connectEarly, act.accept);
const TRANSFER_FAILED: readonly Row[] = [
  stayIf(transfer.recallable, transfer.fail, transfer.recall),
  goIf(transfer.orphaned, 'ending', transfer.fail, end('transfer-failed')),
  stay(transfer.fail),
];

/** While two talk, the phone may hand the consumer to another phone. */
const TRANSFERABLE: Column = {
  'transfer.asked': [stayIf(transfer.possible, transfer.begin), stay(transfer.refuse)],
  'transfer.progress': [stay(transfer.tellProgress)],
  'transfer.answered': [stay(transfer.handOver)],
  'transfer.failed': TRANSFER_FAILED,
  'timer.transfer': TRANSFER_FAILED,
  'transfer.told': [stay(transfer.takeWord)],
  'transfer.toldLate': [stay(transfer.expectPhone)],
  'media.unspoken': [
    stayIf(transfer.mayStayAway, transfer.expectPhone),
    go('ending', transfer.tellSilent, end('transfer-silent')),
  ],
  // Very common right after the 202: the consumer's call goes on.
  'transfer.left': [stay()],
  'timer.transferBye': [stay(transfer.byeFormer)],
};

const SETTLED = goIf(when.settled, 'ended', ending.record, ending.stopAll);
const SETTLING: readonly Row[] = [SETTLED, stay()];

/** states x events -> what follows. An event without a row in a state changes nothing there. */
export const TABLE: Readonly<Record<CallStateName, Column>> = {
  new: {
    start: [
      goIf(when.outbound, 'checking', act.open, dial.check),
      goIf(when.rejected, 'ending', act.open, end('turned-away')),
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
    'sip.progress': [TAKE_EARLY, go('ringing', act.stopProgress)],
    'timer.progress': [go('inviting', act.cancel, act.invite)],
  },
  ringing: { ...LIVE, ...ALERTING, 'sip.progress': [TAKE_EARLY, stay()] },
  early: { ...LIVE, ...EARLY },
  checking: {
    ...LIVE,
    ...CALLER_WAITS,
    'graph.permitted': [goIf(when.clearToDial, 'dialing', dial.connect), stay(dial.stopPermission)],
    'graph.notPermitted': [go('ending', end('no-permission'))],
    'timer.permission': [go('ending', end('connect-failed'))],
    'media.ready': [goIf(when.clearToDial, 'dialing', dial.connect), stay()],
  },
  dialing: { ...LIVE, ...DIALED, 'meta.ringing': [go('alerting', dial.ring)] },
  alerting: { ...LIVE, ...DIALED },
  accepting: {
    ...LIVE,
    ...ANSWERED,
    ...PRE_ACCEPTED,
    'graph.preAcceptFailed': [stay()],
    'meta.terminate': [go('ending', end('accept-after-hangup'))],
    'meta.mediaUpdate': [stay()],
    'graph.accepted': [
      goIf(when.alreadySecure, 'talking', ending.stopAccept, act.openAudio),
      goIf(when.sdpAtHand, 'connecting', act.accepted, act.applySdp),
      go('connecting', act.accepted, act.awaitAnswerSdp),
    ],
    'graph.acceptFailed': [go('ending', ending.endByAcceptFailure)],
    'timer.accept': [go('ending', end('accept-failed'))],
  },
  connecting: {
    ...LIVE,
    ...CONNECTED,
    ...PHONE_ANSWERED,
    // The pickup overtook the reply to connect.
    'graph.connected': [stay(dial.connected, act.applySdp, dial.expectSdp)],
    'meta.answer': [stay(dial.expectMedia, act.applySdp)],
    'graph.connectFailed': [go('ending', end('connect-failed'))],
    'timer.connect': [go('ending', end('connect-failed'))],
    'media.secure': [go('talking', act.openAudio)],
    'timer.answerSdp': [go('ending', end('no-answer-sdp'))],
    'timer.mediaSetup': [go('ending', end('media-setup-failed'))],
    'timer.metaLost': [go('ending', end('media-setup-failed'))],
  },
  talking: {
    ...LIVE,
    ...CONNECTED,
    ...PHONE_ANSWERED,
    ...TRANSFERABLE,
    'sip.held': [stay(act.tellHold)],
    'media.silent': [stayIf(when.mayBeSilent), stayIf(transfer.waiting), go('ending', end('media-lost'))],
    'timer.metaLost': [go('ending', end('media-lost'))],
    'media.announced': [go('ending', ending.endByAnnouncement)],
    'timer.maxDuration': [go('ending', end('max-duration'))],
  },
  ending: {
    'sip.crossed': [stay(ending.byeCrossed)],
    'sip.established': [stay(ending.byeCrossed)],
    'transfer.asked': [stay(transfer.refuse)],
    'sip.abandoned': SETTLING,
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
    // The connect was in flight when the call ended.
    'graph.connected': [
      stayIf(when.liveAtMeta, ending.terminate),
      stayIf(when.nameless, ending.awaitName),
      SETTLED,
      stay(ending.stopConnect),
    ],
    'graph.connectFailed': [
      stayIf(when.liveAtMeta, ending.terminate),
      stayIf(when.nameless, ending.awaitName),
      SETTLED,
      stay(ending.stopConnect),
    ],
    'timer.connect': [
      stayIf(when.liveAtMeta, ending.terminate),
      stayIf(when.nameless, ending.awaitName),
      ...SETTLING,
    ],
    'meta.identified': [stayIf(when.liveAtMeta, ending.terminate), ...SETTLING],
    'timer.identify': SETTLING,
    'timer.record': [
      goIf(when.legsAreDown, 'ended', ending.record, ending.stopAll),
      stay(ending.record, ending.awaitLegs),
    ],
    'timer.abandon': [go('ended', ending.stopAll)],
  },
  ended: {},
};
