import type { Clock } from '../../shared/clock.ts';
import type { DatagramIo } from '../../shared/datagram.ts';
import type { Log } from '../../shared/log.ts';
import type { OpusLibrary } from '../codec/index.ts';
import type { JitterBufferOptions } from '../jitter/delay-target.ts';
import type { SrtpKeys } from '../srtp/types.ts';

export type PhoneCodec = 'PCMU' | 'PCMA' | 'G722' | 'opus' | 'L16';
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
  readonly cbr?: boolean;
  /** Meta's description names it, so the phone's keys go there; absent: they do not. */
  readonly telephoneEvent?: { readonly payloadType: number; readonly clockRate: number };
}

/** Where and how to talk RTP with the phone; made by `sdp/`. */
export interface PhonePlan {
  /** Tells the phones of one call apart, one after the other: with another number comes another device. */
  readonly phone?: number;
  /** A jitter buffer on both legs; absent: packets go on as they come. */
  readonly jitterBuffer?: JitterBufferOptions;
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
  /** Keys go to the phone and come from it as tones in the audio. */
  readonly inbandDtmf?: boolean;
  readonly ptimeMs: number;
  /** Ours. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Absent: plain RTP. Never to be logged or dumped. */
  readonly srtp?: SrtpKeys;
  /** Payload types with which the phone may send comfort noise (RFC 3389). */
  readonly comfortNoise?: readonly number[];
  /** What an Opus phone wants of an encoder (RFC 7587 section 6.1). */
  readonly opus?: {
    /** Hz */
    readonly maxPlaybackRate?: number;
    /** bit/s */
    readonly maxAverageBitrate?: number;
    readonly useInbandFec: boolean;
    readonly useDtx: boolean;
    readonly cbr: boolean;
  };
}

export type BridgeEvent =
  | { readonly kind: 'firstPacket'; readonly leg: Leg }
  /** Once for each silence, when nothing came for `mediaTimeoutMs`. */
  | { readonly kind: 'silent'; readonly leg: Leg; readonly ms: number }
  /** The phone was to speak (`expectPhone`) and sent hardly any RTP for `ms`. */
  | { readonly kind: 'unspoken'; readonly ms: number }
  /** A key was let go (or its end was lost). */
  | { readonly kind: 'dtmf'; readonly digit: string; readonly durationMs: number; readonly from: Leg }
  /** What was played to this leg came to its end. */
  | { readonly kind: 'played'; readonly leg: Leg }
  /** The phone speaks from an address that its SDP did not name, or from the named one again. */
  | { readonly kind: 'latched'; readonly address: string; readonly port: number }
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
  /** libopus complexity of what we encode, 0 to 10, until `setOpusComplexity`. */
  readonly opusComplexity: number;
  /** 0 to 1; default Math.random. */
  readonly random?: () => number;
}

export interface BridgeOptions {
  /** Milliseconds without a packet after which `silent` is told. */
  readonly mediaTimeoutMs: number;
  readonly onEvent: (event: BridgeEvent) => void;
}

/**
 * Counters of what one leg received and sent. `received` = `used` + `waiting` + all of `dropped`. Names that W3C
 * webrtc-stats defines (RTCInboundRtpStreamStats) mean what it says; "samples" are ticks of the leg's RTP clock.
 * Audio that passes through is not decoded: its samples are not counted, and nothing of it is concealed here.
 */
export interface LegStats {
  readonly received: number;
  readonly used: number;
  /** In the jitter buffer now. */
  readonly waiting: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /**
   * Datagrams of strangers that were dropped unread, because there were too many. Those at the phone's RTP port are
   * `received` and `dropped` as `source`, too; what comes to its RTCP port or to the consumer's is not.
   */
  readonly strangers: number;
  readonly sent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Missing from the sequence, never arrived. */
  readonly lost: number;
  /** Interarrival jitter (RFC 3550 section 6.4.1), ms. */
  readonly jitterMs: number;
  /** Frames recovered by in-band FEC: not concealed. */
  readonly recoveredByFec: number;
  /** Last round trip by RTCP, ms; -1 when unknown. */
  readonly roundTripMs: number;
  /** W3C: sum of all round trips, seconds, and their number. */
  readonly totalRoundTripTime: number;
  readonly roundTripTimeMeasurements: number;
  /** What the far side says it lost of ours, in all, and of the last interval (0 to 1). */
  readonly remoteLost: number;
  readonly remoteFractionLost: number;
  /** Interarrival jitter of ours that the far side says it saw, ms. */
  readonly remoteJitterMs: number;
  /** RTCP datagrams that made no sense. */
  readonly rtcpMalformed: number;
  /** Milliseconds since the epoch; 0 when nothing came. */
  readonly firstPacketAtMs: number;
  /** W3C: everything that was played, concealed samples included. */
  readonly totalSamplesReceived: number;
  /** W3C: made up for what was lost, late or not sent. */
  readonly concealedSamples: number;
  /** W3C: of these, comfort noise or silence: the sender paused, or what was made up is below -50 dBFS. */
  readonly silentConcealedSamples: number;
  /** W3C: how often concealment began. */
  readonly concealmentEvents: number;
  /** W3C: samples by which the jitter buffer's playout was slowed down, and sped up. */
  readonly insertedSamplesForDeceleration: number;
  readonly removedSamplesForAcceleration: number;
  /** W3C: sum over emitted samples of the seconds they waited; 0 without a jitter buffer. */
  readonly jitterBufferDelay: number;
  /** W3C: sum over emitted samples of the delay aimed at, seconds. */
  readonly jitterBufferTargetDelay: number;
  /** W3C: samples that came out of the jitter buffer. */
  readonly jitterBufferEmittedCount: number;
  /** W3C: late, or without room or time in the jitter buffer. */
  readonly packetsDiscarded: number;
  /** W3C: packets that carried in-band FEC. */
  readonly fecPacketsReceived: number;
  /** E-model: rating 0 to 93.2 and mean opinion score 1 to 4.41 of what was received; absent without audio. */
  readonly rFactor?: number;
  readonly mos?: number;
  /** Keys that this leg pressed. */
  readonly keys: number;
  /** Words about keys that another method had told of already (RFC 4733, SIP INFO, tones). */
  readonly keysMerged: number;
}

export interface BridgeStats {
  readonly codec: PhoneCodec | undefined;
  readonly consumer: LegStats;
  readonly phone: LegStats;
}

/** What became of a packet: used, dropped, or in the jitter buffer, which tells later. */
export type Taken = DropReason | 'waiting' | undefined;

/** Why a received packet went no further. */
export const DROP_REASONS = [
  /** No RTP or RTCP. */
  'malformed',
  /** Before keys or a plan were there, or while both directions were shut. */
  'notOpen',
  /** A payload type that nobody agreed to: video. */
  'payloadType',
  'replay',
  'auth',
  'duplicate',
  'late',
  /** The jitter buffer had no room. */
  'overflow',
  /** From another address than the phone's. */
  'source',
  /** More packets than any codec makes: nobody may have us decode without end. */
  'flood',
  /** The codec could not read it. */
  'undecodable',
  /** Directions forbid it: the phone holds. */
  'held',
  /** A telephone-event that is no key: flash, tones, too short to be one, one of a flood. */
  'event',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];
