import { read16, read32 } from '../rtp/header.ts';
import { AesCmHmacSha1 } from './aes-cm.ts';
import { AeadAesGcm } from './aes-gcm.ts';
import { deriveSessionKeys } from './derive-key.ts';
import type { KeyStream } from './key-stream.ts';
import { ReplayWindow } from './replay.ts';
import type { SrtpTransform } from './transform.ts';

export type SrtpProfile = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM';

/** Of one direction: 16 bytes of key; 14 of salt, 12 for AEAD_AES_128_GCM. */
export interface SrtpMasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** Master keys and salts of a session (RFC 5764 section 4.2, RFC 4568). */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly local: SrtpMasterKey;
  readonly remote: SrtpMasterKey;
}

/** Why a packet was not taken. */
export type SrtpRefusal = 'malformed' | 'replay' | 'auth';

/** A peer that invents SSRCs may not make us keep a state for each. */
const MAX_SSRCS = 16;
const LAST_RTCP_INDEX = 0x7fff_ffff;

/** SRTP and SRTCP of both directions. Packets are changed in place; nothing is kept but counters and key stream. */
export class SrtpSession {
  readonly #out: SrtpTransform;
  readonly #in: SrtpTransform;
  readonly #outgoing = new Map<number, Stream>();
  readonly #incoming = new Map<number, Stream>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();
  /** The last ones that were used: nearly always the next ones too. */
  #lastOut: Stream | undefined;
  #lastIn: Stream | undefined;
  /** For an unknown SSRC, until a packet of it is authentic. */
  #spare: Stream | undefined;
  #rtcpIndex = 0;
  /** Why the last packet was refused. */
  refusal: SrtpRefusal = 'malformed';

  constructor({ profile, local, remote }: SrtpKeys) {
    this.#out = transformOf(profile, local);
    this.#in = transformOf(profile, remote);
  }

  /**
   * Returns the length with the tag, or -1 and sets `refusal`: no RTP (`malformed`), or a sequence number that was
   * sent before (`replay`: a key stream must never be used twice, RFC 3711 section 9.1).
   */
  protectRtp(packet: Uint8Array, length: number): number {
    const payloadOffset = payloadOffsetOf(packet, length);
    if (payloadOffset < 0) return this.#refuse('malformed');
    const sequence = read16(packet, 2);
    const stream = this.#outgoingOf(ssrcOf(packet));
    const { window } = stream;
    const roc = window.guess(sequence);
    if (!window.isNew(roc, sequence)) return this.#refuse('replay');
    window.accept(roc, sequence);
    return this.#out.protectRtp(packet, length, payloadOffset, stream.keys, roc, sequence);
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtp(packet: Uint8Array, length: number): number {
    const payloadOffset = payloadOffsetOf(packet, length);
    if (payloadOffset < 0) return this.#refuse('malformed');
    const sequence = read16(packet, 2);
    const stream = this.#incomingOf(ssrcOf(packet));
    const { window } = stream;
    const roc = window.guess(sequence);
    if (!window.isNew(roc, sequence)) return this.#refuse('replay');
    const clear = this.#in.unprotectRtp(packet, length, payloadOffset, stream.keys, roc, sequence);
    if (clear < 0) return this.#refuse('auth');
    window.accept(roc, sequence);
    if (stream !== this.#lastIn) this.#used(stream);
    return clear;
  }

  /** Returns the length with index and tag, or -1 when there is no SSRC or the indexes of the key are used up. */
  protectRtcp(packet: Uint8Array, length: number): number {
    const index = this.#rtcpIndex;
    if (length < 8 || index > LAST_RTCP_INDEX) return this.#refuse('malformed');
    this.#rtcpIndex = index + 1;
    return this.#out.protectRtcp(packet, length, index);
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - this.#in.rtcpTrailerBytes;
    if (end < 8) return this.#refuse('malformed');
    const index = read32(packet, end + this.#in.rtcpIndexAt) & LAST_RTCP_INDEX;
    const ssrc = ssrcOfRtcp(packet);
    const known = this.#rtcpWindows.get(ssrc);
    const window = known ?? new ReplayWindow();
    if (!window.isNew(index >>> 16, index & 0xffff)) return this.#refuse('replay');
    const clear = this.#in.unprotectRtcp(packet, length);
    if (clear < 0) return this.#refuse('auth');
    if (!known) remember(this.#rtcpWindows, ssrc, window);
    window.accept(index >>> 16, index & 0xffff);
    return clear;
  }

  #outgoingOf(ssrc: number): Stream {
    if (this.#lastOut?.ssrc === ssrc) return this.#lastOut;
    let stream = this.#outgoing.get(ssrc);
    if (!stream) {
      // Ours are few, and forgetting the roll-over counter of one would use its key stream twice.
      stream = new Stream(this.#out, ssrc);
      this.#outgoing.set(ssrc, stream);
    }
    this.#lastOut = stream;
    return stream;
  }

  #incomingOf(ssrc: number): Stream {
    if (this.#lastIn?.ssrc === ssrc) return this.#lastIn;
    const known = this.#incoming.get(ssrc);
    if (known) return known;
    if (this.#spare?.ssrc !== ssrc) this.#spare = new Stream(this.#in, ssrc);
    return this.#spare;
  }

  /** Only streams that have sent something authentic. */
  #used(stream: Stream): void {
    if (stream === this.#spare) {
      remember(this.#incoming, stream.ssrc, stream);
      this.#spare = undefined;
    }
    this.#lastIn = stream;
  }

  #refuse(refusal: SrtpRefusal): -1 {
    this.refusal = refusal;
    return -1;
  }
}

/** What one SSRC needs: where it is, and its key stream made ahead. */
class Stream {
  readonly ssrc: number;
  readonly window = new ReplayWindow();
  readonly keys: KeyStream;

  constructor(transform: SrtpTransform, ssrc: number) {
    this.ssrc = ssrc;
    this.keys = transform.keyStream(ssrc);
  }
}

function transformOf(profile: SrtpProfile, { key, salt }: SrtpMasterKey): SrtpTransform {
  const rtp = deriveSessionKeys('rtp', key, salt);
  const rtcp = deriveSessionKeys('rtcp', key, salt);
  if (profile === 'AEAD_AES_128_GCM') return new AeadAesGcm(rtp, rtcp);
  return new AesCmHmacSha1(rtp, rtcp, profile === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4);
}

function remember<T>(kept: Map<number, T>, ssrc: number, value: T): void {
  if (kept.size >= MAX_SSRCS) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  kept.set(ssrc, value);
}

/** As a signed number: those above 2^31 would be an object each on V8's heap. */
function ssrcOf(packet: Uint8Array): number {
  return read32(packet, 8) | 0;
}

function ssrcOfRtcp(packet: Uint8Array): number {
  return read32(packet, 4) | 0;
}

/** Behind CSRCs and header extension (RFC 3550 section 5.1); -1 when this is no RTP. */
function payloadOffsetOf(packet: Uint8Array, length: number): number {
  if (length < 12) return -1;
  const first = packet[0] as number;
  if (first >> 6 !== 2) return -1;
  let offset = 12 + (first & 15) * 4;
  if (first & 16) {
    if (offset + 4 > length) return -1;
    offset += 4 + read16(packet, offset + 2) * 4;
  }
  return offset > length ? -1 : offset;
}
