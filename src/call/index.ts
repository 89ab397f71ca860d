export type { SipReason } from "./causes.ts";
export type { Effect, JournalNote } from "./effects.ts";
export type {
	CallEvent,
	GraphEvent,
	MediaEvent,
	MetaEvent,
	SipEvent,
	SipFailure,
	TimerName,
} from "./events.ts";
export { TIMERS } from "./events.ts";
export type { CallRecord, EndCause, EndedBy, Milestone } from "./record.ts";
export { END_CAUSES, MILESTONES } from "./record.ts";
export type {
	AcceptFailureKind,
	CallFacts,
	CallPolicy,
	CallSetup,
	CallState,
	CallStateName,
	CallTarget,
	Reduce,
	Step,
} from "./types.ts";
export { CALL_STATES, DEFAULT_POLICY } from "./types.ts";
