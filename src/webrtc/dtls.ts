import { createHash } from 'node:crypto';
import {
  type Connection,
  DtlsClient,
  keyLength,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  saltLength,
} from 'werift';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { DtlsCertificate } from './certificate.ts';
import type { SrtpKeys } from './types.ts';

export interface DtlsOptions {
  readonly agent: Connection;
  readonly certificate: DtlsCertificate;
  /** From Meta's description. */
  readonly fingerprint: string;
  readonly clock: Clock;
  readonly onKeys: (keys: SrtpKeys) => void;
  /** Wrong certificate, no common profile, a fatal alert, or Meta's close_notify. At most once. */
  readonly onEnd: (reason: string) => void;
}

/** Milliseconds after which a flight without any reply is sent again, each time doubled (RFC 9147 suggests 100+). */
const FIRST_RETRANSMIT_MS = 150;
const RETRANSMITS = 3;

/**
 * The DTLS 1.2 client (RFC 5764): werift makes the handshake over the ICE agent; the peer's certificate is
 * checked against the fingerprint, and the SRTP master keys are exported. Ours is always the active side.
 */
export class DtlsSession {
  readonly #options: DtlsOptions;
  readonly #client: DtlsClient;
  #receive: (data: Buffer) => void = () => {};
  #flight: Buffer[] = [];
  #flightTimer: TimerHandle | undefined;
  #over = false;
  #secure = false;

  constructor(options: DtlsOptions) {
    this.#options = options;
    const session = this;
    this.#client = new DtlsClient({
      cert: options.certificate.certPem,
      key: options.certificate.keyPem,
      signatureHash: options.certificate.signatureHash,
      srtpProfiles: [ProtectionProfileAes128CmHmacSha1_80, ProtectionProfileAeadAes128Gcm],
      extendedMasterSecret: true,
      transport: {
        type: 'ice',
        address: {},
        closed: false,
        get onData() {
          return session.#receive;
        },
        set onData(receive: (data: Buffer) => void) {
          session.#receive = receive;
        },
        send: (data: Buffer) => this.#send(data),
        close: () => Promise.resolve(),
      } as unknown as ConstructorParameters<typeof DtlsClient>[0]['transport'],
    });
    this.#client.onConnect.once(() => this.#connected());
    this.#client.onError.once((error: unknown) => this.#end(`dtls: ${String(error)}`));
    this.#client.onClose.once(() => this.#end('dtls: closed by the other side'));
  }

  start(): void {
    this.#client.connect().catch((error: unknown) => this.#end(`dtls: ${String(error)}`));
  }

  /** One DTLS datagram (first byte 20 to 63, RFC 7983). */
  receive(data: Buffer): void {
    if (this.#over) return;
    this.#flightTimer?.clear();
    this.#flightTimer = undefined;
    this.#flight = [];
    this.#receive(data);
  }

  /** Stops retransmissions; nothing is reported any more. */
  close(): void {
    this.#over = true;
    this.#flightTimer?.clear();
    // werift's own retransmission loop ends when the handshake is past its flight.
    (this.#client as unknown as { dtls: { flight: number } }).dtls.flight = Number.MAX_SAFE_INTEGER;
  }

  #send(data: Buffer): Promise<void> {
    if (this.#over) return Promise.resolve();
    if (!this.#secure) {
      this.#flight.push(data);
      this.#flightTimer ??= this.#armRetransmit(FIRST_RETRANSMIT_MS, RETRANSMITS);
    }
    return this.#options.agent.send(data).catch(() => {});
  }

  /** werift waits half a second and more; a lost first flight would cost the consumer that much silence. */
  #armRetransmit(ms: number, left: number): TimerHandle {
    return this.#options.clock.after(ms, () => {
      this.#flightTimer = undefined;
      if (this.#over || this.#secure) return;
      for (const datagram of this.#flight) void this.#options.agent.send(datagram).catch(() => {});
      if (left > 1) this.#flightTimer = this.#armRetransmit(ms * 2, left - 1);
    });
  }

  #connected(): void {
    if (this.#over) return;
    this.#secure = true;
    this.#flightTimer?.clear();
    const certificate = this.#client.remoteCertificate;
    const actual = certificate && colons(createHash('sha256').update(certificate).digest('hex'));
    if (actual !== this.#options.fingerprint)
      return this.#end('dtls: the certificate does not match the fingerprint');
    const profile = this.#client.srtp.srtpProfile;
    if (!profile) return this.#end('dtls: no SRTP profile was agreed');
    const keys = this.#client.extractSessionKeys(keyLength(profile), saltLength(profile));
    this.#options.onKeys({
      profile: profile === ProtectionProfileAeadAes128Gcm ? 'AEAD_AES_128_GCM' : 'AES_CM_128_HMAC_SHA1_80',
      local: { key: keys.localKey, salt: keys.localSalt },
      remote: { key: keys.remoteKey, salt: keys.remoteSalt },
    });
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#options.onEnd(reason);
  }
}

function colons(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).join(':');
}
