import type { ErrorCode } from '../shared/codes/index.ts';
import type { Action } from './actions.ts';
import { CAUSES, causeOfBye, causeOfTerminate, meaningOfFailure } from './causes.ts';
import { type Context, mark, setAttempt, startTimer, stopTimer } from './context.ts';
import type { TimerName } from './events.ts';
import { buildRecord } from './finish.ts';
import { isGoneAtMeta, isNameless } from './guards.ts';
import type { EndCause } from './record.ts';
import { abandonTransfer } from './transfer.ts';

const SILENT: ErrorCode = 'CALL_TRANSFER_SILENT';

const action = (label: string, run: (c: Context) => void): Action => ({ label, run });

/** The one-shot tear-down: both legs are told, each at most once; media closes at once. */
function tearDown(c: Context, cause: EndCause, detail?: string): void {
  const { s } = c;
  s.end = { cause, by: CAUSES[cause].by, detail };
  mark(c, 'ended');
  // Accept's timer goes on: an accept without a reply must still be ended at Meta.
  for (const name of s.timers) if (!isOwed(c, name)) stopTimer(c, name);
  abandonTransfer(c);
  endPhone(c);
  if (!isGoneAtMeta(s)) {
    if (s.facts.direction === 'business_initiated') endPlaced(c);
    else if (s.graph.accept === 'done' || s.graph.accept === 'ambiguous') sendTerminate(c);
    else if (s.graph.accept !== 'sent') sendReject(c);
  }
  if (s.media === 'opening' || s.media === 'open') {
    s.media = 'closing';
    c.effects.push({ type: 'closeMedia' });
  }
  startTimer(c, 'record', s.policy.recordWaitMs);
}

/** Accept's and connect's timers go on: what has no reply yet must still be ended at Meta. */
function isOwed({ s }: Context, name: TimerName): boolean {
  return (name === 'accept' || name === 'connect') && s.graph[name] === 'sent';
}

/** A call that we placed: it can be ended once it has a name. */
function endPlaced(c: Context): void {
  if (c.s.metaCallId !== undefined) sendTerminate(c);
  else if (isNameless(c.s)) startTimer(c, 'identify', c.s.policy.identifyMs);
}

function endPhone(c: Context): void {
  for (const { attempt, status } of c.s.attempts) {
    const reason = CAUSES[c.s.end?.cause ?? 'bug'].reason;
    if (status === 'incoming') {
      const refusal = c.s.refusal ?? { status: CAUSES[c.s.end?.cause ?? 'bug'].sipStatus ?? 480 };
      setAttempt(c.s, attempt, 'down', refusal.status);
      c.effects.push({ type: 'refusePhone', attempt, refusal, reason });
    } else if (status === 'inviting') {
      setAttempt(c.s, attempt, 'cancelling');
      c.effects.push({ type: 'cancelInvite', attempt, reason });
    } else if (status === 'up') {
      setAttempt(c.s, attempt, 'leaving');
      c.effects.push({ type: 'sendBye', attempt, reason });
    }
  }
}

function sendTerminate(c: Context): void {
  const { metaCallId } = c.s;
  if (c.s.graph.terminate !== 'none' || metaCallId === undefined) return;
  c.s.graph = { ...c.s.graph, terminate: 'sent' };
  // Noted afterwards: terminating twice does no harm, terminating late does.
  c.effects.push({ type: 'graphTerminate', callId: metaCallId });
  c.notes.push({ kind: 'graph-sent', action: 'terminate' });
}

/** After a pre_accept Meta wants `terminate`. */
function sendReject(c: Context): void {
  const { preAccept, reject } = c.s.graph;
  if (preAccept !== 'none' && preAccept !== 'failed') return sendTerminate(c);
  if (reject !== 'none') return;
  c.s.graph = { ...c.s.graph, reject: 'sent' };
  c.effects.push({ type: 'graphReject' });
  c.notes.push({ kind: 'graph-sent', action: 'reject' });
}

export const end = (cause: EndCause): Action =>
  action(`end: ${cause}`, (c) => tearDown(c, cause, detailOf(c)));

/** Busy, declined, no answer or unreachable, by what the phone's side said last; a timer is no answer. */
export function causeOfGivingUp({ s, event }: Context): EndCause {
  const rang = s.milestones.ringing !== undefined;
  if (event.type === 'timer') return 'no-answer';
  if (event.type !== 'sip.failed') return rang ? 'no-answer' : 'unreachable';
  const { cause } = meaningOfFailure(event, rang);
  // Where a phone rang before, the last target's trouble is not what kept the consumer waiting.
  return cause === 'unreachable' && rang ? 'no-answer' : cause;
}

