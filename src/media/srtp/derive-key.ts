import { AES_CM, CounterCipher } from './key-stream.ts';

/** What a session key is for (RFC 3711 section 4.3.2). */
const LABELS = {
  rtpKey: 0,
  rtpAuth: 1,
  rtpSalt: 2,
  rtcpKey: 3,
  rtcpAuth: 4,
  rtcpSalt: 5,
} as const;

/** RFC 3711 section 4.3.1 with a key derivation rate of 0; master salt of 14 bytes (or 12: RFC 7714 section 11). */
export function deriveKey(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  label: number,
  bytes: number,
): Uint8Array {
  const out = new Uint8Array((bytes + 15) & ~15);
  const salt = new Uint8Array(14);
  salt.set(masterSalt);
  salt[7] = (salt[7] as number) ^ label;
  new CounterCipher(masterKey, salt, AES_CM).make(out, 0, 0, 0, 1, out.length / 16);
  return out.subarray(0, bytes);
}

/** What protects the RTP or the RTCP of one direction. */
export interface SessionKeys {
  readonly key: Uint8Array;
  /** 14 bytes, 12 for AEAD_AES_128_GCM. */
  readonly salt: Uint8Array;
  /** Of HMAC-SHA1, 20 bytes; AEAD_AES_128_GCM has no use for it. */
  readonly auth: Uint8Array;
}

export function deriveSessionKeys(
  kind: 'rtp' | 'rtcp',
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
): SessionKeys {
  const derive = (label: number, bytes: number): Uint8Array => deriveKey(masterKey, masterSalt, label, bytes);
  return {
    key: derive(LABELS[`${kind}Key`], 16),
    auth: derive(LABELS[`${kind}Auth`], 20),
    salt: derive(LABELS[`${kind}Salt`], masterSalt.length),
  };
}
