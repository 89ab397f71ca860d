import { readFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';
import { p256PublicKey, p256SharedSecret, x25519, x25519KeyPair } from './native-curves.ts';

/** The functions of werift's libraries that a handshake calls, and nothing else of them. */
export interface CurveLibraries {
  readonly x25519: {
    scalarMult: typeof x25519;
    readonly box: { keyPair: typeof x25519KeyPair };
  };
  readonly p256: {
    getPublicKey(secretKey: Uint8Array, isCompressed?: boolean): Uint8Array;
    getSharedSecret(secretKey: Uint8Array, peer: Uint8Array): Uint8Array;
  };
}

/** The very instances that werift imported: its own, wherever they are installed. */
export async function curveLibraries(): Promise<CurveLibraries> {
  const werift = import.meta.resolve('werift');
  const file = findPackageJSON('@noble/curves', werift);
  if (file === undefined) throw new Error('werift has no @noble/curves any more');
  const { exports } = JSON.parse(await readFile(file, 'utf8')) as {
    exports: { './p256': { import: string } };
  };
  const { p256 } = await import(new URL(exports['./p256'].import, pathToFileURL(file)).href);
  return { x25519: createRequire(werift)('tweetnacl'), p256 };
}

/**
 * Gives werift the curves of OpenSSL in place of JavaScript's: on this thread, for whoever uses werift there. Another
 * werift that uses other libraries is slower and works; `werift-tap.test.ts` says so.
 */
export async function useNativeCurves(): Promise<void> {
  try {
    const { x25519: nacl, p256 } = await curveLibraries();
    nacl.scalarMult = x25519;
    nacl.box.keyPair = x25519KeyPair;
    const { getPublicKey } = p256;
    p256.getPublicKey = (secretKey, isCompressed = true) =>
      isCompressed ? getPublicKey(secretKey, true) : p256PublicKey(secretKey);
    p256.getSharedSecret = p256SharedSecret;
  } catch {
    // JavaScript's it is.
  }
}