export const endByFailure = action('end: by SIP status', (c) => tearDown(c, causeOfGivingUp(c), detailOf(c)));

export const endByAnnouncement = action('end: announced', (c) =>
  tearDown(c, c.s.announcement?.cause ?? 'bug', detailOf(c)),
);

export const endByBye = action('end: by BYE', (c) =>
  tearDown(c, c.event.type === 'sip.bye' ? causeOfBye(c.event.q850) : 'phone-lost', detailOf(c)),
);

export const endByTerminate = action('end: by terminate', (c) =>
  tearDown(c, causeOfTerminate(c.s.webhook?.status ?? ''), detailOf(c)),
);

const ACCEPT_FAILURE: Readonly<Record<string, EndCause>> = {
  'not-owner': 'answered-elsewhere',
  gone: 'accept-after-hangup',
};

/** Phones ring, and Meta's reply to pre_accept says that nobody is there for them. */
export const endByPreAcceptFailure = action('end: by pre_accept failure', (c) =>
  tearDown(c, c.s.acceptFailure?.kind === 'not-owner' ? 'answered-elsewhere' : 'cancelled', detailOf(c)),
);

export const endByAcceptFailure = action('end: by accept failure', (c) =>
  tearDown(c, ACCEPT_FAILURE[c.s.acceptFailure?.kind ?? ''] ?? 'accept-failed', detailOf(c)),
);

/** A 200 that crossed our CANCEL: ACKed by the leg, ended here. */
export const byeCrossed = action('BYE', (c) => {
  if (c.event.type !== 'sip.answered') return;
  const { attempt } = c.event;
  setAttempt(c.s, attempt, 'leaving');
  c.effects.push({ type: 'sendBye', attempt, reason: CAUSES[c.s.end?.cause ?? 'no-answer'].reason });
});

export const terminate = action('Graph terminate', (c) => {
  for (const name of ['accept', 'connect', 'identify'] as const) stopTimer(c, name);
  sendTerminate(c);
});

export const reject = action('Graph reject', (c) => {
  stopTimer(c, 'accept');
  sendReject(c);
});

export const stopAccept = action('stop accept timer', (c) => stopTimer(c, 'accept'));

export const stopConnect = action('stop connect timer', (c) => stopTimer(c, 'connect'));

/** The reply to connect named nothing, or never came: a webhook may still do it. */
export const awaitName = action('wait for a name', (c) => {
  stopTimer(c, 'connect');
  startTimer(c, 'identify', c.s.policy.identifyMs);
});

/** The record, once: complete, or as complete as it will get. */
export const record = action('record', (c) => {
  const { s } = c;
  if (s.recorded) return;
  s.recorded = true;
  stopTimer(c, 'record');
  c.effects.push({ type: 'finish', record: buildRecord(s, c.now) });
  c.notes.push({ kind: 'call-ended', cause: s.end?.cause ?? 'bug' });
});

export const awaitLegs = action('wait for legs', (c) => startTimer(c, 'abandon', c.s.policy.abandonMs));

export const stopAll = action('stop timers', (c) => {
  for (const name of c.s.timers) stopTimer(c, name);
});

function detailOf({ event }: Context): string | undefined {
  switch (event.type) {
    case 'sip.failed':
      if (event.kind === 'not-sent') return event.reason;
      return `SIP ${event.status}${event.q850 === undefined ? '' : `, Q.850 ${event.q850}`}${event.kind === 'response' ? '' : `, ${event.kind}`}`;
    case 'sip.bye':
      return event.q850 === undefined ? undefined : `Q.850 ${event.q850}`;
    case 'meta.terminate':
      return event.reason;
    case 'graph.permission':
      return event.refusal?.phrase;
    case 'graph.connectFailed':
      return event.code;
    case 'graph.preAcceptFailed':
    case 'graph.acceptFailed':
      return event.code === undefined ? event.kind : `${event.kind}, ${event.code}`;
    case 'media.failed':
    case 'media.sdpFailed':
    case 'media.consumerLost':
      return event.reason;
    case 'media.silent':
      return `no packet from the ${event.leg} for ${event.ms} ms`;
    case 'media.unspoken':
      return `${SILENT}: no RTP from the phone for ${event.ms} ms`;
    case 'operator.hangup':
      return event.reason;
    case 'timer':
      return `timer ${event.name}`;
    case 'bug':
      return event.message;
    default:
      return undefined;
  }
}
