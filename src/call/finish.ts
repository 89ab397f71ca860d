import { CAUSES } from './causes.ts';
import type { CallRecord, Milestone, TransferEntry } from './record.ts';
import type { CallFacts, CallState, Transfer } from './types.ts';

/** The record of a call that is over, or of which nothing more is waited for. `now`: milliseconds since the epoch. */
export function buildRecord(s: CallState, now: number): CallRecord {
  const cause = s.end?.cause ?? 'bug';
  const at = (name: Milestone): number | undefined => s.milestones[name];
  const ended = at('ended') ?? now;
  const invited = at('invite');
  const secure = at('secure');
  const own = s.attempts.filter(({ attempt }) => !s.transfers.some((each) => each.attempt === attempt));
  // A call that the phone placed is secure before the consumer picks up.
  const talked = secure === undefined ? undefined : Math.max(secure, at('answered') ?? ended);
  return {
    v: 1,
    callId: s.metaCallId ?? s.facts.callId,
    ...platformIn(s.facts),
    pageId: s.facts.pageId,
    psid: s.facts.psid,
    direction: s.facts.direction,
    cause,
    endedBy: s.end?.by ?? CAUSES[cause].by,
    detail: s.end?.detail,
    answered:
      s.facts.direction === 'user_initiated'
        ? s.graph.accept === 'done' && s.milestones.answered !== undefined
        : s.milestones.answered !== undefined,
    ...(s.announcement && s.graph.accept === 'done' ? { announced: s.announcement.sound } : {}),
    target: firstOf(s),
    attempts: own.map(({ target, finalStatus }) => ({ target: target.name, status: finalStatus })),
    ...(s.transfers.length > 0 ? { transfers: s.transfers.map((each) => entryOf(s, each)) } : {}),
    sipStatus: own.findLast(({ finalStatus }) => finalStatus !== undefined)?.finalStatus,
    milestones: s.milestones,
    ringMs: invited === undefined ? 0 : Math.max(0, (at('answered') ?? ended) - invited),
    talkMs: talked === undefined ? 0 : Math.max(0, ended - talked),
    dtmfDigits: s.dtmfDigits,
    renegotiations: s.sdp.renegotiations,
    meta: {
      endReason: CAUSES[cause].metaReason,
      status: s.webhook?.status,
      durationS: s.webhook?.durationS,
      ...graphIn(s),
    },
  };
}

/** The phone that answered, whoever has the call now. */
function firstOf(s: CallState): string | undefined {
  const [first] = s.transfers;
  const attempt = first?.from ?? s.answeredBy;
  return attempt === undefined ? undefined : nameOf(s, attempt);
}

const nameOf = (s: Pick<CallState, 'attempts'>, attempt: number): string =>
  s.attempts[attempt - 1]?.target.name ?? '';

/** A transfer as records and events tell it; one that is pending when the record is written came to nothing. */
export function entryOf(s: Pick<CallState, 'attempts'>, transfer: Transfer): TransferEntry {
  const { kind, by, from, to, askedAtMs, outcome, status } = transfer;
  return {
    kind,
    ...(by === undefined ? {} : { by }),
    from: nameOf(s, from),
    to,
    atMs: askedAtMs,
    outcome: outcome === 'pending' ? 'cancelled' : outcome,
    status,
  };
}

function graphIn({
  facts,
  graph: { preAccept, ...graph },
}: CallState): Omit<CallRecord['meta'], 'endReason'> {
  return facts.platform.preAccepts ? { preAccept, ...graph } : graph;
}

/** Messenger goes without saying, and so does what it has not. */
const platformIn = ({ platform }: CallFacts): Pick<CallRecord, 'platform'> =>
  platform.name === 'messenger' ? {} : { platform: platform.name };

/** The record of a call that a bug ended past the table; none when one was written already. */
export function bugRecord(s: CallState, detail: string, now: number): CallRecord | undefined {
  return s.recorded ? undefined : buildRecord({ ...s, end: { cause: 'bug', by: 'gateway', detail } }, now);
}

/** `over-limit`, `closing` and `bug`: turned away by us; the others came too late to ring. */
export type MissedDetail = 'stale' | 'terminated-before' | 'over-limit' | 'closing' | 'bug';

/** The record of a call that never rang: the connect was too old, or its terminate had come first. */
export function missedRecord(
  facts: CallFacts,
  detail: MissedDetail,
  now: number,
  /** How our reject ended, of a call that we turned away. */
  reject: 'none' | 'done' | 'failed' = 'none',
): CallRecord {
  const isOurs = detail !== 'stale' && detail !== 'terminated-before';
  return {
    v: 1,
    callId: facts.callId,
    ...platformIn(facts),
    pageId: facts.pageId,
    psid: facts.psid,
    direction: facts.direction,
    cause: 'missed',
    endedBy: isOurs ? 'gateway' : CAUSES.missed.by,
    detail,
    answered: false,
    attempts: [],
    milestones: { webhook: facts.receivedAtMs, ended: now },
    ringMs: 0,
    talkMs: 0,
    dtmfDigits: 0,
    renegotiations: 0,
    meta: {
      endReason: isOurs ? 'Ignore_Call' : CAUSES.missed.metaReason,
      accept: 'none',
      connect: 'none',
      reject,
      terminate: 'none',
    },
  };
}
