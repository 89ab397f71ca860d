import { absorb } from './absorb.ts';
import { classify } from './classify.ts';
import { type Context, flushNotes } from './context.ts';
import type { CallEvent } from './events.ts';
import { TABLE } from './table.ts';
import type { CallSetup, CallState, Reduce, Step } from './types.ts';

/** Applies one event: old news and events without a row change nothing, others are absorbed and acted upon. */
export const reduce: Reduce = (state: CallState, event: CallEvent, now: number): Step => {
  const key = classify(state, event);
  const rows = key && TABLE[state.name][key];
  if (!key || !rows) return { state, effects: [] };
  const c: Context = { s: { ...state }, event, now, effects: [], notes: [] };
  absorb(c, key);
  const row = rows.find(({ when }) => !when || when.holds(c));
  if (!row) throw new Error(`no row of ${state.name} x ${key} applies`);
  if (row.to) c.s.name = row.to;
  for (const { run } of row.act) run(c);
  flushNotes(c);
  return { state: c.s, effects: c.effects };
};

/** Makes the call and takes its first step. Stale and tombstoned connects are kept away by the ledger. */
export function startCall(setup: CallSetup, now: number): Step {
  const { facts, targets, instead } = setup;
  const outbound = facts.direction === 'business_initiated';
  const [caller] = targets;
  if (outbound && !caller) throw new Error('a business-initiated call needs the phone that placed it');
  const fresh: CallState = {
    name: 'new',
    facts,
    policy: setup.policy,
    targets,
    attempts:
      outbound && caller
        ? [{ attempt: 1, target: caller, status: 'incoming', invitedAtMs: facts.receivedAtMs }]
        : [],
    transfers: [],
    after: setup.after ?? {},
    rejected: instead?.kind === 'reject',
    ...(instead?.kind === 'announce'
      ? { announcement: { sound: instead.sound, cause: 'turned-away' as const } }
      : {}),
    // An announcement shows nobody's name.
    profile: setup.callerName === undefined && instead?.kind !== 'announce' ? 'pending' : 'done',
    callerName: setup.callerName,
    media: 'none',
    ...(outbound ? {} : { metaCallId: facts.callId }),
    permission: 'pending',
    graph: { preAccept: 'none', accept: 'none', connect: 'none', reject: 'none', terminate: 'none' },
    sdp: { queue: [], answered: false, version: 0, renegotiations: 0, failures: 0 },
    dtmfDigits: 0,
    held: false,
    timers: [],
    milestones: {},
    hurry: false,
    recorded: false,
  };
  return reduce(fresh, { type: 'start' }, now);
}
