import { createHash, X509Certificate } from 'node:crypto';
import {
  CipherContext,
  Connection,
  DtlsServer,
  HashAlgorithm,
  keyLength,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
  SrtcpSession,
  SrtpSession,
  saltLength,
} from 'werift';
import type { GatewayOffer } from './meta-sdp.ts';

type Certificate = Awaited<ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey>>;
let certificate: Promise<Certificate> | undefined;

function relayCertificate(): Promise<Certificate> {
  certificate ??= CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return certificate;
}

export interface MediaPeerOptions {
  readonly offer: GatewayOffer;
  readonly ufrag: string;
  readonly pwd: string;
  /** Another name that Meta may switch to in the renegotiation; both are answered. */
  readonly otherUfrag: string;
  readonly onSecure: () => void;
  readonly onFailed: (reason: string) => void;
  /** Clear RTP of the gateway's. */
  readonly onRtp: (packet: Buffer) => void;
}

/**
 * Meta's relay for one call: an ICE-lite agent, a DTLS server and SRTP, all werift's own, so that nothing of the
 * gateway's media code is on both sides of a test. ICE-lite: always controlled, sends no checks, and answers a
 * gateway that claims to be controlled with 487.
 */
export class MediaPeer {
  readonly #options: MediaPeerOptions;
  readonly #agent: Connection;
  readonly #dtls: DtlsServer;
  readonly #certPem: string;
  #srtp: SrtpSession | undefined;
  #srtcp: SrtcpSession | undefined;
  #over = false;

  static async open(options: MediaPeerOptions): Promise<MediaPeer> {
    const agent = new Connection(false, {
      iceLite: true,
      useTcp: false,
      useIpv4: true,
      useIpv6: false,
      interfaceAddresses: { udp4: '127.0.0.1' },
    });
    // Loopback only, and no public STUN server: werift has no public way to say either.
    const internals = agent as unknown as {
      stunServer: unknown;
      localCandidatesStart: boolean;
      localCandidatesEnd: boolean;
      getCandidatePromises(addresses: readonly string[]): Promise<unknown>[];
    };
    internals.stunServer = undefined;
    internals.localCandidatesStart = true;
    await Promise.all(internals.getCandidatePromises(['127.0.0.1']));
    internals.localCandidatesEnd = true;
    return new MediaPeer(options, agent, await relayCertificate());
  }

  private constructor(
    options: MediaPeerOptions,
    agent: Connection,
    { certPem, keyPem, signatureHash }: Certificate,
  ) {
    this.#options = options;
    this.#agent = agent;
    this.#certPem = certPem;
    const { offer, ufrag, pwd, otherUfrag } = options;
    agent.localUsername = ufrag;
    agent.localPassword = pwd;
    agent.userHistory[ufrag] = pwd;
    agent.userHistory[otherUfrag] = pwd;
    agent.setRemoteParams({ iceLite: false, usernameFragment: offer.ufrag, password: offer.pwd });
    const transport = {
      type: 'ice',
      address: {},
      closed: false,
      onData: (_data: Buffer): void => {},
      send: (data: Buffer) => (this.#over ? Promise.resolve() : agent.send(data).catch(() => {})),
      close: () => Promise.resolve(),
    };
    this.#dtls = new DtlsServer({
      cert: certPem,
      key: keyPem,
      signatureHash,
      srtpProfiles: [1, 7],
      extendedMasterSecret: true,
      certificateRequest: true,
      transport: transport as never,
    });
    this.#dtls.onConnect.once(() => this.#connected());
    this.#dtls.onError.once((error: unknown) => this.#fail(`dtls: ${String(error)}`));
    agent.onData.subscribe((data) => {
      const first = data[0] ?? 0;
      if (first >= 20 && first <= 63) transport.onData(data);
      else if (first >= 128 && first <= 191) this.#media(data);
    });
    agent.connect().catch((error: unknown) => this.#fail(`ice: ${String(error)}`));
  }

  get address(): { readonly address: string; readonly port: number } {
    const [candidate] = this.#agent.localCandidates;
    return { address: candidate?.host ?? '127.0.0.1', port: candidate?.port ?? 0 };
  }

  get fingerprint(): string {
    return new X509Certificate(this.#certPem).fingerprint256;
  }

  get secure(): boolean {
    return this.#srtp !== undefined;
  }

  /** Protects and sends one clear RTP packet. */
  sendRtp(payload: Buffer, header: Parameters<SrtpSession['encrypt']>[1]): void {
    if (!this.#srtp || this.#over) return;
    this.#agent.send(this.#srtp.encrypt(payload, header)).catch(() => {});
  }

  sendRtcp(packet: Buffer): void {
    if (!this.#srtcp || this.#over) return;
    this.#agent.send(this.#srtcp.encrypt(packet)).catch(() => {});
  }

  async close(): Promise<void> {
    this.#over = true;
    (this.#dtls as unknown as { dtls: { flight: number } }).dtls.flight = Number.MAX_SAFE_INTEGER;
    await this.#agent.close();
  }

  #connected(): void {
    if (this.#over) return;
    const theirs = this.#dtls.remoteCertificate;
    const digest = theirs && createHash('sha256').update(theirs).digest('hex').toUpperCase();
    if (digest !== this.#options.offer.fingerprint.replaceAll(':', '')) {
      return this.#fail('dtls: the client certificate does not match a=fingerprint');
    }
    const profile = this.#dtls.srtp.srtpProfile;
    if (!profile) return this.#fail('dtls: no SRTP profile');
    const keys = this.#dtls.extractSessionKeys(keyLength(profile), saltLength(profile));
    const config = {
      profile,
      keys: {
        localMasterKey: keys.localKey,
        localMasterSalt: keys.localSalt,
        remoteMasterKey: keys.remoteKey,
        remoteMasterSalt: keys.remoteSalt,
      },
    };
    this.#srtp = new SrtpSession(config);
    this.#srtcp = new SrtcpSession(config);
    this.#options.onSecure();
  }

  #media(data: Buffer): void {
    const isRtcp = (data[1] ?? 0) >= 192 && (data[1] ?? 0) <= 223;
    if (!this.#srtp || this.#over || isRtcp) return;
    let clear: Buffer;
    try {
      clear = this.#srtp.decrypt(data);
    } catch {
      return; // forged or replayed: a relay drops it
    }
    this.#options.onRtp(clear);
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.onFailed(reason);
  }
}
