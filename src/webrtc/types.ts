import type { ReceivePlan, SdpDialect, SdpProblem, SendPlan } from '../sdp/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { DatagramIo } from '../shared/datagram.ts';
import type { Log } from '../shared/log.ts';
import type { Result } from '../shared/result.ts';

export interface WebrtcLegOptions {
  /** Address to bind. Unset or `::`: any, IPv4 and IPv6; `0.0.0.0`: any IPv4. One socket per family. */
  readonly bindAddress?: string;
  /** Public address in front of the bound one (NAT that keeps the port); the only one advertised. */
  readonly externalAddress?: string;
  /** Range for the local UDP ports, both ends included; unset: any free port. */
  readonly portMin?: number;
  readonly portMax?: number;
  /** Milliseconds from the answer until ICE and DTLS must be up. Default 15 000. */
  readonly setupTimeoutMs?: number;
  /** How descriptions look. Default Messenger's. */
  readonly dialect?: SdpDialect;
  /** Meta's offer, when it is Meta who offers: `localSdp` is then our answer to it. */
  readonly remoteOffer?: string;
  /** The sockets of this thread. */
  readonly io: DatagramIo;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: WebrtcEvents;
}

export interface WebrtcEvents {
  onState(state: WebrtcState, reason?: string): void;
  /** Once, right before the state `secure`. */
  onKeys(keys: SrtpKeys): void;
  /** `length` bytes of RTP or RTCP, still encrypted. Valid only during the call; may be changed in place. */
  onDatagram(packet: Uint8Array, length: number): void;
  /** After every description of Meta's that was applied. */
  onPlan(plan: { readonly receive: ReceivePlan; readonly send: SendPlan }): void;
}

/**
 * `disconnected`: Meta has left the consent checks of 12 s unanswered (RFC 7675); packets are still sent, and the
 * state goes back to `secure` with the next reply, or to `failed`. `failed` (setup timed out, wrong certificate,
 * consent lost, DTLS closed by Meta) and `closed` (by us) are final; no event follows them.
 */
export type WebrtcState =
  | 'new'
  | 'ice-checking'
  | 'ice-connected'
  | 'secure'
  | 'disconnected'
  | 'failed'
  | 'closed';

/** The transport with Meta at this moment. */
export interface WebrtcDump extends IceDump {
  readonly state: WebrtcState;
  readonly ssrc: number;
  /** Of the answer that is in force. */
  readonly answerVersion: number;
}

export interface IceDump {
  /** `address:port` of the nominated pair, ours and Meta's. */
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly rttMs: number | undefined;
  /** Checks of RFC 7675, and their replies. */
  readonly consent: { readonly sent: number; readonly answered: number };
  /** Ours. */
  readonly candidates: number;
  /** Datagrams of strangers that were dropped unread, because there were too many. */
  readonly strangers: number;
}

export type SrtpProfile = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM';

/** Master keys and salts from the DTLS handshake (RFC 5764 section 4.2). */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly local: { readonly key: Uint8Array; readonly salt: Uint8Array };
  readonly remote: { readonly key: Uint8Array; readonly salt: Uint8Array };
}

export interface Renegotiated {
  readonly answerSdp: string;
  readonly receive: ReceivePlan;
}

/** One WebRTC session with Meta. */
export interface WebrtcLeg {
  /** What `accept` or `connect` sends: our offer, or our answer to Meta's. The same for the life of the leg. */
  readonly localSdp: string;
  readonly ssrc: number;
  readonly state: WebrtcState;
  /** Datagrams that the system refused to send (no route, EPERM). */
  readonly unsent: number;
  /** Datagrams of strangers that were dropped unread, because there were too many. */
  readonly strangers: number;
  /** Applies Meta's answer to our offer, or the offer that `localSdp` answers, and starts ICE at once. Once. */
  applyAnswer(sdp: string): Result<undefined, SdpProblem>;
  /**
   * Applies an offer of Meta's on the same transport, whatever its `o=` version says. The value holds our local
   * answer, which is not sent by default. On an error nothing changes and the call goes on as it was.
   */
  applyRenegotiation(sdp: string): Result<Renegotiated, SdpProblem>;
  /**
   * Sends the first `length` bytes, RTP or RTCP that is already protected, to the nominated pair; dropped before ICE
   * is up. The buffer is the caller's again when it returns.
   */
  send(packet: Uint8Array, length: number): void;
  dump(): WebrtcDump;
  /** Idempotent; no socket or timer of the leg is left when it resolves. */
  close(): Promise<void>;
}
