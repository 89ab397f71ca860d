import type { CallFacts, CallState } from '../call/index.ts';
import type { LegStats, PhoneCodec } from '../media/index.ts';
import type { CallStateName } from '../shared/call-states.ts';
import type { LiveMedia, RecordingState } from './media/protocol.ts';

/** One call as operators see it in a list. Times are milliseconds since the epoch. */
export interface CallView {
  readonly callId: string;
  /** Of a call that a phone placed, where Meta has named it. */
  readonly metaCallId?: string;
  readonly pageId: string;
  readonly platform: CallFacts['platform']['name'];
  readonly direction: CallFacts['direction'];
  readonly state: CallStateName;
  readonly startedAtMs: number;
  readonly answeredAtMs?: number;
  /** The phone that has it or rings: `trunk/user`. */
  readonly target?: string;
  readonly held: boolean;
  readonly media: { readonly open: boolean; readonly worker: number | undefined };
  /** Phones that were rung. */
  readonly attempts: number;
}

/** What its media worker counts now. */
export interface LiveLegs {
  readonly webrtc?: LiveMedia['webrtc'];
  readonly codec?: PhoneCodec | undefined;
  readonly consumer?: LegStats | undefined;
  readonly phone?: LegStats | undefined;
  readonly recording?: RecordingState | undefined;
  /** Audio that should flow and does not, now. */
  readonly oneWay?: LiveMedia['oneWay'];
}

/** All that is known of one call now, but what its media worker counts. */
export function shownOf(runner: {
  readonly state: CallState;
  dump(): Omit<CallView, 'callId'>;
}): CallView & Pick<CallState, 'milestones'> {
  const { facts, milestones } = runner.state;
  return { callId: facts.callId, ...runner.dump(), milestones };
}

export function legsOf({ webrtc, bridge, recording, oneWay }: LiveMedia): LiveLegs {
  const { codec, consumer, phone } = bridge ?? {};
  return { webrtc, codec, consumer, phone, recording, oneWay };
}
