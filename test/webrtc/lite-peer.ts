import { createHash, X509Certificate } from 'node:crypto';
import {
  CipherContext,
  Connection,
  DtlsServer,
  HashAlgorithm,
  keyLength,
  NamedCurveAlgorithm,
  RtpHeader,
  RtpPacket,
  SignatureAlgorithm,
  SrtpSession,
  saltLength,
} from 'werift';
import { parseMetaDescription } from '../../src/sdp/index.ts';

/** A peer like Meta's: ICE-lite, DTLS server, werift's own SRTP. Template B and C of Meta's samples, own ids. */
export class LitePeer {
  readonly agent: Connection;
  readonly #certPem: string;
  readonly #dtls: DtlsServer;
  readonly #pwd = 'liteLiteLiteLiteLiteLite';
  readonly received: RtpPacket[] = [];
  srtp: SrtpSession | undefined;
  readonly secure: Promise<void>;
  #onRtp: (() => void) | undefined;
  #offer: string;

  static async open(offerSdp: string, profiles: number[] = [1, 7], address = '127.0.0.1'): Promise<LitePeer> {
    const agent = new Connection(false, {
      iceLite: true,
      useTcp: false,
      useIpv4: false,
      useIpv6: false,
      additionalHostAddresses: [address],
      interfaceAddresses: { udp4: '127.0.0.1', udp6: '::1' },
    });
    (agent as unknown as { stunServer: unknown }).stunServer = undefined;
    await agent.gatherCandidates();
    const certificate = await CipherContext.createSelfSignedCertificateWithKey(
      { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
      NamedCurveAlgorithm.secp256r1_23,
    );
    return new LitePeer(agent, certificate, offerSdp, profiles);
  }

  private constructor(
    agent: Connection,
    certificate: Awaited<ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey>>,
    offerSdp: string,
    profiles: number[],
  ) {
    this.agent = agent;
    this.#offer = offerSdp;
    this.#certPem = certificate.certPem;
    agent.localUsername = 'LiteUfrag/103';
    agent.localPassword = this.#pwd;
    agent.userHistory['LiteUfrag/103'] = this.#pwd;
    agent.userHistory['LiteUfrag//103'] = this.#pwd;
    const offer = parseMetaDescription(offerSdp);
    if (!offer.ok) throw offer.error;
    agent.setRemoteParams({
      iceLite: false,
      usernameFragment: offer.value.ice.ufrag,
      password: offer.value.ice.pwd,
    });
    const transport = {
      type: 'ice',
      address: {},
      closed: false,
      onData: (_: Buffer) => {},
      send: (data: Buffer) => agent.send(data).catch(() => {}),
      close: () => Promise.resolve(),
    };
    agent.onData.subscribe((data) => {
      const first = data[0] ?? 0;
      if (first >= 20 && first <= 63) transport.onData(data);
      else if (first >= 128 && first <= 191) this.#media(data);
    });
    this.#dtls = new DtlsServer({
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: certificate.signatureHash,
      srtpProfiles: profiles as never,
      extendedMasterSecret: true,
      certificateRequest: true,
      transport: transport as never,
    });
    this.secure = new Promise((resolve, reject) => {
      this.#dtls.onError.once((error: unknown) => reject(new Error(String(error))));
      this.#dtls.onConnect.once(() => {
        const theirs = this.#dtls.remoteCertificate;
        const digest = theirs && createHash('sha256').update(theirs).digest('hex').toUpperCase();
        if (digest !== offer.value.fingerprint.replaceAll(':', ''))
          return reject(new Error('client fingerprint'));
        const profile = this.#dtls.srtp.srtpProfile;
        if (!profile) return reject(new Error('no profile'));
        const keys = this.#dtls.extractSessionKeys(keyLength(profile), saltLength(profile));
        this.srtp = new SrtpSession({
          profile,
          keys: {
            localMasterKey: keys.localKey,
            localMasterSalt: keys.localSalt,
            remoteMasterKey: keys.remoteKey,
            remoteMasterSalt: keys.remoteSalt,
          },
        });
        resolve();
      });
    });
    this.secure.catch(() => {});
    void agent.connect().catch(() => {});
  }

  fingerprint(): string {
    return new X509Certificate(this.#certPem).fingerprint256;
  }

  answer(change: { fingerprint?: string; pwd?: string } = {}): string {
    return `${this.#session('0')}${this.#section('0', 'sendrecv', change, 'LiteUfrag/103')}`;
  }

  renegotiation(ufrag = 'LiteUfrag/103'): string {
    return `${this.#session('0 1')}${this.#section('0', 'recvonly', {}, ufrag)}${this.#section('1', 'sendonly', {}, ufrag)}a=ssrc:3100224466 cname:88:tok\r\n`;
  }

  send(payload: Buffer, header: { sequenceNumber: number; timestamp: number }): Buffer {
    const rtp = new RtpHeader({ payloadType: 111, ssrc: 3100224466, ...header });
    const packet = this.srtp?.encrypt(payload, rtp);
    if (!packet) throw new Error('not secure');
    void this.agent.send(packet);
    return packet;
  }

  async rtp(count: number): Promise<RtpPacket[]> {
    while (this.received.length < count) await new Promise<void>((resolve) => (this.#onRtp = resolve));
    return this.received;
  }

  async close(): Promise<void> {
    (this.#dtls as unknown as { dtls: { flight: number } }).dtls.flight = 99;
    await this.agent.close();
  }

  #media(data: Buffer): void {
    if (!this.srtp) return;
    this.received.push(RtpPacket.deSerialize(this.srtp.decrypt(data)));
    this.#onRtp?.();
  }

  #session(bundle: string): string {
    const id = /^o=- (\d+)/m.exec(this.#offer)?.[1];
    return `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE ${bundle}\r\na=msid-semantic: WMS\r\na=ice-lite\r\na=x-fb-feature:pqc-0\r\n`;
  }

  #section(
    mid: string,
    direction: string,
    change: { fingerprint?: string; pwd?: string },
    ufrag: string,
  ): string {
    const [candidate] = this.agent.localCandidates;
    return [
      'm=audio 40007 UDP/TLS/RTP/SAVPF 111',
      'c=IN IP4 127.0.0.1',
      'a=rtcp:9 IN IP4 0.0.0.0',
      `a=candidate:1000001 1 udp 2122260224 ${candidate?.host} ${candidate?.port} typ host generation 1`,
      'a=candidate:1000003 1 tcp 1518280448 127.0.0.1 3478 typ host tcptype passive generation 1',
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${change.pwd ?? this.#pwd}`,
      'a=ice-options:fb-force-5245',
      `a=fingerprint:sha-256 ${change.fingerprint ?? this.fingerprint()}`,
      'a=setup:passive',
      `a=mid:${mid}`,
      'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
      'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
      `a=${direction}`,
      'a=rtcp-mux',
      'a=x-google-flag:conference',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=10;usedtx=1;useinbandfec=1',
      '',
    ].join('\r\n');
  }
}
