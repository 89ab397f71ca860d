import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

/**
 * The elliptic-curve work of a DTLS handshake by OpenSSL, in the forms of the JavaScript libraries that werift uses:
 * the same results in a twentieth of the time, which on a media thread is other calls' time.
 */

/** Of the keys made here, by their bytes: OpenSSL need not read back what it made. */
const made = new WeakMap<ArrayBufferLike, KeyObject>();

/** A key pair of 32 raw bytes each (RFC 7748), each in a buffer of its own. */
export function x25519KeyPair(): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } {
  const { privateKey } = generateKeyPairSync('x25519');
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const secretKey = owned(Buffer.from(d, 'base64url'));
  made.set(secretKey.buffer, privateKey);
  return { publicKey: owned(Buffer.from(x, 'base64url')), secretKey };
}

/** The shared secret, 32 bytes. Throws when the peer's key gives zero (RFC 7748 section 6.1) or is none. */
export function x25519(secretKey: Uint8Array, peer: Uint8Array): Uint8Array {
  const key = { kty: 'OKP', crv: 'X25519', x: base64url(peer) };
  const privateKey =
    made.get(secretKey.buffer) ??
    createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secretKey]), format: 'der', type: 'pkcs8' });
  return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) });
}

/** The point of a P-256 private key of 32 bytes, uncompressed: 65 bytes. */
export function p256PublicKey(secretKey: Uint8Array): Uint8Array {
  const own = createECDH('prime256v1');
  own.setPrivateKey(secretKey);
  return own.getPublicKey();
}

/** The shared x coordinate behind one byte that says nothing, 33 bytes. Throws when the peer's point is on no curve. */
export function p256SharedSecret(secretKey: Uint8Array, peer: Uint8Array): Uint8Array {
  const own = createECDH('prime256v1');
  own.setPrivateKey(secretKey);
  return Buffer.concat([Buffer.from([2]), own.computeSecret(peer)]);
}

/** A private key of X25519 in PKCS #8, without its last 32 bytes (RFC 8410 section 7). */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

/** Buffers share memory; whoever takes `buffer` must get these bytes alone. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
