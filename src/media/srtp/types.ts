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
