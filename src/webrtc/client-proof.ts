import { verify, X509Certificate } from 'node:crypto';
import { finishedOf, HANDSHAKE, type HandshakeSession } from './handshake.ts';
import type { HandshakeMessage } from './werift-tap.ts';

/** All that a client says, in this order (RFC 6347 section 4.2.4): it cannot leave its certificate out. */
const EXPECTED = [
  HANDSHAKE.clientHello,
  // With the cookie of our HelloVerifyRequest.
  HANDSHAKE.clientHello,
  HANDSHAKE.certificate,
  HANDSHAKE.clientKeyExchange,
  HANDSHAKE.certificateVerify,
  HANDSHAKE.finished,
];

/** Schemes as CertificateVerify names them; SHA-256 with either kind of key is all that we ask for. */
const SCHEMES: Readonly<Record<number, string>> = { 1027: 'ec', 1025: 'rsa' };

/**
 * Proves who the client is, message by message and before werift (which checks none of it) uses them: the certificate
 * is the one of the fingerprint (RFC 8122), its key signed this very handshake (RFC 5246 section 7.4.8), and both
 * sides saw the same (section 7.4.9).
 */
export class ClientProof {
  readonly #session: HandshakeSession;
  readonly #fingerprint: string;
  #certificate: X509Certificate | undefined;
  #signed = false;
  #at = 0;

  /** @param fingerprint SHA-256 as in `a=fingerprint`: upper-case hex pairs with colons */
  constructor(session: HandshakeSession, fingerprint: string) {
    this.#session = session;
    this.#fingerprint = fingerprint;
  }

  /** What is wrong with the message, or undefined; each whole message once, in order. May throw on one cut short. */
  check({ msg_type, fragment }: HandshakeMessage): string | undefined {
    if (msg_type !== EXPECTED[this.#at]) return `handshake message ${msg_type} is out of turn`;
    this.#at += 1;
    if (msg_type === HANDSHAKE.certificate) return this.#checkCertificate(fragment);
    if (msg_type === HANDSHAKE.certificateVerify) return this.#checkSignature(fragment);
    if (msg_type === HANDSHAKE.finished) return this.#checkFinished(fragment);
    return undefined;
  }

  #checkCertificate(body: Buffer): string | undefined {
    // An empty list is how a client says that it has none.
    if (body.length <= 6) return 'the other side has no certificate';
    this.#certificate = new X509Certificate(body.subarray(6, 6 + body.readUIntBE(3, 3)));
    if (this.#certificate.fingerprint256 === this.#fingerprint) return undefined;
    return 'the certificate does not match the fingerprint';
  }

  #checkSignature(body: Buffer): string | undefined {
    const key = this.#certificate?.publicKey;
    const signature = body.subarray(4, 4 + body.readUInt16BE(2));
    if (!key || SCHEMES[body.readUInt16BE(0)] !== key.asymmetricKeyType)
      return 'the handshake is signed by another method';
    const signed = Buffer.concat(this.#session.transcript.map((message) => message.serialize()));
    if (!verify('sha256', signed, key, signature)) return 'the handshake is not signed by the certificate';
    this.#signed = true;
    return undefined;
  }

  #checkFinished(body: Buffer): string | undefined {
    if (!this.#session.masterSecret || !this.#signed) return 'Finished came too early';
    return finishedOf(this.#session, 'client finished').equals(body)
      ? undefined
      : 'the handshakes of both sides differ';
  }
}
