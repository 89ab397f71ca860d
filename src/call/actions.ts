import { CAUSES } from './causes.ts';
import { ringDeadlineMs } from './clock-window.ts';
import {
  type Context,
  currentAttempt,
  mark,
  nextTarget,
  setAttempt,
  startTimer,
  stopTimer,
} from './context.ts';

/** What a row does besides moving; `label` appears in the written table. */
export interface Action {
  readonly label: string;
  readonly run: (c: Context) => void;
}

/** What ringing leaves of the accept window for what may follow it, ms. */
export const AFTERWARDS_MS = 1_000;

const action = (label: string, run: (c: Context) => void): Action => ({ label, run });

export const open = action('journal the call', (c) => {
  const { pageId, psid, platform, direction, receivedAtMs } = c.s.facts;
  mark(c, direction === 'user_initiated' ? 'webhook' : 'invite', receivedAtMs);
  c.notes.push({ kind: 'call-created', pageId, psid, platform: platform.name, direction });
});

export const prepare = action('look up name, open media', (c) => {
  const { s, now } = c;
  const { pageId, psid } = s.facts;
  const isLast = Object.keys(s.after).length === 0;
  startTimer(c, 'ringBudget', ringDeadlineMs(s.facts, s.policy, isLast ? 0 : AFTERWARDS_MS) - now);
  openMedia(c);
  if (s.profile === 'done') return;
  startTimer(c, 'profile', s.policy.profileBudgetMs);
  c.effects.push({ type: 'lookUpProfile', psid, pageId });
});

function openMedia(c: Context): void {
  c.s.media = 'opening';
  const { offerSdp } = c.s.facts;
  c.effects.push({ type: 'openMedia', ...(offerSdp === undefined ? {} : { offerSdp }) });
}

/** Tells the platform that has such a word that phones are about to ring, with our answer to its offer. */
export const preAccept = action('pre_accept (WhatsApp)', (c) => {
  const { s } = c;
  if (!s.facts.platform.preAccepts || s.graph.preAccept !== 'none') return;
  s.graph = { ...s.graph, preAccept: 'sent' };
  c.effects.push({ type: 'graphPreAccept' });
  // Noted afterwards: it is never harmful twice, and phones should not ring later for it.
  c.notes.push({ kind: 'graph-sent', action: 'preAccept' });
});

export const stopProfile = action('stop name look-up', (c) => stopTimer(c, 'profile'));

export const invite = action('INVITE', (c) => {
  const { s, now } = c;
  const target = nextTarget(s);
  if (!target) throw new Error('no target left to invite');
  const attempt = s.attempts.length + 1;
  s.attempts = [...s.attempts, { attempt, target, status: 'inviting', invitedAtMs: now }];
  mark(c, 'invite');
  c.effects.push({ type: 'invite', attempt, target, callerName: s.callerName });
  c.notes.push({ kind: 'invite-sent', attempt, target: target.name });
  stopTimer(c, 'ringTarget');
  stopTimer(c, 'progress');
  if (target.ringTimeoutMs !== undefined) startTimer(c, 'ringTarget', target.ringTimeoutMs);
  // Without another target there is nobody to try instead: SIP's own timer B decides.
  if (nextTarget(s)) startTimer(c, 'progress', s.policy.progressTimeoutMs);
});

export const cancel = action('CANCEL', (c) => {
  const attempt = currentAttempt(c.s);
  if (attempt?.status !== 'inviting') return;
  setAttempt(c.s, attempt.attempt, 'cancelling');
  c.effects.push({
    type: 'cancelInvite',
    attempt: attempt.attempt,
    reason: CAUSES['no-answer'].reason,
  });
});

export const stopProgress = action('stop progress timer', (c) => stopTimer(c, 'progress'));

/** The phone answered: its plan counts from here on, also where its early media was heard before. */
export const connectPhone = action('connect the phone', (c) => {
  const { s, event } = c;
  if (event.type !== 'sip.answered') throw new Error('connected without an answer');
  for (const name of ['ringBudget', 'ringTarget', 'progress'] as const) stopTimer(c, name);
  const { attempt, dialog = {} } = event;
  const target = s.attempts[attempt - 1]?.target.name ?? '';
  c.effects.push({ type: 'connectPhone', attempt });
  c.notes.push({ kind: 'dialog-up', attempt, target, dialog });
});

