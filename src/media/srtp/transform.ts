import type { KeyStream } from './key-stream.ts';

/** Cipher and authentication of one direction of one master key; in place. */
export interface SrtpTransform {
  /** Bytes that protecting adds to an RTP packet. */
  readonly rtpTagBytes: number;
  /** Bytes that protecting adds to an RTCP packet, the index included. */
  readonly rtcpTrailerBytes: number;
  /** Where the trailer has the word of E flag and index. */
  readonly rtcpIndexAt: number;
  keyStream(ssrc: number): KeyStream;
  /** `packet` has room for the tag behind `length`; returns the new length. */
  protectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    stream: KeyStream,
    roc: number,
    sequence: number,
  ): number;
  /** Returns the length without tag, or -1 when the packet is not authentic. */
  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    stream: KeyStream,
    roc: number,
    sequence: number,
  ): number;
  protectRtcp(packet: Uint8Array, length: number, index: number): number;
  unprotectRtcp(packet: Uint8Array, length: number): number;
}

/** The header of an RTCP packet and the SSRC of its sender stay clear (RFC 3711 section 3.4). */
export const RTCP_CLEAR_BYTES = 8;
/** The E flag in the word of the index. */
export const ENCRYPTED = 0x8000_0000;
