import { X509Certificate } from 'node:crypto';
import {
  CipherContext,
  DtlsServer,
  HashAlgorithm,
  keyLength,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
  saltLength,
} from 'werift';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { dtlsCertificate } from '../../src/webrtc/certificate.ts';
import { DtlsSession } from '../../src/webrtc/dtls-session.ts';
import type { SrtpKeys } from '../../src/webrtc/index.ts';

export type Certificate = Awaited<ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey>>;

export function makeCertificate(): Promise<Certificate> {
  return CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
}

export interface PairOptions {
  /** The key that the server really has; its certificate's own by default. */
  readonly keyPem?: string;
  readonly profiles?: readonly number[];
  /** The only curve that the server knows, as TLS numbers them; by default the client's first choice. */
  readonly curve?: 23 | 29;
  /** RFC 7627; binds the keys to the handshake. On by default. */
  readonly extendedMasterSecret?: boolean;
  /** Drops (undefined) or changes a datagram; `index` counts those of one direction from 0. */
  readonly onWire?: (datagram: Buffer, from: 'client' | 'server', index: number) => Buffer | undefined;
}

/** Our DTLS client and werift's server, joined in memory; time stands still until the test moves it. */
export class DtlsPair {
  readonly clock = new FakeClock();
  readonly sent: Buffer[] = [];
  readonly ends: string[] = [];
  readonly client: DtlsSession;
  readonly server: DtlsServer;
  readonly serverConnected: Promise<void>;
  readonly #input: { onData: (data: Buffer) => void };
  readonly #onWire: NonNullable<PairOptions['onWire']>;
  readonly counts = { client: 0, server: 0 };
  #waiters: (() => void)[] = [];
  keys: SrtpKeys | undefined;

  static async open(options: PairOptions = {}): Promise<DtlsPair> {
    return new DtlsPair(options, await makeCertificate(), await dtlsCertificate());
  }

  private constructor(
    options: PairOptions,
    certificate: Certificate,
    ours: Awaited<ReturnType<typeof dtlsCertificate>>,
  ) {
    this.#onWire = options.onWire ?? ((datagram) => datagram);
    const input = { onData: (_: Buffer): void => {} };
    this.#input = input;
    this.server = new DtlsServer({
      cert: certificate.certPem,
      key: options.keyPem ?? certificate.keyPem,
      signatureHash: certificate.signatureHash,
      srtpProfiles: (options.profiles ?? [1, 7]) as never,
      extendedMasterSecret: options.extendedMasterSecret ?? true,
      certificateRequest: true,
      transport: Object.assign(input, {
        type: 'memory',
        address: {},
        closed: false,
        send: (data: Buffer) => Promise.resolve(this.#deliver('server', data)),
        close: () => Promise.resolve(),
      }) as never,
    });
    const { curve } = options;
    if (curve !== undefined) {
      Object.defineProperty(this.server.cipher, 'namedCurve', { get: () => curve, set: () => {} });
    }
    this.serverConnected = new Promise((resolve) => this.server.onConnect.once(() => resolve()));
    this.client = new DtlsSession({
      certificate: ours,
      fingerprint: new X509Certificate(certificate.certPem).fingerprint256,
      clock: this.clock,
      send: (datagram) => {
        this.sent.push(Buffer.from(datagram));
        this.#deliver('client', Buffer.from(datagram));
      },
      onKeys: (keys) => this.#note(() => (this.keys = keys)),
      onEnd: (reason) => this.#note(() => this.ends.push(reason)),
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Lets everything in flight arrive, then fires the next retransmission; until the condition holds. */
  async pump(condition: () => boolean): Promise<void> {
    while (!condition()) {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      if (!condition()) this.clock.advance(150);
    }
  }

  serverKeys(): { localKey: Buffer; remoteKey: Buffer; localSalt: Buffer; remoteSalt: Buffer } {
    const profile = this.server.srtp.srtpProfile;
    if (!profile) throw new Error('no profile');
    return this.server.extractSessionKeys(keyLength(profile), saltLength(profile));
  }

  toClient(datagram: Buffer): void {
    this.client.receive(datagram);
  }

  close(): void {
    this.client.close();
    // werift's server has a retransmission loop of its own that ends when it is past its flight.
    (this.server as unknown as { dtls: { flight: number } }).dtls.flight = 99;
  }

  #deliver(from: 'client' | 'server', datagram: Buffer): void {
    const passed = this.#onWire(datagram, from, this.counts[from]++);
    if (!passed) return;
    setImmediate(() => (from === 'client' ? this.#input.onData(passed) : this.client.receive(passed)));
  }

  #note(act: () => unknown): void {
    act();
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
