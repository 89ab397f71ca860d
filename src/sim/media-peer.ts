import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import {
  CipherContext,
  DtlsClient,
  DtlsServer,
  HashAlgorithm,
  keyLength,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
  SrtcpSession,
  SrtpSession,
  saltLength,
} from 'werift';
import { type CheckCounters, LiteAgent, type LiteCandidate, type MediaPath } from './lite-agent.ts';
import type { MediaFault } from './media-fault.ts';
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
  /** Who it is in DTLS. Default the server. */
  readonly dtls?: 'client' | 'server';
  /** What the gateway says of itself; unset: the relay speaks first, and `meet` tells it. */
  readonly remote?: GatewayOffer | undefined;
  /** Where the relay listens; IPv6 is beside it, if given and there. */
  readonly address: string;
  readonly address6?: string | undefined;
  readonly ufrag: string;
  readonly pwd: string;
  /** Another name that Meta may switch to in the renegotiation; both are answered. */
  readonly otherUfrag: string;
  /** Default none. */
  readonly fault?: MediaFault | undefined;
  readonly onSecure: () => void;
  readonly onFailed: (reason: string) => void;
  /** Clear RTP of the gateway's. */
  readonly onRtp: (packet: Buffer) => void;
  /** Clear RTCP of the gateway's, compound. */
  readonly onRtcp: (packet: Buffer) => void;
}

/** All that another program needs to carry a relay on from the same port. */
export interface TakenRelay extends MediaPath {
  readonly srtp: SrtpConfig;
  /** The password of the relay, with which consent checks are answered (RFC 7675). */
  readonly icePwd: string;
}

type SrtpConfig = ConstructorParameters<typeof SrtpSession>[0];

/**
 * Meta's relay for one call: an ICE-lite agent of its own, werift's DTLS and werift's SRTP, so that nothing
 * of the gateway's media code is on both sides of a test.
 */
export class MediaPeer {
  readonly #options: MediaPeerOptions;
  readonly #agent: LiteAgent;
  readonly #dtls: DtlsClient | DtlsServer;
  readonly #certPem: string;
  #remote: GatewayOffer | undefined;
  #srtp: SrtpSession | undefined;
  #keys: SrtpConfig | undefined;
  #srtcp: SrtcpSession | undefined;
  #forged = 0;
  #over = false;

