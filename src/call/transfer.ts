import type { Action } from './actions.ts';
import { CAUSES } from './causes.ts';
import { type Context, setAttempt, startTimer, stopTimer } from './context.ts';
import { entryOf } from './finish.ts';
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
  const before = pendingTransfer(s);
  // What the PBX was asked for may come as an INVITE of its own.
  const isFree = !before || (before.kind === 'referred' && event.kind === 'replaced');
  return isFree && event.attempt === s.answeredBy && statusOf(s, event.attempt) === 'up';
});

/** The phone that asked has hung up: there is nobody to go back to. */
export const orphaned = guard('transferor gone', ({ s }) => {
  const transfer = s.transfers.at(-1);
  return transfer !== undefined && statusOf(s, transfer.from) !== 'up';
});

/** Once: a recall that comes to nothing is the end. */
export const recallable = guard('transferor gone, may be rung back', (c) => {
  const kind = pendingTransfer(c.s)?.kind;
  return c.s.policy.transferRecall && (kind === 'blind' || kind === 'attended') && orphaned.holds(c);
});

/** No phone need speak while the next one is called. */
export const waiting = guard('in transfer', ({ s, event }) => {
  return pendingTransfer(s) !== undefined && event.type === 'media.silent' && event.leg === 'phone';
});

/** It says that it sends nothing, or another phone is being called. */
export const mayStayAway = guard(
  'phone on hold, or in transfer',
  ({ s }) => s.held || pendingTransfer(s) !== undefined,
);

/** 202 and an INVITE of ours, or 200 to the INVITE that takes the call over, or a REFER of ours (RFC 3515, RFC 3891). */
export const begin = action('begin transfer', (c) => {
  const { s, event, now } = c;
  if (event.type !== 'sip.transfer') return;
  const { attempt: from, kind, target, by } = event;
  if (pendingTransfer(s)) settle(c, 'done', 200);
  const asked = { kind, ...(by === undefined ? {} : { by }), from, to: target.name };
  if (kind === 'referred') {
    open(c, asked);
    c.effects.push({ type: 'sendRefer', from });
    startTimer(c, 'transfer', s.policy.transferRingMs);
    return;
  }
  const attempt = s.attempts.length + 1;
  const isOurs = kind !== 'replaced';
  s.attempts = [
    ...s.attempts,
    { attempt, target, status: isOurs ? 'inviting' : 'answering', invitedAtMs: now },
  ];
  open(c, { ...asked, attempt });
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

/** The phone that asked is told; what the PBX tells of our REFER is kept. */
export const tellProgress = action('NOTIFY progress', (c) => {
  const { s, event } = c;
  const transfer = pendingTransfer(s);
  if (transfer && event.type === 'sip.referred' && event.status !== undefined)
    s.transfers = [...s.transfers.slice(0, -1), { ...transfer, status: event.status }];
  if (!transfer || event.type !== 'sip.progress') return;
  const { status, reason } = event;
  c.effects.push({
    type: 'tellTransfer',
    from: transfer.from,
    status,
    ...(reason === undefined ? {} : { reason }),
  });
});

/** The PBX has said all it says; the call goes on as it is, for the new phone comes by the dialog that there is. */
export const takeWord = action('end of REFER', (c) => {
  if (c.event.type !== 'sip.referred') return;
  const status = c.event.status ?? pendingTransfer(c.s)?.status;
  if (status === undefined || status < 200) settle(c, 'unknown', status);
  else settle(c, status < 300 ? 'done' : 'failed', status);
});

/** A PBX that did as it was asked may have left our dialog alone with its RTCP (RFC 5589), which nothing else would end. */
export const expectPhone = action('expect RTP', expect);

export const tellSilent = action('no RTP after REFER', ({ event, effects }) => {
  if (event.type === 'media.unspoken') effects.push({ type: 'transferSilent', ms: event.ms });
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
  // A phone that did not ask knows of nothing.
  if (transfer.kind === 'replaced' || transfer.by === 'operator') byeFormer.run(c);
  else startTimer(c, 'transferBye', s.policy.transferByeMs);
});

/** What the old phone is told; it has the call again, if it is still there. */
export const fail = action('transfer failed', (c) => {
  const { s, event } = c;
  const transfer = pendingTransfer(s);
  if (!transfer) return;
  const { attempt } = transfer;
  // Only the timer ends it: the PBX took our REFER and is silent.
  if (attempt === undefined) return settle(c, 'unknown', transfer.status);
  if (event.type === 'timer' && statusOf(s, attempt) === 'inviting') {
    setAttempt(s, attempt, 'cancelling', 408);
    c.effects.push({ type: 'cancelInvite', attempt, reason: CAUSES['no-answer'].reason });
  }
  if (event.type !== 'sip.failed') return settle(c, 'failed', event.type === 'timer' ? 408 : 487);
  // Texts of our own are no reason phrase of the target's.
  settle(c, 'failed', event.status, event.kind === 'response' ? event.reason : undefined);
});

/** Rather than end the call: the consumer waits for the phone that handed it over. */
export const recall = action('ring the transferor back', (c) => {
  const { s, now } = c;
  const from = s.transfers.at(-1)?.from ?? 0;
  const target = s.attempts[from - 1]?.target;
  if (!target) throw new Error('there is no transferor');
  const attempt = s.attempts.length + 1;
  s.attempts = [...s.attempts, { attempt, target, status: 'inviting', invitedAtMs: now }];
  open(c, { kind: 'recall', from, attempt, to: target.name });
  c.effects.push(
    { type: 'waitForPhone', waiting: true },
    { type: 'recallPhone', from, attempt, callerName: s.callerName },
  );
  c.notes.push({ kind: 'invite-sent', attempt, target: target.name });
  startTimer(c, 'transfer', s.policy.transferRingMs);
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
  const transfer = pendingTransfer(c.s);
  if (!transfer) return;
  // A PBX that hangs us up may have done what it was asked.
  if (transfer.kind === 'referred' && c.event.type === 'sip.bye') settle(c, 'unknown', transfer.status);
  else settle(c, 'cancelled', 487);
}

function open(c: Context, asked: Omit<Transfer, 'askedAtMs' | 'outcome'>): void {
  const transfer: Transfer = { ...asked, askedAtMs: Math.round(c.now), outcome: 'pending' };
  c.s.transfers = [...c.s.transfers, transfer];
  c.effects.push({ type: 'transferChanged', transfer: { ...entryOf(c.s, transfer), outcome: 'pending' } });
}

function settle(
  c: Context,
  outcome: Exclude<Transfer['outcome'], 'pending'>,
  status: number | undefined,
  reason?: string,
): void {
  const { s } = c;
  const transfer = pendingTransfer(s);
  if (!transfer) return;
  stopTimer(c, 'transfer');
  const settled: Transfer = { ...transfer, outcome, ...(status === undefined ? {} : { status }) };
  s.transfers = [...s.transfers.slice(0, -1), settled];
  c.effects.push({ type: 'transferChanged', transfer: entryOf(s, settled) });
  const { kind, from } = transfer;
  if (kind === 'referred' && outcome === 'done') expect(c);
  if (kind === 'replaced' || kind === 'referred') return;
  c.effects.push({ type: 'waitForPhone', waiting: false });
  if (kind === 'recall' || status === undefined) return;
  c.effects.push({ type: 'tellTransfer', from, status, ...(reason === undefined ? {} : { reason }) });
}

function expect({ s, effects }: Context): void {
  if (s.answeredBy === undefined) return;
  s.expected = s.answeredBy;
  effects.push({ type: 'expectPhone', ms: s.policy.transferSilenceMs });
}
