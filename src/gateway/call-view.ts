import type { CallFacts, CallStateName } from '../call/index.ts';
import type { LegStats, PhoneCodec } from '../media/index.ts';
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
}

export function legsOf({ webrtc, bridge, recording }: LiveMedia): LiveLegs {
  return { webrtc, codec: bridge?.codec, consumer: bridge?.consumer, phone: bridge?.phone, recording };
}
