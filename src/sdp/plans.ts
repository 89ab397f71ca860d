import type { OpusReceiver } from './opus-fmtp.ts';
import type { SdesAgreed } from './sdes.ts';

/** Codecs of the phone leg, by their RTP encoding name (RFC 3551, RFC 7587). */
export type SipCodec = 'PCMU' | 'PCMA' | 'G722' | 'opus' | 'L16';

/** `a=` direction as one side sees it (RFC 3264 section 5.1). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface TelephoneEvent {
  readonly payloadType: number;
  /** Hz; should be the clock of the audio it replaces (RFC 4733 section 2.1), which not everybody keeps to. */
  readonly clockRate: number;
}

/** How to recognise the consumer's audio among what arrives from Meta. */
export interface ReceivePlan {
  readonly opusPayloadTypes: readonly number[];
  /** Also those that Meta's answer left out: its clients send them all the same. */
  readonly telephoneEvents: readonly TelephoneEvent[];
  /** Of the m-line that brings the consumer; absent: learn it from the first packet. */
  readonly ssrc?: number;
  readonly mid?: string;
  /** Header extension id of `urn:ietf:params:rtp-hdrext:sdes:mid`, when agreed. */
  readonly midExtensionId?: number;
}

/** How Meta wants our audio (RFC 7587 section 6.1: the fmtp of the receiver constrains the sender). */
export interface SendPlan {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly cname: string;
  readonly mid?: string;
  readonly midExtensionId?: number;
  readonly audioLevelExtensionId?: number;
  /** bit/s */
  readonly maxAverageBitrate?: number;
  /** Hz */
  readonly maxPlaybackRate?: number;
  readonly useInbandFec: boolean;
  /** Meta's wish; its clients drop a call that falls silent, so nobody follows it. */
  readonly useDtx: boolean;
  /** Constant bit rate. */
  readonly cbr?: boolean;
  readonly ptimeMs: number;
  /** The line that listens to us names it: the phone's keys may go there. */
  readonly telephoneEvent?: TelephoneEvent;
}

/** Where and how to talk RTP with the phone. */
export interface PhonePlan {
  readonly codec: SipCodec;
  /** What we send with: the number the phone declared. */
  readonly payloadType: number;
  /** What the phone may send with: the numbers we declared for this codec. */
  readonly receivePayloadTypes: readonly number[];
  /** RTP clock, Hz; 8000 for G.722 (RFC 3551 section 4.5.2), the sampling rate for L16. */
  readonly clockRate: number;
  readonly remote: {
    readonly address: string;
    readonly port: number;
    readonly rtcpPort: number;
    readonly rtcpMux: boolean;
  };
  /** Absent: the phone takes no telephone-event. */
  readonly telephoneEvent?: TelephoneEvent & { readonly receivePayloadType: number };
  readonly ptimeMs: number;
  /** Ours: `sendonly` means the phone does not talk, `recvonly` that it does not listen. */
  readonly direction: Direction;
  /** Absent: plain RTP. Never to be logged or dumped. */
  readonly srtp?: SdesAgreed;
  /** Payload types with which the phone may send comfort noise (RFC 3389). */
  readonly comfortNoise?: readonly number[];
  /** Of an Opus phone. */
  readonly opus?: OpusReceiver;
}
