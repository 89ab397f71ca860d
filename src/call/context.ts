import type { Effect, JournalNote } from './effects.ts';
import type { CallEvent, TimerName } from './events.ts';
import type { Milestone } from './record.ts';
import type { Attempt, AttemptStatus, CallState, CallTarget } from './types.ts';

/** A copy of the state that one reduction may change; nested values are replaced, never changed. */
export type Draft = { -readonly [K in keyof CallState]: CallState[K] };

/** What guards, facts and actions work on during one reduction. */
export interface Context {
  readonly s: Draft;
  readonly event: CallEvent;
  readonly now: number;
  readonly effects: Effect[];
  /** Journalled behind the effects: what is only good to know must not delay what has to be done. */
  readonly notes: JournalNote[];
}

/** The first time counts; whole milliseconds, as records have them. */
export function mark(c: Context, name: Milestone, at: number = c.now): void {
  if (c.s.milestones[name] !== undefined) return;
  const atMs = Math.round(at);
  c.s.milestones = { ...c.s.milestones, [name]: atMs };
  c.effects.push({ type: 'milestone', name, atMs });
}

export function startTimer(c: Context, name: TimerName, ms: number): void {
  stopTimer(c, name);
  c.s.timers = [...c.s.timers, name];
  c.effects.push({ type: 'startTimer', name, ms: Math.max(0, ms) });
}

export function stopTimer(c: Context, name: TimerName): void {
  if (!c.s.timers.includes(name)) return;
  c.s.timers = c.s.timers.filter((armed) => armed !== name);
  c.effects.push({ type: 'stopTimer', name });
}

/** Moves the notes taken so far to the effects. */
export function flushNotes(c: Context): void {
  for (const note of c.notes.splice(0)) c.effects.push({ type: 'journal', note });
}

export function currentAttempt(s: CallState): Attempt | undefined {
  return s.attempts.at(-1);
}

/** The target that the next INVITE would go to. Every target is tried once. */
export function nextTarget(s: CallState): CallTarget | undefined {
  return s.targets[s.attempts.length];
}

export function setAttempt(s: Draft, attempt: number, status: AttemptStatus, finalStatus?: number): void {
  s.attempts = s.attempts.map((entry) =>
    entry.attempt === attempt
      ? { ...entry, status, ...(finalStatus === undefined ? {} : { finalStatus }) }
      : entry,
  );
}
