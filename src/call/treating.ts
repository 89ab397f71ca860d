import { type Action, AFTERWARDS_MS } from './actions.ts';
import { acceptDeadlineMs } from './clock-window.ts';
import { type Context, startTimer, stopTimer } from './context.ts';
import { causeOfGivingUp } from './ending.ts';
import type { Guard } from './guards.ts';
import type { EndCause } from './record.ts';
import type { Announcement, FurtherTargets, RingOutcome, Treatment } from './treatment.ts';

/** What is done with a call besides ringing one route: an announcement in place of a phone, or other targets. */

/** Less time than this is not worth ringing anybody, ms. */
const SHORTEST_RING_MS = 2_000;

const OUTCOMES: Readonly<Partial<Record<EndCause, RingOutcome>>> = {
  busy: 'busy',
  declined: 'busy',
  'no-answer': 'noAnswer',
  unreachable: 'failed',
};

/** Of the ringing that the event ended; targets for which there is no time are as if nobody had answered. */
function treatmentOf(c: Context): Treatment | undefined {
  const outcome = OUTCOMES[causeOfGivingUp(c)];
  let treatment = outcome && c.s.after[outcome];
  while (treatment?.kind === 'ring') {
    if (treatment.targets.length === 0) treatment = treatment.after.failed;
    else if (msToRing(c) < SHORTEST_RING_MS) treatment = treatment.after.noAnswer;
    else return treatment;
  }
  return treatment;
}

/** What is announced, and in time for the accept that takes. */
function announcementOf(c: Context): Announcement | undefined {
  const treatment = treatmentOf(c);
  return treatment?.kind === 'announce' && msToRing(c) + AFTERWARDS_MS >= 0 ? treatment : undefined;
}

function furtherTargetsOf(c: Context): FurtherTargets | undefined {
  const treatment = treatmentOf(c);
  return treatment?.kind === 'ring' ? treatment : undefined;
}

/** Until the accept that may follow would come too late; once accepted, Meta waits for nothing. */
function msToRing({ s, now }: Context): number {
  if (s.graph.accept !== 'none') return Number.POSITIVE_INFINITY;
  return acceptDeadlineMs(s.facts, s.policy) - AFTERWARDS_MS - now;
}

/** A rule wants an announcement in place of any phone. */
export const announcesAtOnce: Guard = {
  label: 'to be announced, media ready',
  holds: ({ s }) => s.announcement !== undefined && s.profile === 'done' && s.media === 'open',
};

export const announces: Guard = {
  label: 'an announcement follows',
  holds: (c) => announcementOf(c) !== undefined,
};

/** The accept behind which phones rang has no reply yet. */
export const announcesPending: Guard = {
  label: 'an announcement follows, accept in flight',
  holds: (c) => announces.holds(c) && c.s.graph.accept === 'sent',
};

export const announcesSecure: Guard = {
  label: 'an announcement follows, media is up',
  holds: (c) => announces.holds(c) && c.s.milestones.secure !== undefined,
};

export const ringsOthers: Guard = {
  label: 'other targets follow',
  holds: (c) => furtherTargetsOf(c) !== undefined,
};

const action = (label: string, run: (c: Context) => void): Action => ({ label, run });

/** The announcement in place of the phones that rang. */
export const announce = action('announce', (c) => {
  const announcement = announcementOf(c);
  if (!announcement) throw new Error('no announcement follows');
  c.s.announcement = { sound: announcement.sound, cause: causeOfGivingUp(c) };
});

export const stopRinging = action('stop ring timers', (c) => {
  for (const name of ['ringBudget', 'ringTarget', 'progress'] as const) stopTimer(c, name);
});

/** The targets of another route, behind those that were tried. */
export const ringOthers = action('take other targets', (c) => {
  const { s } = c;
  const further = furtherTargetsOf(c);
  if (!further) throw new Error('no other targets follow');
  const { targets, ringBudgetMs = s.policy.ringBudgetMs, after } = further;
  startTimer(c, 'ringBudget', Math.min(ringBudgetMs, msToRing(c)));
  s.targets = [...s.targets.slice(0, s.attempts.length), ...targets];
  s.after = after;
});
