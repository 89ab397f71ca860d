import { read16, read32 } from '../rtp/header.ts';
import { AesCmHmacSha1 } from './aes-cm.ts';
import { AeadAesGcm } from './aes-gcm.ts';
import { deriveSessionKeys } from './derive-key.ts';
import type { KeyStream } from './key-stream.ts';
import { ReplayWindow } from './replay.ts';
import type { SrtpTransform } from './transform.ts';
import type { SrtpMasterKey, SrtpProfile } from './types.ts';

/** What one SSRC needs: where it is, and its key stream made ahead. */
export class Stream {
  readonly ssrc: number;
  readonly window = new ReplayWindow();
  readonly keys: KeyStream;

  constructor(transform: SrtpTransform, ssrc: number) {
    this.ssrc = ssrc;
    this.keys = transform.keyStream(ssrc);
  }
}

export function transformOf(profile: SrtpProfile, { key, salt }: SrtpMasterKey): SrtpTransform {
  const rtp = deriveSessionKeys('rtp', key, salt);
  const rtcp = deriveSessionKeys('rtcp', key, salt);
  if (profile === 'AEAD_AES_128_GCM') return new AeadAesGcm(rtp, rtcp);
  return new AesCmHmacSha1(rtp, rtcp, profile === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4);
}

/** As a signed number: those above 2^31 would be an object each on V8's heap. */
export function ssrcOf(packet: Uint8Array): number {
  return read32(packet, 8) | 0;
}

/** Behind CSRCs and header extension (RFC 3550 section 5.1); -1 when this is no RTP. */
export function payloadOffsetOf(packet: Uint8Array, length: number): number {
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
