import type { Action } from './actions.ts';
import { type Context, mark, setAttempt, startTimer, stopTimer } from './context.ts';

const action = (label: string, run: (c: Context) => void): Action => ({ label, run });

/** What a call that the phone places does before somebody talks. */

export const check = action('ask for permission, open media', (c) => {
  const { s } = c;
  s.media = 'opening';
  c.effects.push({ type: 'openMedia' }, { type: 'checkPermission' });
  startTimer(c, 'permission', s.policy.permissionTimeoutMs);
});

export const stopPermission = action('stop permission timer', (c) => stopTimer(c, 'permission'));

/** The one connect of this call. */
export const connect = action('Graph connect', (c) => {
  const { s } = c;
  stopTimer(c, 'permission');
  s.graph = { ...s.graph, connect: 'sent' };
  c.effects.push(
    // On disk first: a consumer whose device rings for nobody after a crash must be let go.
    { type: 'journal', note: { kind: 'graph-sent', action: 'connect' } },
    { type: 'graphConnect' },
  );
  mark(c, 'connectSent');
  startTimer(c, 'connect', s.policy.connectTimeoutMs);
  startTimer(c, 'ringBudget', s.policy.dialRingMs);
});

/** Meta placed the call: ICE and DTLS come up while the consumer's device rings, once there is an answer. */
export const connected = action('expect media', (c) => {
  stopTimer(c, 'connect');
  if (c.s.sdp.queue.length > 0 || !c.s.facts.platform.answersLater) awaitMedia(c);
});

/** Both sides have the other's description. */
export const expectMedia = action('expect media', (c) => {
  stopTimer(c, 'answerSdp');
  if (c.s.graph.connect !== 'sent') awaitMedia(c);
});

function awaitMedia(c: Context): void {
  if (c.s.milestones.secure === undefined) startTimer(c, 'mediaSetup', c.s.policy.mediaSetupMs);
}

export const ring = action('180', (c) => c.effects.push({ type: 'ringPhone', attempt: 1 }));

export const awaitPickup = action('wait for accepted', (c) => {
  if (!c.s.timers.includes('pickup')) startTimer(c, 'pickup', c.s.policy.pickupWaitMs);
});

export const mediaIsUp = action('stop media timers', (c) => {
  stopTimer(c, 'mediaSetup');
  stopTimer(c, 'metaLost');
});

/** The consumer picked up. */
export const answer = action('200', (c) => {
  for (const name of ['ringBudget', 'pickup'] as const) stopTimer(c, name);
  setAttempt(c.s, 1, 'answering', 200);
  c.s.answeredBy = 1;
  mark(c, 'answered');
  c.effects.push({ type: 'answerPhone', attempt: 1 });
  c.notes.push({ kind: 'dialog-up', attempt: 1, target: c.s.attempts[0]?.target.name ?? '', dialog: {} });
});

/** Nothing to talk over is agreed, and Graph's reply is here: a media_update must bring it. */
export const expectSdp = action('wait for SDP', (c) => {
  const { s } = c;
  if (s.graph.connect === 'sent' || s.sdp.answered || s.sdp.queue.length > 0) return;
  startTimer(c, 'answerSdp', s.policy.answerSdpWaitMs);
});
