import { CAUSES } from './causes.ts';
import type { CallRecord } from './record.ts';

/** A line of the journal, as it was read back. */
export interface ReplayedEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly callId: string;
  /** As a `JournalNote` was written, perhaps by an earlier version. */
  readonly note: Readonly<Record<string, unknown>>;
}

/** A call that was there when the gateway died. */
export interface OpenCall {
  /** Ours; Meta's, too, of a call that a consumer placed. */
  readonly callId: string;
  /** Unset: Meta never told how it calls this one. */
  readonly metaCallId: string | undefined;
  readonly pageId: string;
  readonly psid: string;
  readonly platform: 'messenger' | 'whatsapp';
  readonly direction: CallRecord['direction'];
  readonly startedAtMs: number;
  /** When the gateway last noted something of it. */
  readonly lastAtMs: number;
  /** The phone's 200. */
  readonly answeredAtMs: number | undefined;
  /** Targets that were invited, in order. */
  readonly targets: readonly string[];
  readonly answeredBy: string | undefined;
  /** Graph action -> how it ended; `sent`: no reply was noted. */
  readonly graph: Readonly<Record<string, string>>;
}

export interface Replay {
  readonly open: readonly OpenCall[];
  /** Meta's name of each call of the journal, and when it was last noted: these must not ring again. */
  readonly known: ReadonlyMap<string, number>;
  /** The same of calls of which only the end was told: they must not ring, and have no record. */
  readonly tombstones: ReadonlyMap<string, number>;
}

/** What a journal says of calls: which are open, and which were there at all. Pure; what makes no sense is passed over. */
export function replay(entries: readonly ReplayedEntry[]): Replay {
  const calls = new Map<string, Draft>();
  const known = new Map<string, number>();
  const tombstones = new Map<string, number>();
  for (const { at, callId, note } of entries) {
    const call = calls.get(callId);
    if (note['kind'] === 'call-created') {
      const created = opened(at, callId, note);
      if (created) calls.set(callId, created);
    } else if (call) {
      call.lastAtMs = at;
      take(call, at, note);
    } else if (note['kind'] === 'call-ended') tombstones.set(callId, at);
    const name = calls.get(callId)?.metaCallId;
    if (name !== undefined) known.set(name, at);
  }
  // Its connect came after all.
  for (const name of known.keys()) tombstones.delete(name);
  return { open: [...calls.values()].filter(({ ended }) => !ended), known, tombstones };
}

type Draft = { -readonly [K in keyof OpenCall]: OpenCall[K] } & {
  targets: string[];
  graph: Record<string, string>;
  ended: boolean;
};

function opened(at: number, callId: string, note: ReplayedEntry['note']): Draft | undefined {
  const { pageId, psid = '', platform = 'messenger', direction } = note;
  if (typeof pageId !== 'string' || typeof psid !== 'string') return undefined;
  if (direction !== 'user_initiated' && direction !== 'business_initiated') return undefined;
  return {
    callId,
    metaCallId: direction === 'user_initiated' ? callId : undefined,
    pageId,
    psid,
    platform: platform === 'whatsapp' ? 'whatsapp' : 'messenger',
    direction,
    startedAtMs: at,
    lastAtMs: at,
    answeredAtMs: undefined,
    targets: [],
    answeredBy: undefined,
    graph: {},
    ended: false,
  };
}

function take(call: Draft, at: number, note: ReplayedEntry['note']): void {
  const { kind, action, outcome, target, metaCallId } = note;
  if (kind === 'named' && typeof metaCallId === 'string') call.metaCallId = metaCallId;
  else if (kind === 'invite-sent' && typeof target === 'string') call.targets.push(target);
  else if (kind === 'dialog-up') {
    call.answeredAtMs = at;
    call.answeredBy = typeof target === 'string' ? target : undefined;
  } else if (kind === 'graph-sent' && typeof action === 'string') call.graph[action] = 'sent';
  else if (kind === 'graph-answered' && typeof action === 'string') call.graph[action] = String(outcome);
  else if (kind === 'call-ended') call.ended = true;
}

/**
 * How an open call is ended at Meta: one that nobody took yet is rejected, any other terminated; `none` when that was
 * done before the crash, or the call has no name there.
 */
export function endAtMeta({ metaCallId, direction, graph }: OpenCall): 'reject' | 'terminate' | 'none' {
  if (metaCallId === undefined || graph['terminate'] === 'done' || graph['reject'] === 'done') return 'none';
  const isTaken = [graph['preAccept'], graph['accept']].some((status) => status !== undefined);
  return direction === 'user_initiated' && !isTaken ? 'reject' : 'terminate';
}

/** The record of a call that the gateway did not live to end. `ended`: what became of it at Meta just now. */
export function crashRecord(
  call: OpenCall,
  ended: { readonly action: 'reject' | 'terminate' | 'none'; readonly outcome: 'done' | 'failed' },
  now: number,
): CallRecord {
  const { graph, direction, startedAtMs, answeredAtMs } = call;
  const of = (action: string): string =>
    ended.action === action ? ended.outcome : (graph[action] ?? 'none');
  const isInbound = direction === 'user_initiated';
  const answered = isInbound ? graph['accept'] === 'done' : answeredAtMs !== undefined;
  return {
    v: 1,
    callId: call.metaCallId ?? call.callId,
    ...(call.platform === 'messenger' ? {} : { platform: call.platform }),
    pageId: call.pageId,
    psid: call.psid,
    direction,
    cause: 'crash',
    endedBy: CAUSES.crash.by,
    detail: `last noted ${new Date(call.lastAtMs).toISOString()}`,
    answered,
    target: call.answeredBy,
    attempts: call.targets.map((target) => ({ target })),
    milestones: {
      [isInbound ? 'webhook' : 'invite']: startedAtMs,
      ...(answeredAtMs === undefined ? {} : { answered: answeredAtMs }),
      ended: now,
    },
    ringMs: 0,
    // Nobody knows when it ended for those who talked.
    talkMs: 0,
    dtmfDigits: 0,
    renegotiations: 0,
    meta: {
      endReason: CAUSES.crash.metaReason,
      ...(graph['preAccept'] === undefined ? {} : { preAccept: graph['preAccept'] }),
      accept: of('accept'),
      connect: of('connect'),
      reject: of('reject'),
      terminate: of('terminate'),
    },
  };
}
