import type { Action } from './actions.ts';
import { CAUSES } from './causes.ts';
import { type Context, setAttempt, startTimer, stopTimer } from './context.ts';
import type { Guard } from './guards.ts';
import type { CallState, Transfer } from './types.ts';

/** So often may one call be handed on; a phone that sends it round in circles is refused then. */
const MAX_TRANSFERS = 50;

const guard = (label: string, holds: (c: Context) => boolean): Guard => ({ label, holds });
const action = (label: string, run: (c: Context) => void): Action => ({ label, run });

/** The one that is under way. */
export function pendingTransfer({ transfers }: CallState): Transfer | undefined {
  const last = transfers.at(-1);
  return last?.outcome === 'pending' ? last : undefined;
}

const statusOf = (s: CallState, attempt: number): string | undefined => s.attempts[attempt - 1]?.status;

/** Of one phone at a time, and of the one that talks. */
export const possible = guard('may be transferred', ({ s, event }) => {
  if (event.type !== 'sip.transfer' || s.transfers.length >= MAX_TRANSFERS) return false;
  return event.attempt === s.answeredBy && statusOf(s, event.attempt) === 'up' && !pendingTransfer(s);
});

/** The phone that asked has hung up: there is nobody to go back to. */
export const orphaned = guard('transferor gone', ({ s }) => {
  const transfer = s.transfers.at(-1);
  return transfer !== undefined && statusOf(s, transfer.from) !== 'up';
});

/** No phone need speak while the next one is called. */
export const waiting = guard('in transfer', ({ s, event }) => {
  return pendingTransfer(s) !== undefined && event.type === 'media.silent' && event.leg === 'phone';
});

/** 202 and an INVITE of ours, or 200 to the INVITE that takes the call over (RFC 3515, RFC 3891). */
export const begin = action('begin transfer', (c) => {
  const { s, event, now } = c;
  if (event.type !== 'sip.transfer') return;
  const { attempt: from, kind, target } = event;
  const attempt = s.attempts.length + 1;
  const isOurs = kind !== 'replaced';
  s.attempts = [
    ...s.attempts,
    { attempt, target, status: isOurs ? 'inviting' : 'answering', invitedAtMs: now },
  ];
  s.transfers = [...s.transfers, { kind, from, attempt, askedAtMs: Math.round(now), outcome: 'pending' }];
  c.effects.push({ type: 'acceptTransfer', from, attempt });
  if (!isOurs) return;
  c.effects.push(
    { type: 'waitForPhone', waiting: true },
    { type: 'invite', attempt, target, callerName: s.callerName },
  );
  c.notes.push({ kind: 'invite-sent', attempt, target: target.name });
  startTimer(c, 'transfer', s.policy.transferRingMs);
});

/** RFC 3261 21.4.27: another one is under way, or the call is not there yet. */
export const refuse = action('refuse transfer (491)', (c) => {
  if (c.event.type === 'sip.transfer')
    c.effects.push({ type: 'refuseTransfer', from: c.event.attempt, status: 491 });
});

export const tellProgress = action('NOTIFY progress', (c) => {
  const transfer = pendingTransfer(c.s);
  if (transfer && c.event.type === 'sip.progress')
    c.effects.push({ type: 'tellTransfer', from: transfer.from, status: c.event.status });
});

/** The new phone has the call; the old one hangs up by itself, or is helped after a while. */
export const handOver = action('hand over', (c) => {
  const { s, event } = c;
  const transfer = pendingTransfer(s);
  if (!transfer || event.type !== 'sip.answered') return;
  const { attempt, dialog = {} } = event;
  c.effects.push({ type: 'connectPhone', attempt });
  c.notes.push({
    kind: 'dialog-up',
    attempt,
    target: s.attempts[attempt - 1]?.target.name ?? '',
    dialog,
  });
  settle(c, 'done', 200);
  if (s.held) {
    s.held = false;
    const { metaCallId, policy } = s;
    if (policy.holdTellsMeta && metaCallId !== undefined)
      c.effects.push({ type: 'tellHold', callId: metaCallId, held: false });
  }
  if (statusOf(s, transfer.from) !== 'up') return;
  if (transfer.kind === 'replaced') byeFormer.run(c);
  else startTimer(c, 'transferBye', s.policy.transferByeMs);
});

/** What the old phone is told; it has the call again, if it is still there. */
export const fail = action('transfer failed', (c) => {
  const { s, event } = c;
  const transfer = pendingTransfer(s);
  if (!transfer) return;
  if (event.type === 'timer' && statusOf(s, transfer.attempt) === 'inviting') {
    setAttempt(s, transfer.attempt, 'cancelling', 408);
    c.effects.push({
      type: 'cancelInvite',
      attempt: transfer.attempt,
      reason: CAUSES['no-answer'].reason,
    });
  }
  const status = event.type === 'sip.failed' ? event.status : event.type === 'timer' ? 408 : 487;
  settle(c, 'failed', status);
});

/** RFC 3515 leaves it to the transferor to hang up; some never do. */
export const byeFormer = action('BYE to the former phone', (c) => {
  const { s } = c;
  for (const { attempt, status } of s.attempts) {
    if (status !== 'up' || attempt === s.answeredBy) continue;
    setAttempt(s, attempt, 'leaving');
    c.effects.push({ type: 'sendBye', attempt, reason: CAUSES['phone-hangup'].reason });
  }
});

/** The call is over; before its phones are told, so that the last NOTIFY finds its dialog. */
export function abandonTransfer(c: Context): void {
  if (pendingTransfer(c.s)) settle(c, 'cancelled', 487);
}

function settle(c: Context, outcome: Transfer['outcome'], status: number): void {
  const { s } = c;
  const transfer = pendingTransfer(s);
  if (!transfer) return;
  stopTimer(c, 'transfer');
  s.transfers = [...s.transfers.slice(0, -1), { ...transfer, outcome, status }];
  if (transfer.kind === 'replaced') return;
  c.effects.push(
    { type: 'waitForPhone', waiting: false },
    { type: 'tellTransfer', from: transfer.from, status },
  );
}
