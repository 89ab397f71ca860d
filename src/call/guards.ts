import { meaningOfFailure } from './causes.ts';
import { acceptDeadlineMs, ringDeadlineMs } from './clock-window.ts';
import { type Context, nextTarget } from './context.ts';
import type { CallState } from './types.ts';

/** A condition on the state after the event was absorbed; `label` appears in the diagram. */
export interface Guard {
  readonly label: string;
  readonly holds: (c: Context) => boolean;
}

const guard = (label: string, holds: (c: Context) => boolean): Guard => ({ label, holds });

export const noTargets = guard('no target', ({ s }) => s.targets.length === 0 && !s.announcement);

export const rejected = guard('a rule rejects it', ({ s }) => s.rejected);

export const windowOver = guard('too late to ring', ({ s, now }) => now >= ringDeadlineMs(s.facts, s.policy));

export const prepared = guard('name and media ready', ({ s }) => s.profile === 'done' && s.media === 'open');

export const outbound = guard('a phone calls', ({ s }) => s.facts.direction === 'business_initiated');

/** Permission is there and media is open. */
export const clearToDial = guard(
  'permission and media ready',
  ({ s }) => s.permission === 'granted' && s.media === 'open',
);

export const alreadySecure = guard('media is up', ({ s }) => s.milestones.secure !== undefined);

/** Nobody was busy or declined, and somebody is left. */
export const goesOn = guard(
  'target left, nobody busy',
  (c) => !refusedByPhone.holds(c) && nextTarget(c.s) !== undefined,
);

export const targetLeft = guard('target left', ({ s }) => nextTarget(s) !== undefined);

export const refusedByPhone = guard('busy or declined', ({ s, event }) => {
  if (event.type !== 'sip.failed') return false;
  return meaningOfFailure(event, s.milestones.ringing !== undefined).final;
});

export const insideWindow = guard('inside the accept window', isInsideWindow);

/** The route wants the consumer to hear what comes before the 200. */
export const earlyMediaWanted = guard(
  'early media, and the route accepts for it',
  (c) => c.s.policy.earlyMedia && bringsSound(c) && isInsideWindow(c),
);

export const earlyMediaComes = guard('early media', bringsSound);

/** The phone that was heard is silent again. */
export const earlyMediaCeases = guard(
  'early media is over',
  ({ s, event }) => event.type === 'sip.progress' && event.ceases === true && s.earlyBy === event.attempt,
);

export const acceptPending = guard('accept in flight', ({ s }) => s.graph.accept === 'sent');

/** An answer, or a media_update that can stand for it. */
export const sdpAtHand = guard('SDP at hand', ({ s }) => s.sdp.queue.length > 0 || s.sdp.answered);

/** Meta, or the reply to what we asked of it, says that the call is over or another's. */
export const goneAtMeta = guard('gone at Meta', ({ s }) => isGoneAtMeta(s));

/** Meta said that the consumer declined; its terminate did not come. */
export const declined = guard(
  'declined',
  ({ s, event }) => s.refusal?.status === 603 && event.type === 'timer',
);

export const mayBeSilent = guard(
  'phone on hold, or an announcement',
  ({ s, event }) =>
    s.announcement !== undefined || (s.held && event.type === 'media.silent' && event.leg === 'phone'),
);

/** No terminate webhook is stored, Meta did not say that the call is not (or no longer) ours, and it has a name. */
export const liveAtMeta = guard('live at Meta', ({ s }) => !isGoneAtMeta(s) && s.metaCallId !== undefined);

/** Nobody knows whether Meta placed the call, or under which name. */
export const nameless = guard('nameless at Meta', ({ s }) => isNameless(s));

/** Graph did not accept, so the consumer still rings. */
export const refusedByGraph = guard(
  'accept refused',
  ({ s }) => s.graph.accept === 'failed' && !isGoneAtMeta(s),
);

/** Everything the tear-down waits for has come. */
export const settled = guard('settled', ({ s }) => legsDown(s) && (s.recorded || recordComplete(s)));

export const legsAreDown = guard('legs down', ({ s }) => legsDown(s));

function isInsideWindow({ s, now }: Context): boolean {
  return now <= acceptDeadlineMs(s.facts, s.policy);
}

function bringsSound({ event }: Context): boolean {
  return event.type === 'sip.progress' && event.hasSdp;
}

export function isGoneAtMeta(s: CallState): boolean {
  const failure = s.acceptFailure?.kind;
  return s.webhook !== undefined || failure === 'gone' || failure === 'not-owner' || wasNeverPlaced(s);
}

export function isNameless(s: CallState): boolean {
  const { connect } = s.graph;
  return s.metaCallId === undefined && !isGoneAtMeta(s) && (connect === 'ambiguous' || connect === 'done');
}

/** Our own call that Graph was not asked for, or refused. */
function wasNeverPlaced({ facts, graph }: CallState): boolean {
  return facts.direction === 'business_initiated' && (graph.connect === 'none' || graph.connect === 'failed');
}

/** No SIP attempt and no Graph action owes a reply, and the media sockets are closed. */
function legsDown(s: CallState): boolean {
  const { preAccept: _, ...owed } = s.graph;
  const graphBusy = Object.values(owed).includes('sent');
  const mediaBusy = s.media !== 'none' && s.media !== 'closed';
  return !graphBusy && !mediaBusy && s.attempts.every(({ status }) => status === 'down');
}

/** Meta sends terminate for every call of ours, also after our own reject or terminate. */
function recordComplete(s: CallState): boolean {
  if (s.webhook !== undefined || s.acceptFailure?.kind === 'not-owner' || wasNeverPlaced(s)) return true;
  // What has no name can only be waited for, also in a hurry: a webhook may still name what rings.
  if (isNameless(s)) return !s.timers.includes('identify');
  return s.hurry;
}