  /** Rejects with the system's error when the address cannot be bound. */
  static async open(options: MediaPeerOptions): Promise<MediaPeer> {
    const certificate = await relayCertificate();
    const { address, address6, ufrag, otherUfrag, pwd, remote } = options;
    let peer: MediaPeer | undefined;
    const agent = await LiteAgent.open({
      address,
      address6,
      deaf: options.fault === 'no-ice',
      credentials: {
        ufrags: [ufrag, otherUfrag],
        pwd,
        get remoteUfrag() {
          return (peer ? peer.#remote : remote)?.ufrag ?? '';
        },
      },
      onData: (datagram) => peer?.receive(datagram),
      onPath: () => peer?.begin(),
    });
    peer = new MediaPeer(options, agent, certificate);
    return peer;
  }

  private constructor(
    options: MediaPeerOptions,
    agent: LiteAgent,
    { certPem, keyPem, signatureHash }: Certificate,
  ) {
    this.#options = options;
    this.#remote = options.remote;
    this.#agent = agent;
    this.#certPem = certPem;
    const dtls = {
      cert: certPem,
      key: keyPem,
      signatureHash,
      srtpProfiles: [1 as const, 7 as const],
      extendedMasterSecret: true,
      transport: this.#transport as never,
    };
    this.#dtls =
      options.dtls === 'client'
        ? new DtlsClient(dtls)
        : new DtlsServer({ ...dtls, certificateRequest: true });
    this.#dtls.onConnect.once(() => this.#connected());
    this.#dtls.onError.once((error: unknown) => this.#fail(`dtls: ${String(error)}`));
  }

  /** There is a path to the gateway: a client says hello. */
  begin(): void {
    if (this.#dtls instanceof DtlsClient)
      this.#dtls.connect().catch((error: unknown) => this.#fail(`dtls: ${String(error)}`));
  }

  /** The gateway's answer to the relay's offer. */
  meet(remote: GatewayOffer): void {
    this.#remote = remote;
  }

  get candidates(): readonly LiteCandidate[] {
    return this.#agent.candidates;
  }

  /** What the gateway's ICE and SRTP did. */
  get counters(): CheckCounters & { readonly forged: number } {
    return { ...this.#agent.checks, forged: this.#forged };
  }

  get fingerprint(): string {
    return new X509Certificate(this.#certPem).fingerprint256;
  }

  /** Protects one RTP packet; undefined before DTLS is up. The order of calls is the order of SRTP. */
  protectRtp(payload: Buffer, header: Parameters<SrtpSession['encrypt']>[1]): Buffer | undefined {
    return this.#over ? undefined : this.#srtp?.encrypt(payload, header);
  }

  /** Sends what `protectRtp` made. */
  send(datagram: Buffer): void {
    if (!this.#over) this.#agent.send(datagram);
  }

  /** Protects and sends one compound RTCP packet. */
  sendRtcp(packet: Buffer): void {
    if (this.#srtcp && !this.#over) this.#agent.send(this.#srtcp.encrypt(packet));
  }

  /** RFC 7983: the first byte tells DTLS from media. */
  receive(datagram: Buffer): void {
    const first = datagram[0] ?? 0;
    const isDtls = first >= 20 && first <= 63;
    if (isDtls && this.#options.fault !== 'no-dtls') this.#handshake(datagram);
    else if (first >= 128 && first <= 191) this.#media(datagram);
  }

  /** Closes it so that another program goes on in its place; undefined before DTLS is up and after the end. */
  async take(): Promise<TakenRelay | undefined> {
    const [path, srtp] = [this.#agent.path, this.#keys];
    if (!path || !srtp || this.#over) return undefined;
    await this.close();
    return { ...path, srtp, icePwd: this.#options.pwd };
  }

  async close(): Promise<void> {
    this.#over = true;
    // werift's handshake retransmits until its flight has gone by, and has no other way to be stopped.
    (this.#dtls as unknown as { dtls: { flight: number } }).dtls.flight = Number.MAX_SAFE_INTEGER;
    await this.#agent.close();
  }

  /** The DTLS server's socket; werift sets `onData`. */
  readonly #transport = {
    type: 'ice',
    address: {},
    closed: false,
    onData: (_datagram: Buffer): void => {},
    send: (datagram: Buffer): Promise<void> => {
      if (!this.#over) this.#agent.send(datagram);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };

  /** werift throws at records that it cannot read; a server drops them (RFC 6347 section 4.1.2.7). */
  #handshake(datagram: Buffer): void {
    try {
      this.#transport.onData(datagram);
    } catch {
      this.#forged += 1;
    }
  }

  #connected(): void {
    if (this.#over) return;
    const theirs = this.#dtls.remoteCertificate;
    const digest = theirs && createHash('sha256').update(theirs).digest('hex').toUpperCase();
    if (!digest || digest !== this.#remote?.fingerprint.replaceAll(':', '')) {
      return this.#fail('dtls: the client certificate does not match a=fingerprint');
    }
    const { fault } = this.#options;
    const profile = this.#dtls.srtp.srtpProfile;
    if (!profile) return this.#fail('dtls: no SRTP profile');
    const keys = this.#dtls.extractSessionKeys(keyLength(profile), saltLength(profile));
    const config = {
      profile,
      keys: {
        localMasterKey: fault === 'wrong-keys' ? randomBytes(keys.localKey.length) : keys.localKey,
        localMasterSalt: keys.localSalt,
        remoteMasterKey: keys.remoteKey,
        remoteMasterSalt: keys.remoteSalt,
      },
    };
    this.#keys = config;
    this.#srtp = new SrtpSession(config);
    this.#srtcp = new SrtcpSession(config);
    this.#options.onSecure();
  }

  #media(data: Buffer): void {
    if (!this.#srtp || !this.#srtcp || this.#over) return;
    const isRtcp = (data[1] ?? 0) >= 192 && (data[1] ?? 0) <= 223;
    let clear: Buffer;
    try {
      clear = isRtcp ? this.#srtcp.decrypt(data) : this.#srtp.decrypt(data);
    } catch {
      this.#forged += 1; // or replayed: a relay drops it
      return;
    }
    if (isRtcp) this.#options.onRtcp(clear);
    else this.#options.onRtp(clear);
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.onFailed(reason);
  }
}
