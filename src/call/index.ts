export type { FailureMeaning, MetaEndReason, SipReason } from './causes.ts';
export { CAUSES, causeOfBye, causeOfTerminate, meaningOfFailure } from './causes.ts';
export { acceptDeadlineMs, callOriginMs, ringDeadlineMs } from './clock-window.ts';
export { callDiagram, callTable, withDiagram } from './diagram.ts';
export type { Effect, JournalNote } from './effects.ts';
export type {
  CallEvent,
  GraphEvent,
  MediaEvent,
  MetaEvent,
  SipEvent,
  SipFailure,
  TimerName,
} from './events.ts';
export { TIMERS } from './events.ts';
export { bugRecord, type MissedDetail, missedRecord } from './finish.ts';
export type { ConnectVerdict, LedgerOptions, LedgerTime, WebhookIdentity } from './ledger.ts';
export { Ledger } from './ledger.ts';
export { MESSENGER, type Platform, WHATSAPP } from './platform.ts';
export type { CallRecord, EndCause, EndedBy, Milestone } from './record.ts';
export { CALL_RECORD, END_CAUSES, MILESTONES } from './record.ts';
export { reduce, startCall } from './reduce.ts';
export { crashRecord, endAtMeta, type OpenCall, type Replay, type ReplayedEntry, replay } from './replay.ts';
export type { AfterRinging, Announcement, FurtherTargets, RingOutcome, Treatment } from './treatment.ts';
export type {
  AcceptFailureKind,
  CallFacts,
  CallPolicy,
  CallSetup,
  CallState,
  CallTarget,
  Reduce,
  Refusal,
  Step,
} from './types.ts';
export { DEFAULT_POLICY } from './types.ts';