/** The one accept of this call. */
export const accept = action('Graph accept', (c) => {
  const { s } = c;
  s.graph = { ...s.graph, accept: 'sent' };
  c.effects.push(
    // The only note that has to be on disk first: a second accept after a crash would hurt.
    { type: 'journal', note: { kind: 'graph-sent', action: 'accept' } },
    { type: 'graphAccept' },
  );
  mark(c, 'acceptSent');
  startTimer(c, 'accept', s.policy.acceptTimeoutMs);
});

/** The newest early media is what is heard: of one phone after the other, and of several forks of one INVITE. */
export const connectEarly = action('connect early media', (c) => {
  if (c.event.type !== 'sip.progress') throw new Error('early media without an 18x');
  const { attempt } = c.event;
  c.s.earlyBy = attempt;
  c.effects.push({ type: 'connectEarly', attempt });
});

/** It rings on: our ringback tone is heard instead. */
export const leaveEarly = action('leave early media', (c) => {
  delete c.s.earlyBy;
});

/** Once the consumer can hear: what the phone that rings now lets be heard, or our ringback tone. */
export const openEarly = action('open early media', (c) => {
  const { s } = c;
  if (s.graph.accept !== 'done' || s.milestones.secure === undefined) return;
  stopTimer(c, 'mediaSetup');
  stopTimer(c, 'metaLost');
  c.effects.push({ type: 'openEarly', ringback: s.earlyBy !== currentAttempt(s)?.attempt });
});

/** Accept succeeded: from here the consumer sees a connected call, and media has to come up. */
export const accepted = action('expect media', (c) => {
  stopTimer(c, 'accept');
  startTimer(c, 'mediaSetup', c.s.policy.mediaSetupMs);
});

export const awaitAnswerSdp = action('wait for SDP', (c) =>
  startTimer(c, 'answerSdp', c.s.policy.answerSdpWaitMs),
);

/** Hands the next SDP to the media worker: one operation at a time, the answer first. */
export const applySdp = action('apply next SDP', (c) => {
  const { s } = c;
  const [head, ...rest] = s.sdp.queue;
  if (!head || s.sdp.busy) return;
  // A media_update that overtook the reply to connect: the answer in that reply comes first.
  if (s.graph.connect === 'sent') return;
  if (head.kind === 'answer' || !s.sdp.answered) {
    // Accept without an answer: the first full description from Meta stands for it, and is then applied
    // once more as what it is, because it may carry the consumer's own m-line.
    const queue = head.kind === 'answer' ? rest : s.sdp.queue;
    s.sdp = { ...s.sdp, busy: { ...head, kind: 'answer' }, queue, answered: true };
    stopTimer(c, 'answerSdp');
    c.effects.push({ type: 'applyAnswer', sdp: head.sdp });
    return;
  }
  s.sdp = { ...s.sdp, busy: head, queue: rest };
  c.effects.push({ type: 'applyRenegotiation', sdp: head.sdp });
});

/** Nothing is heard before this: the phone's first words would be lost otherwise. */
export const openAudio = action('open audio', (c) => {
  stopTimer(c, 'mediaSetup');
  stopTimer(c, 'metaLost');
  // Before: nothing else is said at the beginning of such a call.
  if (c.s.announcement) c.effects.push({ type: 'announce', sound: c.s.announcement.sound });
  c.effects.push({ type: 'openAudio' });
  if (c.s.policy.maxDurationMs !== undefined) startTimer(c, 'maxDuration', c.s.policy.maxDurationMs);
});

export const awaitTerminate = action('wait for terminate', (c) => {
  if (!c.s.timers.includes('metaLost')) startTimer(c, 'metaLost', c.s.policy.metaLostGraceMs);
});

export const metaIsBack = action('stop waiting for terminate', (c) => stopTimer(c, 'metaLost'));

/** The consumer's digit to the phone's side, which knows whether it goes by INFO: a re-INVITE may change that. */
export const relayDtmf = action('hand on DTMF', (c) => {
  const { s, event } = c;
  if (event.type !== 'media.dtmf' || event.from !== 'consumer') return;
  if (s.answeredBy === undefined) return;
  const { digit, durationMs } = event;
  c.effects.push({ type: 'sendDtmf', attempt: s.answeredBy, digit, durationMs });
});

/** The consumer's client may show that the phone holds; a route asks for it, for most clients do more harm with it. */
export const tellHold = action('tell Meta of hold', (c) => {
  const { metaCallId, held, policy } = c.s;
  if (policy.holdTellsMeta && metaCallId !== undefined)
    c.effects.push({ type: 'tellHold', callId: metaCallId, held });
});
