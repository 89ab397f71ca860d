import type { CallFacts, CallSetup, Ledger } from '../call/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { RecordingSummary } from '../media/index.ts';
import type { RootLog } from '../observe/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { SipControl } from '../sip/index.ts';
import type { Directory, JournalWriter } from '../store/index.ts';
import type { Accounts } from './accounts.ts';
import type { Admission } from './admission.ts';
import type { CallObserver } from './call-observer.ts';
import type { FinalRecord } from './call-record.ts';
import type { LadderSink } from './ladder.ts';
import type { MediaPlane } from './media/plane.ts';
import type { DueMetrics } from './metrics-desk.ts';
import type { PlacedCalls } from './placed-calls.ts';
import type { TrunkDesk } from './trunks/desk.ts';

/** What all calls of a gateway are made of and tell to. */
export interface CallsOptions {
  /** Read when it is needed: it may be another one after a reload. A call keeps the one that it began with. */
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly log: RootLog;
  readonly accounts: Accounts;
  readonly admission: Pick<Admission, 'refuse'>;
  readonly ledger: Ledger;
  readonly placed: PlacedCalls;
  readonly trunks: Pick<TrunkDesk, 'board' | 'heard' | 'ways'>;
  /** Opened before the first call. */
  readonly parts: () => {
    readonly plane: MediaPlane;
    readonly sip: SipControl;
    readonly journal: JournalWriter;
    readonly directory: Directory;
  };
  /** It rings somebody now; every call that ends has a record. */
  readonly onStarted: (facts: CallFacts) => void;
  readonly onRecord: (record: FinalRecord) => Promise<void>;
  /** A call with audio is over. */
  readonly onMetrics?: (due: DueMetrics) => void;
  readonly onLadder?: LadderSink | undefined;
  /** Who looks on at a call. */
  readonly observe?: (call: Pick<CallSetup, 'facts' | 'callerName'>) => CallObserver;
  /** Something that a phone's messages told beside the call; personal. */
  readonly onNote?: (callId: string, event: string, data: object) => void;
  /** A recording is over, whole or not. */
  readonly onRecorded?: (callId: string, recording: RecordingSummary) => void;
  /** The disk does not take it. */
  readonly onRecordingTrouble?: (
    callId: string,
    trouble: { readonly code: string; readonly message: string },
  ) => void;
}
