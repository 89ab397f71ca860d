import { createCipheriv, createDecipheriv } from 'node:crypto';
import { read32, write32 } from '../rtp/header.ts';
import { AesCm, deriveKey } from './aes-cm.ts';
import { HmacSha1 } from './sha1.ts';

/** Cipher and authentication of one direction of one master key; in place. */
export interface SrtpTransform {
  /** Bytes that protecting adds to an RTP packet; RTCP gets four more (index). */
  readonly tagBytes: number;
  /** `packet` has room for the tag behind `length`; returns the new length. */
  protectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number;
  /** Returns the length without tag, or -1 when the packet is not authentic. */
  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number;
  protectRtcp(packet: Uint8Array, length: number, index: number): number;
  unprotectRtcp(packet: Uint8Array, length: number): number;
}

const RTCP_CLEAR_BYTES = 8;
const ENCRYPTED = 0x8000_0000;

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711). */
export class AesCmHmacSha1 implements SrtpTransform {
  readonly tagBytes = 10;
  readonly #rtp: AesCm;
  readonly #rtcp: AesCm;
  readonly #rtpSalt: Uint8Array;
  readonly #rtcpSalt: Uint8Array;
  readonly #rtpAuth: HmacSha1;
  readonly #rtcpAuth: HmacSha1;
  readonly #iv = new Uint8Array(16);
  readonly #tag = new Uint8Array(10);

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#rtp = new AesCm(deriveKey(key, salt, 0, 16));
    this.#rtpAuth = new HmacSha1(deriveKey(key, salt, 1, 20));
    this.#rtpSalt = deriveKey(key, salt, 2, 14);
    this.#rtcp = new AesCm(deriveKey(key, salt, 3, 16));
    this.#rtcpAuth = new HmacSha1(deriveKey(key, salt, 4, 20));
    this.#rtcpSalt = deriveKey(key, salt, 5, 14);
  }

  protectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number {
    this.#rtp.apply(this.#ivOf(this.#rtpSalt, ssrc, roc, sequence), packet, payloadOffset, length);
    this.#rtpAuth.digest(packet, 0, length, roc, packet, length, 10);
    return length + 10;
  }

  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number {
    const end = length - 10;
    if (end < payloadOffset) return -1;
    this.#rtpAuth.digest(packet, 0, end, roc, this.#tag, 0, 10);
    if (!sameBytes(this.#tag, packet, end)) return -1;
    this.#rtp.apply(this.#ivOf(this.#rtpSalt, ssrc, roc, sequence), packet, payloadOffset, end);
    return end;
  }

  protectRtcp(packet: Uint8Array, length: number, index: number): number {
    const iv = this.#ivOf(this.#rtcpSalt, read32(packet, 4), index >>> 16, index & 0xffff);
    this.#rtcp.apply(iv, packet, RTCP_CLEAR_BYTES, length);
    write32(packet, length, (ENCRYPTED | index) >>> 0);
    this.#rtcpAuth.digest(packet, 0, length + 4, -1, packet, length + 4, 10);
    return length + 14;
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - 14;
    if (end < RTCP_CLEAR_BYTES) return -1;
    this.#rtcpAuth.digest(packet, 0, end + 4, -1, this.#tag, 0, 10);
    if (!sameBytes(this.#tag, packet, end + 4)) return -1;
    const word = read32(packet, end);
    const index = word & 0x7fff_ffff;
    if (word >= ENCRYPTED) {
      const iv = this.#ivOf(this.#rtcpSalt, read32(packet, 4), index >>> 16, index & 0xffff);
      this.#rtcp.apply(iv, packet, RTCP_CLEAR_BYTES, end);
    }
    return end;
  }

  /** RFC 3711 section 4.1.1: salt, SSRC and 48-bit index XORed at their places; the last two bytes count blocks. */
  #ivOf(salt: Uint8Array, ssrc: number, high: number, low: number): Uint8Array {
    const iv = this.#iv;
    iv.set(salt);
    xor32(iv, 4, ssrc);
    xor32(iv, 8, high);
    iv[12] = (iv[12] as number) ^ (low >>> 8);
    iv[13] = (iv[13] as number) ^ (low & 0xff);
    return iv;
  }
}

/** AEAD_AES_128_GCM (RFC 7714). A cipher object for each packet: the nonce changes, and Node offers no other way. */
export class AeadAesGcm implements SrtpTransform {
  readonly tagBytes = 16;
  readonly #rtpKey: Uint8Array;
  readonly #rtcpKey: Uint8Array;
  readonly #rtpSalt: Uint8Array;
  readonly #rtcpSalt: Uint8Array;
  readonly #iv = new Uint8Array(12);
  readonly #rtcpAad = new Uint8Array(12);

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#rtpKey = deriveKey(key, salt, 0, 16);
    this.#rtpSalt = deriveKey(key, salt, 2, 12);
    this.#rtcpKey = deriveKey(key, salt, 3, 16);
    this.#rtcpSalt = deriveKey(key, salt, 5, 12);
  }

  protectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number {
    const iv = this.#ivOf(this.#rtpSalt, ssrc, roc, sequence);
    seal(this.#rtpKey, iv, packet.subarray(0, payloadOffset), packet, payloadOffset, length);
    return length + 16;
  }

  unprotectRtp(
    packet: Uint8Array,
    length: number,
    payloadOffset: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): number {
    const end = length - 16;
    if (end < payloadOffset) return -1;
    const iv = this.#ivOf(this.#rtpSalt, ssrc, roc, sequence);
    const whole = unseal(this.#rtpKey, iv, packet.subarray(0, payloadOffset), packet, payloadOffset, end);
    return whole ? end : -1;
  }

  protectRtcp(packet: Uint8Array, length: number, index: number): number {
    const word = (ENCRYPTED | index) >>> 0;
    const iv = this.#ivOf(this.#rtcpSalt, read32(packet, 4), index >>> 16, index & 0xffff);
    seal(this.#rtcpKey, iv, this.#aad(packet, word), packet, RTCP_CLEAR_BYTES, length);
    write32(packet, length + 16, word);
    return length + 20;
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - 20;
    if (end < RTCP_CLEAR_BYTES) return -1;
    const word = read32(packet, length - 4);
    const index = word & 0x7fff_ffff;
    if (word < ENCRYPTED) return -1;
    const iv = this.#ivOf(this.#rtcpSalt, read32(packet, 4), index >>> 16, index & 0xffff);
    return unseal(this.#rtcpKey, iv, this.#aad(packet, word), packet, RTCP_CLEAR_BYTES, end) ? end : -1;
  }

  #aad(packet: Uint8Array, word: number): Uint8Array {
    const aad = this.#rtcpAad;
    for (let i = 0; i < RTCP_CLEAR_BYTES; i++) aad[i] = packet[i] as number;
    write32(aad, RTCP_CLEAR_BYTES, word);
    return aad;
  }

  /** RFC 7714 sections 8.1 and 9.1: two zero bytes, SSRC, 48-bit index, XORed with the salt. */
  #ivOf(salt: Uint8Array, ssrc: number, high: number, low: number): Uint8Array {
    const iv = this.#iv;
    iv.set(salt);
    xor32(iv, 2, ssrc);
    xor32(iv, 6, high);
    iv[10] = (iv[10] as number) ^ (low >>> 8);
    iv[11] = (iv[11] as number) ^ (low & 0xff);
    return iv;
  }
}

function seal(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  packet: Uint8Array,
  start: number,
  end: number,
): void {
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  cipher.setAAD(aad);
  packet.set(cipher.update(packet.subarray(start, end)), start);
  cipher.final();
  packet.set(cipher.getAuthTag(), end);
}

/** The tag stands behind `end`. */
function unseal(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  packet: Uint8Array,
  start: number,
  end: number,
): boolean {
  const decipher = createDecipheriv('aes-128-gcm', key, iv);
  decipher.setAAD(aad);
  decipher.setAuthTag(packet.subarray(end, end + 16));
  const clear = decipher.update(packet.subarray(start, end));
  try {
    decipher.final();
  } catch {
    return false;
  }
  packet.set(clear, start);
  return true;
}

/** Constant time: no early end. */
function sameBytes(tag: Uint8Array, packet: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < tag.length; i++) difference |= (tag[i] as number) ^ (packet[at + i] as number);
  return difference === 0;
}

function xor32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (bytes[at] as number) ^ (value >>> 24);
  bytes[at + 1] = (bytes[at + 1] as number) ^ ((value >>> 16) & 0xff);
  bytes[at + 2] = (bytes[at + 2] as number) ^ ((value >>> 8) & 0xff);
  bytes[at + 3] = (bytes[at + 3] as number) ^ (value & 0xff);
}
