import type { Clock } from '../../shared/clock.ts';
import type { DatagramIo } from '../../shared/datagram.ts';
import type { Log } from '../../shared/log.ts';
import type { OpusLibrary } from '../codec/index.ts';

export type PhoneCodec = 'PCMU' | 'PCMA' | 'G722' | 'opus';
export type Leg = 'consumer' | 'phone';

/** How to recognise the consumer's audio; made by `sdp/`. */
export interface ReceivePlan {
  readonly opusPayloadTypes: readonly number[];
  readonly telephoneEvents: readonly { readonly payloadType: number; readonly clockRate: number }[];
  readonly ssrc?: number;
  readonly mid?: string;
  readonly midExtensionId?: number;
}

/** How Meta wants our audio; made by `sdp/`. */
export interface SendPlan {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly cname: string;
  readonly mid?: string;
  readonly midExtensionId?: number;
  /** bit/s */
  readonly maxAverageBitrate?: number;
  /** Hz */
  readonly maxPlaybackRate?: number;
  readonly useInbandFec: boolean;
}

/** Where and how to talk RTP with the phone; made by `sdp/`. */
export interface PhonePlan {
  readonly codec: PhoneCodec;
  readonly payloadType: number;
  readonly receivePayloadTypes: readonly number[];
  /** RTP clock, Hz. */
  readonly clockRate: number;
  readonly remote: {
    readonly address: string;
    readonly port: number;
    readonly rtcpPort: number;
    readonly rtcpMux: boolean;
  };
  readonly telephoneEvent?: {
    readonly payloadType: number;
    readonly clockRate: number;
    readonly receivePayloadType: number;
  };
  readonly ptimeMs: number;
  /** Ours. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  readonly opusFmtp?: string;
}

export type BridgeEvent =
  | { readonly kind: 'firstPacket'; readonly leg: Leg }
  /** Once for each silence, when nothing came for `mediaTimeoutMs`. */
  | { readonly kind: 'silent'; readonly leg: Leg; readonly ms: number }
  /** A key was let go (or its end was lost). */
  | { readonly kind: 'dtmf'; readonly digit: string; readonly durationMs: number; readonly from: Leg }
  /** What was played to this leg came to its end. */
  | { readonly kind: 'played'; readonly leg: Leg }
  /** RTCP BYE. */
  | { readonly kind: 'rtcpBye'; readonly leg: Leg }
  /** The bridge met a state that its authors thought impossible, and closed itself. */
  | { readonly kind: 'bug'; readonly message: string };

export interface EngineOptions {
  readonly opus: OpusLibrary;
  /** The sockets of this thread; whoever made it closes it. */
  readonly io: DatagramIo;
  readonly clock: Clock;
  readonly log: Log;
  /** libopus complexity of what we send to Meta, 0 to 10. */
  readonly opusComplexity: number;
}

export interface BridgeOptions {
  /** Milliseconds without a packet after which `silent` is told. */
  readonly mediaTimeoutMs: number;
  readonly onEvent: (event: BridgeEvent) => void;
}

/** Counters of what one leg received and sent. `received` = `used` + all of `dropped`. */
export interface LegStats {
  readonly received: number;
  readonly used: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly sent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Missing from the sequence, never arrived. */
  readonly lost: number;
  /** Interarrival jitter, ms. */
  readonly jitterMs: number;
  /** Samples made up at the RTP clock of this leg's codec: FEC, PLC and filling together. */
  readonly concealedSamples: number;
  /** Frames recovered by in-band FEC. */
  readonly recoveredByFec: number;
  /** From RTCP, ms; -1 when unknown. */
  readonly roundTripMs: number;
  /** What the far side says it lost of ours. */
  readonly remoteLost: number;
  /** Milliseconds since the epoch; 0 when nothing came. */
  readonly firstPacketAtMs: number;
}

export interface BridgeStats {
  readonly codec: PhoneCodec | undefined;
  readonly consumer: LegStats;
  readonly phone: LegStats;
}

/** Why a received packet went no further. */
export const DROP_REASONS = [
  /** No RTP or RTCP. */
  'malformed',
  /** Before keys or a plan were there, or while both directions were shut. */
  'notOpen',
  /** A payload type that nobody agreed to: video, comfort noise. */
  'payloadType',
  'replay',
  'auth',
  'duplicate',
  'late',
  /** From another address than the phone's. */
  'source',
  /** The codec could not read it. */
  'undecodable',
  /** Directions forbid it: the phone holds. */
  'held',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];
