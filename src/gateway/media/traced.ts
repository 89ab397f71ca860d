import type { CapturedMedia, PhoneCodec } from '../../media/index.ts';
import type { QualitySample } from '../../shared/leg-quality.ts';

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** What a media worker tells of a call for its trace alone; nothing follows from it. */
export type MediaTraced =
  /** `pair`: local and remote `address:port` of the pair that was chosen. */
  | {
      readonly of: 'ice';
      readonly state: 'checking' | 'connected' | 'disconnected' | 'back';
      readonly local?: string;
      readonly remote?: string;
      readonly rttMs?: number;
    }
  /** DTLS is up; the SRTP profile, and nothing of the keys. */
  | { readonly of: 'dtls'; readonly profile: string }
  /** What was agreed with a phone. */
  | {
      readonly of: 'plan';
      readonly codec: PhoneCodec;
      readonly payloadType: number;
      readonly ptimeMs: number;
      readonly direction: string;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
      readonly srtp: boolean;
      readonly keys: 'telephone-event' | 'tones' | 'none';
      readonly jitterBuffer: boolean;
    }
  /** The phone speaks from another address than it said, or from that one again. */
  | ({ readonly of: 'latched' } & SocketAddress)
  | { readonly of: 'silent'; readonly leg: 'consumer' | 'phone'; readonly ms: number }
  | { readonly of: 'quality'; readonly sample: QualitySample };

/** Packets of a call that somebody asked for. */
export interface CapturedCall {
  readonly packets: readonly CapturedMedia[];
  /** Packets for which there was no room. */
  readonly missed: number;
  /** Of the pair that ICE chose; undefined before. */
  readonly consumer: { readonly local: SocketAddress; readonly remote: SocketAddress } | undefined;
  /** Our port for the phone. */
  readonly phone: SocketAddress;
}
