import { createHash, createHmac, verify, X509Certificate } from 'node:crypto';
import type { HandshakeMessage } from './werift-tap.ts';

/** RFC 5246 section 7.4. */
export const HANDSHAKE = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** A certificate chain of a peer fits; anything longer is an attack on our memory. */
const MAX_MESSAGE_BYTES = 16_384;
const MAX_AHEAD = 10;

interface Pending {
  readonly first: HandshakeMessage;
  readonly body: Buffer;
  readonly have: Uint8Array;
}

/** Puts fragments together and messages in order; repeats are dropped (RFC 6347 section 4.2.2 and 4.2.3). */
export class HandshakeReassembly {
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  /** The message in turn; those before it were taken. */
  get next(): number {
    return this.#next;
  }

  push(fragment: HandshakeMessage): HandshakeMessage[] {
    const { message_seq: seq, length, fragment_offset: offset } = fragment;
    if (seq < this.#next || seq > this.#next + MAX_AHEAD || length > MAX_MESSAGE_BYTES) return [];
    if (offset + fragment.fragment.length > length) return [];
    let pending = this.#pending.get(seq);
    if (!pending) {
      pending = { first: fragment, body: Buffer.alloc(length), have: new Uint8Array(length) };
      this.#pending.set(seq, pending);
    }
    if (pending.body.length !== length || pending.first.msg_type !== fragment.msg_type) return [];
    pending.body.set(fragment.fragment, offset);
    pending.have.fill(1, offset, offset + fragment.fragment.length);
    return this.#takeWhole();
  }

  #takeWhole(): HandshakeMessage[] {
    const whole: HandshakeMessage[] = [];
    for (;;) {
      const pending = this.#pending.get(this.#next);
      if (!pending || pending.have.includes(0)) return whole;
      this.#pending.delete(this.#next++);
      const { length } = pending.body;
      whole.push({ ...pending.first, fragment_offset: 0, fragment_length: length, fragment: pending.body });
    }
  }
}

/** The session that the checks are made against; read when needed. */
export interface HandshakeSession {
  readonly clientRandom: Buffer | undefined;
  readonly masterSecret: Buffer | undefined;
  readonly transcript: readonly { readonly msg_type: number; serialize(): Buffer }[];
}

/**
 * Proves who the other side is, message by message and before werift (which checks none of it) uses them: the
 * certificate is the one of the fingerprint (RFC 8122), it signed the key exchange of this very session (RFC 8422
 * section 5.4), and both sides saw the same handshake (RFC 5246 section 7.4.9).
 */
export class HandshakeProof {
  readonly #session: HandshakeSession;
  readonly #fingerprint: string;
  #serverRandom: Buffer | undefined;
  #certificate: X509Certificate | undefined;
  #signed = false;

  /** @param fingerprint SHA-256 as in `a=fingerprint`: upper-case hex pairs with colons */
  constructor(session: HandshakeSession, fingerprint: string) {
    this.#session = session;
    this.#fingerprint = fingerprint;
  }

  /** What is wrong with the message, or undefined. May throw on a message cut short. */
  check({ msg_type, fragment }: HandshakeMessage): string | undefined {
    if (msg_type === HANDSHAKE.serverHello) this.#serverRandom = fragment.subarray(2, 34);
    else if (msg_type === HANDSHAKE.certificate) return this.#checkCertificate(fragment);
    else if (msg_type === HANDSHAKE.serverKeyExchange) return this.#checkKeyExchange(fragment);
    else if (msg_type === HANDSHAKE.finished) return this.#checkFinished(fragment);
    return undefined;
  }

  #checkCertificate(body: Buffer): string | undefined {
    const der = body.subarray(6, 6 + body.readUIntBE(3, 3));
    this.#certificate = new X509Certificate(der);
    if (this.#certificate.fingerprint256 === this.#fingerprint) return undefined;
    return 'the certificate does not match the fingerprint';
  }

  #checkKeyExchange(body: Buffer): string | undefined {
    const params = body.subarray(0, 4 + body.readUInt8(3));
    const [hash, scheme] = body.subarray(params.length, params.length + 2);
    const start = params.length + 4;
    const signature = body.subarray(start, start + body.readUInt16BE(params.length + 2));
    const { clientRandom } = this.#session;
    const key = this.#certificate?.publicKey;
    if (!clientRandom || !this.#serverRandom || !key) return 'the key exchange came too early';
    // SHA-256 with ECDSA or RSA (PKCS #1) is all that we offer.
    const type = scheme === 3 ? 'ec' : scheme === 1 ? 'rsa' : undefined;
    if (hash !== 4 || type !== key.asymmetricKeyType) return 'the key exchange is signed by another method';
    const signed = Buffer.concat([clientRandom, this.#serverRandom, params]);
    if (!verify('sha256', signed, key, signature)) return 'the key exchange is not signed by the certificate';
    this.#signed = true;
    return undefined;
  }

  #checkFinished(body: Buffer): string | undefined {
    if (!this.#session.masterSecret || !this.#signed) return 'Finished came too early';
    return finishedOf(this.#session, 'server finished').equals(body)
      ? undefined
      : 'the handshakes of both sides differ';
  }
}

/** What Finished must hold when both sides saw the transcript so far. */
export function finishedOf(
  { masterSecret = Buffer.alloc(0), transcript }: HandshakeSession,
  label: 'client finished' | 'server finished',
): Buffer {
  const hash = createHash('sha256');
  for (const message of transcript) hash.update(message.serialize());
  return prf(masterSecret, label, hash.digest(), 12);
}

/** RFC 5246 section 5, with SHA-256 (the hash of every suite that we offer). */
function prf(secret: Buffer, label: string, seed: Buffer, bytes: number): Buffer {
  const full = Buffer.concat([Buffer.from(label), seed]);
  const hmac = (data: Buffer): Buffer => createHmac('sha256', secret).update(data).digest();
  const chunks: Buffer[] = [];
  for (let a = hmac(full), have = 0; have < bytes; a = hmac(a), have += 32) {
    chunks.push(hmac(Buffer.concat([a, full])));
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}
