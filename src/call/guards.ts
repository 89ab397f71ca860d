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

export const noTargets = guard('no target', ({ s }) => s.targets.length === 0);

export const windowOver = guard('too late to ring', ({ s, now }) => now >= ringDeadlineMs(s.facts, s.policy));

export const prepared = guard('name and media ready', ({ s }) => s.profile === 'done' && s.media === 'open');

export const targetLeft = guard('target left', ({ s }) => nextTarget(s) !== undefined);

export const refusedByPhone = guard('busy or declined', ({ s, event }) => {
  if (event.type !== 'sip.failed') return false;
  return meaningOfFailure(event, s.milestones.ringing !== undefined).final;
});

export const insideWindow = guard(
  'inside the accept window',
  ({ s, now }) => now <= acceptDeadlineMs(s.facts, s.policy),
);

/** An answer, or a media_update that can stand for it. */
export const sdpAtHand = guard('SDP at hand', ({ s }) => s.sdp.queue.length > 0);

export const phoneHeld = guard(
  'phone on hold',
  ({ s, event }) => s.held && event.type === 'media.silent' && event.leg === 'phone',
);

/** No terminate webhook is stored, and Meta did not say that the call is not (or no longer) ours. */
export const liveAtMeta = guard('live at Meta', ({ s }) => !isGoneAtMeta(s));

/** Graph did not accept, so the consumer still rings. */
export const refusedByGraph = guard(
  'accept refused',
  ({ s }) => s.graph.accept === 'failed' && !isGoneAtMeta(s),
);

/** Everything the tear-down waits for has come. */
export const settled = guard('settled', ({ s }) => legsDown(s) && (s.recorded || recordComplete(s)));

export const legsAreDown = guard('legs down', ({ s }) => legsDown(s));

export function isGoneAtMeta(s: CallState): boolean {
  const failure = s.acceptFailure?.kind;
  return s.webhook !== undefined || failure === 'gone' || failure === 'not-owner';
}

/** No SIP attempt and no Graph action owes a reply, and the media sockets are closed. */
function legsDown(s: CallState): boolean {
  const graphBusy = Object.values(s.graph).includes('sent');
  const mediaBusy = s.media !== 'none' && s.media !== 'closed';
  return !graphBusy && !mediaBusy && s.attempts.every(({ status }) => status === 'down');
}

/** Meta sends terminate for every call of ours, also after our own reject or terminate. */
function recordComplete(s: CallState): boolean {
  return s.webhook !== undefined || s.acceptFailure?.kind === 'not-owner' || s.hurry;
}
