import {
  keyLength,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  saltLength,
} from 'werift';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { DtlsCertificate } from './certificate.ts';
import { ClientProof } from './client-proof.ts';
import { alertName, CONTENT, epochOf, packed, plainAlert, recordsOf } from './dtls-records.ts';
import { HANDSHAKE, HandshakeProof, HandshakeReassembly } from './handshake.ts';
import type { SrtpKeys } from './types.ts';
import { type DtlsRole, DtlsTap, type HandshakeMessage } from './werift-tap.ts';

export interface DtlsOptions {
  /** Default client. */
  readonly role?: DtlsRole;
  readonly certificate: DtlsCertificate;
  /** From Meta's description. */
  readonly fingerprint: string;
  readonly clock: Clock;
  readonly send: (datagram: Buffer) => void;
  readonly onKeys: (keys: SrtpKeys) => void;
  /** Wrong certificate, no common profile, a fatal alert, or Meta's close_notify. At most once. */
  readonly onEnd: (reason: string) => void;
}

/** Milliseconds until a flight that got no next one is sent again; doubled up to the maximum. */
const FIRST_RETRANSMIT_MS = 150;
const MAX_RETRANSMIT_MS = 2_400;
/** Our last flight of a server is repeated when asked for, so many times at most. */
const MAX_REPEATS = 10;
/** Our own records of epoch 1 begin here: werift's Finished has a low number, and none may be used twice. */
const FIRST_SEALED_SEQUENCE = 256;

/**
 * The DTLS 1.2 client or server of a leg (RFC 5764): werift composes and reads the messages; flights, their repetition
 * with fresh record numbers, alerts and the proof of the other side are ours. Owns one timer.
 */
export class DtlsSession {
  readonly #options: DtlsOptions;
  readonly #tap: DtlsTap;
  readonly #reassembly = new HandshakeReassembly();
  readonly #proof: HandshakeProof | ClientProof;
  readonly #role: DtlsRole;
  /** Nobody owes us the next flight, so that ours is repeated only when the other side repeats its own. */
  #waits = false;
  #repeats = 0;
  #flight: readonly Buffer[] = [];
  #timer: TimerHandle | undefined;
  #plainSequence = 0;
  #sealedSequence = FIRST_SEALED_SEQUENCE;
  #state: 'handshake' | 'secure' | 'over' = 'handshake';

