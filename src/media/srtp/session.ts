import { RtpHeader, read32 } from '../rtp/header.ts';
import { ReplayWindow } from './replay.ts';
import { AeadAesGcm, AesCmHmacSha1, type SrtpTransform } from './transform.ts';

/** Master keys and salts of a session (RFC 5764 section 4.2). */
export interface SrtpKeys {
  readonly profile: 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM';
  readonly local: { readonly key: Uint8Array; readonly salt: Uint8Array };
  readonly remote: { readonly key: Uint8Array; readonly salt: Uint8Array };
}

/** Why a packet was not taken. */
export type SrtpRefusal = 'malformed' | 'replay' | 'auth';

/** A peer that invents SSRCs may not make us keep a state for each. */
const MAX_SSRCS = 16;

/** SRTP and SRTCP of both directions. Packets are changed in place; nothing is kept but counters. */
export class SrtpSession {
  readonly #out: SrtpTransform;
  readonly #in: SrtpTransform;
  readonly #rtpWindows = new Map<number, ReplayWindow>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();
  readonly #header = new RtpHeader();
  #outRoc = 0;
  #outSequence = -1;
  #rtcpIndex = 0;
  /** Why the last packet was refused. */
  refusal: SrtpRefusal = 'malformed';

  constructor(keys: SrtpKeys) {
    const transform = keys.profile === 'AEAD_AES_128_GCM' ? AeadAesGcm : AesCmHmacSha1;
    this.#out = new transform(keys.local.key, keys.local.salt);
    this.#in = new transform(keys.remote.key, keys.remote.salt);
  }

  /** Our one stream: sequence numbers go up by one. Returns the length with the tag, -1 when it is no RTP. */
  protectRtp(packet: Uint8Array, length: number): number {
    const header = this.#header;
    if (!header.parse(packet, length, true)) return -1;
    if (this.#outSequence > 0xf000 && header.sequence < 0x1000) this.#outRoc = (this.#outRoc + 1) >>> 0;
    this.#outSequence = header.sequence;
    return this.#out.protectRtp(
      packet,
      length,
      header.payloadOffset,
      header.ssrc,
      this.#outRoc,
      header.sequence,
    );
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtp(packet: Uint8Array, length: number): number {
    const header = this.#header;
    if (!header.parse(packet, length, true)) return this.#refuse('malformed');
    const known = this.#rtpWindows.get(header.ssrc);
    const window = known ?? new ReplayWindow();
    const roc = window.guess(header.sequence);
    if (!window.isNew(roc, header.sequence)) return this.#refuse('replay');
    const clear = this.#in.unprotectRtp(
      packet,
      length,
      header.payloadOffset,
      header.ssrc,
      roc,
      header.sequence,
    );
    if (clear < 0) return this.#refuse('auth');
    if (!known) remember(this.#rtpWindows, header.ssrc, window);
    window.accept(roc, header.sequence);
    return clear;
  }

  protectRtcp(packet: Uint8Array, length: number): number {
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) & 0x7fff_ffff;
    return this.#out.protectRtcp(packet, length, index);
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    const trailer = this.#in.tagBytes === 16 ? 4 : 14;
    if (length < 8 + 4 + this.#in.tagBytes) return this.#refuse('malformed');
    const index = read32(packet, length - trailer) & 0x7fff_ffff;
    const ssrc = read32(packet, 4);
    const known = this.#rtcpWindows.get(ssrc);
    const window = known ?? new ReplayWindow();
    if (!window.isNew(index >>> 16, index & 0xffff)) return this.#refuse('replay');
    const clear = this.#in.unprotectRtcp(packet, length);
    if (clear < 0) return this.#refuse('auth');
    if (!known) remember(this.#rtcpWindows, ssrc, window);
    window.accept(index >>> 16, index & 0xffff);
    return clear;
  }

  #refuse(refusal: SrtpRefusal): -1 {
    this.refusal = refusal;
    return -1;
  }
}

function remember(windows: Map<number, ReplayWindow>, ssrc: number, window: ReplayWindow): void {
  if (windows.size >= MAX_SSRCS) {
    const [oldest] = windows.keys();
    if (oldest !== undefined) windows.delete(oldest);
  }
  windows.set(ssrc, window);
}
