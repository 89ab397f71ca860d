import { read32, write32 } from '../rtp/header.ts';
import type { SessionKeys } from './derive-key.ts';
import { AES_CM, CounterCipher, KeyStream } from './key-stream.ts';
import { HmacSha1 } from './sha1.ts';
import { ENCRYPTED, RTCP_CLEAR_BYTES, type SrtpTransform } from './transform.ts';

const RTCP_TAG_BYTES = 10;

/** AES_CM_128_HMAC_SHA1_80 and _32 (RFC 3711; the short tag is RTP's alone: RFC 4568 section 6.2.2). */
export class AesCmHmacSha1 implements SrtpTransform {
  readonly rtpTagBytes: number;
  readonly rtcpTrailerBytes = 4 + RTCP_TAG_BYTES;
  readonly rtcpIndexAt = 0;
  readonly #rtp: CounterCipher;
  readonly #rtcp: CounterCipher;
  readonly #rtpAuth: HmacSha1;
  readonly #rtcpAuth: HmacSha1;

  constructor(rtp: SessionKeys, rtcp: SessionKeys, rtpTagBytes: 10 | 4) {
    this.rtpTagBytes = rtpTagBytes;
    this.#rtp = new CounterCipher(rtp.key, rtp.salt, AES_CM);
    this.#rtpAuth = new HmacSha1(rtp.auth);
    this.#rtcp = new CounterCipher(rtcp.key, rtcp.salt, AES_CM);
    this.#rtcpAuth = new HmacSha1(rtcp.auth);
  }

  keyStream(ssrc: number): KeyStream {
    return new KeyStream(this.#rtp, ssrc);
  }

  protectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    stream: KeyStream,
    roc: number,
    sequence: number,
  ): number {
    stream.apply(packet, payloadOffset, length, roc, sequence, 0);
    this.#rtpAuth.sign(packet, length, roc, packet, length, this.rtpTagBytes);
    return length + this.rtpTagBytes;
  }

  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    stream: KeyStream,
    roc: number,
    sequence: number,
  ): number {
    const end = length - this.rtpTagBytes;
    if (end < payloadOffset) return -1;
    if (!this.#rtpAuth.verify(packet, end, roc, end, this.rtpTagBytes)) return -1;
    stream.apply(packet, payloadOffset, end, roc, sequence, 0);
    return end;
  }

  protectRtcp(packet: Uint8Array, length: number, index: number): number {
    this.#applyRtcp(packet, length, index);
    write32(packet, length, (ENCRYPTED | index) >>> 0);
    this.#rtcpAuth.sign(packet, length + 4, -1, packet, length + 4, RTCP_TAG_BYTES);
    return length + this.rtcpTrailerBytes;
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - this.rtcpTrailerBytes;
    if (end < RTCP_CLEAR_BYTES) return -1;
    if (!this.#rtcpAuth.verify(packet, end + 4, -1, end + 4, RTCP_TAG_BYTES)) return -1;
    const word = read32(packet, end);
    if (word >= ENCRYPTED) this.#applyRtcp(packet, end, word & 0x7fff_ffff);
    return end;
  }

  #applyRtcp(packet: Uint8Array, end: number, index: number): void {
    const ssrc = read32(packet, 4);
    this.#rtcp.apply(packet, RTCP_CLEAR_BYTES, end, ssrc, index >>> 16, index & 0xffff, 0);
  }
}
