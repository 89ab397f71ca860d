import { createCipheriv, createSecretKey } from 'node:crypto';
import { read32, write32 } from '../rtp/header.ts';
import type { SessionKeys } from './derive-key.ts';
import { Ghash } from './ghash.ts';
import { AES_GCM, CounterCipher, KeyStream } from './key-stream.ts';
import { ENCRYPTED, RTCP_CLEAR_BYTES, type SrtpTransform } from './transform.ts';

const TAG_BYTES = 16;

/** Shared by all: nothing lives in them between two calls. */
const tag = new Uint8Array(TAG_BYTES);
const mask = new Uint8Array(16);
const rtcpAad = new Uint8Array(RTCP_CLEAR_BYTES + 4);

/**
 * AEAD_AES_128_GCM (RFC 7714), put together of counter mode and GHASH: a cipher object for each packet, the only way
 * that Node's API has for GCM, costs twenty times as much.
 */
export class AeadAesGcm implements SrtpTransform {
  readonly rtpTagBytes = TAG_BYTES;
  readonly rtcpTrailerBytes = TAG_BYTES + 4;
  readonly rtcpIndexAt = TAG_BYTES;
  readonly #rtp: CounterCipher;
  readonly #rtcp: CounterCipher;
  readonly #rtpHash: Ghash;
  readonly #rtcpHash: Ghash;

  constructor(rtp: SessionKeys, rtcp: SessionKeys) {
    this.#rtp = new CounterCipher(rtp.key, rtp.salt, AES_GCM);
    this.#rtpHash = new Ghash(hashKey(rtp.key));
    this.#rtcp = new CounterCipher(rtcp.key, rtcp.salt, AES_GCM);
    this.#rtcpHash = new Ghash(hashKey(rtcp.key));
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
    stream.apply(packet, payloadOffset, length, roc, sequence, 1);
    stream.first(mask, roc, sequence);
    this.#rtpHash.digest(packet, payloadOffset, packet, payloadOffset, length, tag);
    for (let i = 0; i < TAG_BYTES; i++) packet[length + i] = (tag[i] as number) ^ (mask[i] as number);
    return length + TAG_BYTES;
  }

  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    stream: KeyStream,
    roc: number,
    sequence: number,
  ): number {
    const end = length - TAG_BYTES;
    if (end < payloadOffset) return -1;
    stream.first(mask, roc, sequence);
    this.#rtpHash.digest(packet, payloadOffset, packet, payloadOffset, end, tag);
    if (!sameTag(packet, end)) return -1;
    stream.apply(packet, payloadOffset, end, roc, sequence, 1);
    return end;
  }

  protectRtcp(packet: Uint8Array, length: number, index: number): number {
    const word = (ENCRYPTED | index) >>> 0;
    const ssrc = read32(packet, 4);
    this.#rtcp.apply(packet, RTCP_CLEAR_BYTES, length, ssrc, index >>> 16, index & 0xffff, 1);
    this.#rtcpTag(packet, length, ssrc, word);
    for (let i = 0; i < TAG_BYTES; i++) packet[length + i] = (tag[i] as number) ^ (mask[i] as number);
    write32(packet, length + TAG_BYTES, word);
    return length + this.rtcpTrailerBytes;
  }

  /** A packet in the clear (E flag 0), which RFC 7714 section 9.3 allows, is refused: nobody agreed to one. */
  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - this.rtcpTrailerBytes;
    if (end < RTCP_CLEAR_BYTES) return -1;
    const word = read32(packet, length - 4);
    if (word < ENCRYPTED) return -1;
    const index = word & 0x7fff_ffff;
    const ssrc = read32(packet, 4);
    this.#rtcpTag(packet, end, ssrc, word);
    if (!sameTag(packet, end)) return -1;
    this.#rtcp.apply(packet, RTCP_CLEAR_BYTES, end, ssrc, index >>> 16, index & 0xffff, 1);
    return end;
  }

  #rtcpTag(packet: Uint8Array, end: number, ssrc: number, word: number): void {
    for (let i = 0; i < RTCP_CLEAR_BYTES; i++) rtcpAad[i] = packet[i] as number;
    write32(rtcpAad, RTCP_CLEAR_BYTES, word);
    this.#rtcpHash.digest(rtcpAad, rtcpAad.length, packet, RTCP_CLEAR_BYTES, end, tag);
    const index = word & 0x7fff_ffff;
    this.#rtcp.make(mask, ssrc, index >>> 16, index & 0xffff, 1, 1);
  }
}

/** Constant time: no early end. */
function sameTag(packet: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < TAG_BYTES; i++) {
    difference |= (tag[i] as number) ^ (mask[i] as number) ^ (packet[at + i] as number);
  }
  return difference === 0;
}

function hashKey(key: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null);
  return cipher.setAutoPadding(false).update(new Uint8Array(16));
}
