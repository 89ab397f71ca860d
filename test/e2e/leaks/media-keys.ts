import type { CipherKey } from 'node:crypto';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { DtlsSocket } from 'werift';

/** The form of `node:crypto` that may be changed. */
const crypto = createRequire(import.meta.url)('node:crypto') as {
  -readonly [K in keyof typeof import('node:crypto')]: typeof import('node:crypto')[K];
};

/** What a DTLS session of werift keeps. */
interface DtlsInside {
  readonly cipher?: { readonly masterSecret?: Buffer };
}

/**
 * The keys of everything that is encrypted at the far ends, the gateway at the other end having the same ones: SDES and
 * DTLS-SRTP master keys, the session keys made of them, those of DTLS records, and DTLS master secrets.
 */
export function watchMediaKeys(): { readonly keys: ReadonlyMap<string, Buffer>; restore(): void } {
  const keys = new Map<string, Buffer>();
  const add = (key: Uint8Array | undefined): void => {
    if (key && key.length >= 16) keys.set(Buffer.from(key).toString('hex'), Buffer.from(key));
  };
  const { createCipheriv, createDecipheriv } = crypto;
  const spied = <F extends typeof createCipheriv | typeof createDecipheriv>(original: F): F =>
    ((...given: [string, CipherKey, null]) => {
      add(bytesOf(given[1]));
      return (original as (...same: typeof given) => unknown)(...given);
    }) as unknown as F;
  crypto.createCipheriv = spied(createCipheriv);
  crypto.createDecipheriv = spied(createDecipheriv);
  syncBuiltinESMExports();
  const proto = DtlsSocket.prototype;
  const extract = proto.extractSessionKeys;
  proto.extractSessionKeys = function (this: DtlsSocket, keyLength: number, saltLength: number) {
    const made = extract.call(this, keyLength, saltLength);
    add(made.localKey);
    add(made.remoteKey);
    add((this as unknown as DtlsInside).cipher?.masterSecret);
    return made;
  };
  return {
    keys,
    restore: () => {
      proto.extractSessionKeys = extract;
      Object.assign(crypto, { createCipheriv, createDecipheriv });
      syncBuiltinESMExports();
    },
  };
}

function bytesOf(key: CipherKey): Uint8Array | undefined {
  if (typeof key === 'string') return Buffer.from(key);
  if (ArrayBuffer.isView(key)) return new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
  return 'export' in key ? key.export() : new Uint8Array(key);
}
