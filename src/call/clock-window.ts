import type { CallFacts, CallPolicy } from './types.ts';

/** Stamps further than this from our clock are not believed. */
export const MAX_SKEW_MS = 120_000;

/** When the call began for the consumer: the earlier of arrival and stamp, if the clocks look sane. */
export function callOriginMs(facts: Pick<CallFacts, 'receivedAtMs' | 'timestampMs'>): number {
  const { receivedAtMs, timestampMs } = facts;
  if (timestampMs === undefined || Math.abs(receivedAtMs - timestampMs) > MAX_SKEW_MS) return receivedAtMs;
  return Math.min(receivedAtMs, timestampMs);
}

/** The last moment at which accept may be sent; Meta gives up 60 s after the call's origin. */
export function acceptDeadlineMs(facts: CallFacts, policy: CallPolicy): number {
  return callOriginMs(facts) + policy.acceptWindowMs;
}

/** When all ringing must be over: the ring budget, but never beyond `reserveMs` before the accept deadline. */
export function ringDeadlineMs(facts: CallFacts, policy: CallPolicy, reserveMs = 0): number {
  return Math.min(facts.receivedAtMs + policy.ringBudgetMs, acceptDeadlineMs(facts, policy) - reserveMs);
}
