import type { DropReason, Leg } from '../bridge/types.ts';
import type { OneWayCause } from './causes.ts';

/** What one leg counted by now. All counts grow for the whole call. */
export interface LegLook {
  /** RTP packets that came, whatever became of them. */
  readonly received: number;
  /** Goes on counting after the look. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Missing from the sequence. */
  readonly lost: number;
  readonly sent: number;
  /** Datagrams that the system refused to send. */
  readonly unsent: number;
  /** Packets that had no way: the address that was named is none that we send to. */
  readonly astray: number;
  /** RTCP reports that came; of these, blocks about our stream. */
  readonly reports: number;
  readonly blocks: number;
  /** Of the last block, 0 to 1. */
  readonly fractionLost: number;
  /** Of the last block: the highest number of ours that it received. */
  readonly highestReported: number;
  /** RTCP BYE came. */
  readonly bye: boolean;
  /** The last payload type that was refused; -1 before the first. */
  readonly refusedType: number;
  /** Those that were agreed. */
  readonly agreedTypes: readonly number[];
  /** Family of the last address that was refused, 4 or 6; 0 before the first. */
  readonly refusedFamily: 0 | 4 | 6;
  /** Loudest of the frames that were measured since the last look, dBov; undefined: none was decoded. */
  readonly levelDb: number | undefined;
}

/** One call, looked at every `LOOK_EVERY_MS`. */
export interface CallLook {
  /** ICE and DTLS with Meta, and since when (monotonic ms). */
  readonly transport: {
    readonly state:
      | 'new'
      | 'ice-checking'
      | 'ice-connected'
      | 'secure'
      | 'disconnected'
      | 'failed'
      | 'closed';
    readonly sinceMs: number;
  };
  /** Both directions may talk. */
  readonly open: boolean;
  /** What was agreed with a phone, ours; undefined: there is no phone. */
  readonly phoneDirection: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive' | undefined;
  /** Changes with everything that is agreed with a phone: what was seen before counts no more. */
  readonly agreement: number;
  /** The phone pauses with comfort noise (RFC 3389). */
  readonly pausing: boolean;
  readonly consumer: LegLook;
  readonly phone: LegLook;
}

export type Evidence = Readonly<Record<string, number | string>>;

/** Audio that should flow and does not. */
export interface OneWayVerdict {
  readonly leg: Leg;
  /** `from`: what should come from the leg; `to`: what we send it. */
  readonly direction: 'from' | 'to';
  readonly cause: OneWayCause;
  /** It may be meant so. */
  readonly hint: boolean;
  readonly evidence: Evidence;
}

export type OneWayChange =
  | { readonly kind: 'oneWay'; readonly verdict: OneWayVerdict }
  /** It flows again, or is no longer to flow (hold, the end). `ms`: since it was named. */
  | { readonly kind: 'oneWayOver'; readonly verdict: OneWayVerdict; readonly ms: number };

/** What a watch over one direction finds now. */
export type Finding = { readonly cause: OneWayCause; readonly evidence: Evidence } | undefined;

/** How often a call is looked at, ms. */
export const LOOK_EVERY_MS = 500;
/** So long without audio is more than a pause of the network, ms: what lasts is named within 3 s. */
export const LIMIT_MS = 1_800;