  constructor(options: DtlsOptions) {
    this.#options = options;
    this.#role = options.role ?? 'client';
    this.#tap = new DtlsTap(
      this.#role,
      options.certificate,
      [ProtectionProfileAes128CmHmacSha1_80, ProtectionProfileAeadAes128Gcm],
      {
        onFlight: (datagrams, owesReply) => this.#begin(datagrams.flatMap(recordsOf), owesReply),
        onFragment: (fragment) => this.#whole(fragment),
        onConnect: () => this.#connected(),
        onError: (error) => this.#fail(String(error), 80),
      },
    );
    const { fingerprint } = options;
    this.#proof =
      this.#role === 'client'
        ? new HandshakeProof(this.#tap, fingerprint)
        : new ClientProof(this.#tap, fingerprint);
  }

  /** Sends the ClientHello; a server waits for one. */
  start(): void {
    this.#tap.connect();
  }

  /** One DTLS datagram (first byte 20 to 63, RFC 7983) from the nominated pair. */
  receive(datagram: Buffer): void {
    for (const record of recordsOf(datagram)) {
      if (this.#state === 'over') return;
      const type = record[0];
      // What is in the clear proves nothing any more once there are keys.
      if (this.#state === 'secure' && epochOf(record) === 0) {
        // RFC 6347 section 4.2.4: a client that repeats its last flight has not had ours.
        if (type === CONTENT.handshake && record[13] === HANDSHAKE.clientKeyExchange) this.#repeat();
        continue;
      }
      if (type === CONTENT.alert) this.#alerted(record);
      else if (type === CONTENT.handshake && this.#state === 'handshake') this.#tap.input(record);
    }
  }

  /** Says close_notify when there is a session, stops the timer; nothing is reported any more. */
  close(): void {
    const { send } = this.#options;
    if (this.#state === 'secure') send(this.#tap.seal(CONTENT.alert, this.#sealedSequence++, CLOSE_NOTIFY));
    this.#state = 'over';
    this.#timer?.clear();
  }

  #begin(flight: readonly Buffer[], owesReply: boolean): void {
    if (this.#state !== 'handshake') return;
    this.#flight = flight;
    this.#waits = !owesReply;
    this.#timer?.clear();
    this.#transmit(flight);
    if (owesReply) this.#arm(FIRST_RETRANSMIT_MS);
  }

  /** Messages that are whole now, each proven when its turn comes. */
  *#whole(fragment: HandshakeMessage): Generator<HandshakeMessage> {
    const isRepeated = fragment.message_seq < this.#reassembly.next;
    if (isRepeated && this.#waits) this.#repeat();
    for (const message of this.#reassembly.push(fragment)) if (this.#proven(message)) yield message;
  }

  #repeat(): void {
    if (this.#role === 'client' || this.#repeats++ >= MAX_REPEATS) return;
    this.#transmit(this.#again());
  }

  /** The first Finished of the flight is sealed; peers drop the same sealed record coming twice. */
  #again(): Buffer[] {
    return this.#flight.map((record) => (epochOf(record) === 0 ? record : this.#resealed()));
  }

  #arm(ms: number): void {
    this.#timer?.clear();
    this.#timer = this.#options.clock.after(ms, () => {
      this.#transmit(this.#again());
      this.#arm(Math.min(ms * 2, MAX_RETRANSMIT_MS));
    });
  }

  #transmit(records: readonly Buffer[]): void {
    for (const record of records) {
      if (epochOf(record) === 0) record.writeUIntBE(this.#plainSequence++, 5, 6);
    }
    for (const datagram of packed(records)) this.#options.send(datagram);
  }

  #resealed(): Buffer {
    const finished = this.#tap.transcript.findLast((message) => message.msg_type === HANDSHAKE.finished);
    if (!finished) throw new Error('A sealed flight has a Finished.');
    return this.#tap.seal(CONTENT.handshake, this.#sealedSequence++, finished.serialize());
  }

  #proven(message: HandshakeMessage): boolean {
    if (this.#state !== 'handshake') return false;
    let wrong: string | undefined;
    try {
      wrong = this.#proof.check(message);
    } catch (error) {
      wrong = `handshake message ${message.msg_type} cannot be read: ${String(error)}`;
    }
    if (wrong) this.#fail(wrong, message.msg_type === HANDSHAKE.certificate ? 42 : 51);
    return !wrong;
  }

  #connected(): void {
    if (this.#state !== 'handshake') return;
    const profile = this.#tap.socket.srtp.srtpProfile;
    if (!profile) return this.#fail('no SRTP profile was agreed', 40);
    this.#state = 'secure';
    this.#timer?.clear();
    const keys = this.#tap.socket.extractSessionKeys(keyLength(profile), saltLength(profile));
    this.#options.onKeys({
      profile: profile === ProtectionProfileAeadAes128Gcm ? 'AEAD_AES_128_GCM' : 'AES_CM_128_HMAC_SHA1_80',
      local: { key: keys.localKey, salt: keys.localSalt },
      remote: { key: keys.remoteKey, salt: keys.remoteSalt },
    });
    // A server may be asked for its last flight again.
    if (this.#role === 'server') return;
    this.#flight = [];
    this.#tap.release();
  }

  #alerted(record: Buffer): void {
    let alert: Buffer;
    try {
      alert = epochOf(record) === 0 ? record.subarray(13) : this.#tap.open(record);
    } catch {
      return; // forged, or sealed before we have keys
    }
    const [level, description = 0] = alert;
    if (level === 2) this.#end(`the other side says ${alertName(description)}`);
    else if (description === 0) this.#end('closed by the other side');
  }

  #fail(reason: string, description: number): void {
    if (this.#state === 'handshake') this.#options.send(plainAlert(description, this.#plainSequence++));
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#timer?.clear();
    this.#options.onEnd(`dtls: ${reason}`);
  }
}

const CLOSE_NOTIFY = Buffer.from([1, 0]);
