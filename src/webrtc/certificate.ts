import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  CipherContext,
  type DtlsClient,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
} from 'werift';

/** A self-signed ECDSA P-256 certificate for DTLS. */
export interface DtlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** DER. */
  readonly raw: Buffer;
  readonly key: KeyObject;
  readonly signatureHash: NonNullable<ConstructorParameters<typeof DtlsClient>[0]['signatureHash']>;
  /** SHA-256, upper-case hex pairs with colons, as in `a=fingerprint`. */
  readonly fingerprint: string;
}

let shared: Promise<DtlsCertificate> | undefined;

/** One certificate for all calls of a thread: making one costs milliseconds, and nothing is gained by several. */
export function dtlsCertificate(): Promise<DtlsCertificate> {
  shared ??= make().catch((error: unknown) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

async function make(): Promise<DtlsCertificate> {
  const { certPem, keyPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  const { raw, fingerprint256: fingerprint } = new X509Certificate(certPem);
  return { certPem, keyPem, raw, key: createPrivateKey(keyPem), signatureHash, fingerprint };
}
