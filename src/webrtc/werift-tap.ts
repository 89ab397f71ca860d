import { sign } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { Candidate, type Connection, DtlsClient, DtlsServer, parseMessage, StunProtocol } from 'werift';
import type { DtlsCertificate } from './certificate.ts';
import type { UdpSocket } from './udp-socket.ts';
import { useNativeCurves } from './werift-curves.ts';

await useNativeCurves();

/**
 * The only file that reaches into werift 0.25; `test/webrtc/werift-tap.test.ts` fails when a version moves
 * something that is used here. werift owns ICE and composes the DTLS messages; sockets, timers of the handshake
 * and the check of what the other side sends are ours:
 * - its UDP transport binds without an error listener (a busy port would end the process), asks a public STUN
 *   server by default, and parses every media packet as STUN first;
 * - its DTLS client retransmits identical records, which peers drop as replays (RFC 6347 section 4.1.2.6), from
 *   500 ms on and past the end of the session, and swallows fatal alerts;
 * - it reads certificate and key from PEM for each session and each signature, in JavaScript.
 */
interface AgentInternals {
  readonly protocols: StunProtocol[];
  ensureProtocol(protocol: StunProtocol): void;
  appendLocalCandidate(candidate: Candidate): void;
  localCandidatesStart: boolean;
  localCandidatesEnd: boolean;
}

export type StunInput = (datagram: Buffer, address: string, port: number) => void;

/** Gives the agent a socket of ours as its host candidate; the result takes the STUN datagrams of that socket. */
export function attachSocket(agent: Connection, socket: UdpSocket, host: string): StunInput {
  const internals = agent as unknown as AgentInternals;
  const protocol = new StunProtocol();
  protocol.transport = {
    type: 'udp',
    addressFamily: socket.family,
    address: { address: host, port: socket.port, family: `IPv${socket.family}` },
    host,
    port: socket.port,
    get closed() {
      return socket.closed;
    },
    onData: () => {},
    send: (data: Buffer, [address, port]: [string, number]) =>
      Promise.resolve(socket.send(data, address, port)),
    close: () => socket.close(),
  } as unknown as StunProtocol['transport'];
  protocol.localIp = host;
  protocol.localCandidate = new Candidate(
    `${socket.family}`,
    1,
    'udp',
    126 * 2 ** 24 + 65_535 * 2 ** 8 + 255,
    host,
    socket.port,
    'host',
    undefined,
    undefined,
    undefined,
    agent.generation,
    agent.localUsername,
  );
  internals.ensureProtocol(protocol);
  internals.protocols.push(protocol);
  internals.appendLocalCandidate(protocol.localCandidate);
  internals.localCandidatesStart = true;
  internals.localCandidatesEnd = true;
  const input = protocol as unknown as { datagramReceived(data: Buffer, from: [string, number]): void };
  return (datagram, address, port) => {
    // werift answers requests without looking at their MESSAGE-INTEGRITY, and checks back whoever sent them.
    const request = ((datagram[0] ?? 0) & 1) === 0 && ((datagram[1] ?? 0) & 16) === 0;
    if (request && !parseMessage(datagram, Buffer.from(agent.localPassword))) return;
    input.datagramReceived(datagram, [isIPv6(address) ? (address.split('%')[0] ?? address) : address, port]);
  };
}

/** A handshake message as werift's DTLS passes it on (RFC 6347 section 4.2.2). */
export interface HandshakeMessage {
  readonly msg_type: number;
  readonly length: number;
  readonly message_seq: number;
  readonly fragment_offset: number;
  readonly fragment_length: number;
  readonly fragment: Buffer;
}

interface DtlsInternals {
  readonly dtls: {
    readonly flight: number;
    lastMessage: Buffer[];
    readonly version: { readonly major: number; readonly minor: number };
    lastFlight: unknown[];
    handshakeCache: object;
    readonly sortedHandshakeCache: readonly { readonly msg_type: number; serialize(): Buffer }[];
  };
  readonly cipher: {
    readonly masterSecret?: Buffer;
    readonly localRandom?: { serialize(): Buffer };
    localCert?: Buffer;
    localPrivateKey?: { sign(data: Buffer, hash: string): Buffer };
    signatureHashAlgorithm?: DtlsCertificate['signatureHash'];
    signatureData(data: Buffer, hash: string): Buffer;
    encryptPacket(record: WeriftRecord): WeriftRecord;
    decryptPacket(record: WeriftRecord): Buffer;
  };
  handleFragmentHandshake(fragments: HandshakeMessage[]): HandshakeMessage[];
  onHandleHandshakes(messages: HandshakeMessage[]): Promise<void>;
}

interface WeriftRecord {
  recordLayerHeader: {
    contentType: number;
    protocolVersion: { readonly major: number; readonly minor: number };
    epoch: number;
    sequenceNumber: number;
    contentLen: number;
  };
  fragment: Buffer;
}

export interface DtlsTapEvents {
  /**
   * A flight is composed: datagrams of one or more records, to be sent and, where the other side owes the next one,
   * sent again by us.
   */
  readonly onFlight: (datagrams: readonly Buffer[], owesReply: boolean) => void;
  /** A handshake fragment came; each of the whole messages, in order, is processed before the next is asked for. */
  readonly onFragment: (fragment: HandshakeMessage) => Iterable<HandshakeMessage>;
  /** The other side's Finished was processed. */
  readonly onConnect: () => void;
  readonly onError: (error: unknown) => void;
}

export type DtlsRole = 'client' | 'server';

/** werift's DTLS client or server as a composer of messages: it sends nothing itself and owns no timer. */
export class DtlsTap {
  readonly socket: DtlsClient | DtlsServer;
  readonly #internals: DtlsInternals;
  readonly #onError: (error: unknown) => void;
  #input: (record: Buffer) => void = () => {};

  constructor(
    role: DtlsRole,
    certificate: DtlsCertificate,
    profiles: SrtpProfileNumbers,
    events: DtlsTapEvents,
  ) {
    const tap = this;
    this.#onError = (error) => {
      if (error !== FLIGHT_TAKEN) events.onError(error);
    };
    const options = {
      srtpProfiles: profiles,
      extendedMasterSecret: true,
      transport: {
        type: 'ours',
        address: {},
        closed: false,
        get onData() {
          return tap.#input;
        },
        set onData(input: (record: Buffer) => void) {
          tap.#input = input;
        },
        send: (datagram: Buffer): void => {
          const { flight, lastMessage } = tap.#internals.dtls;
          // The server's last flight has no transmit loop; its HelloVerifyRequest has none either.
          if (flight === 2) return events.onFlight([datagram], false);
          if (flight === 6) {
            if (datagram === lastMessage[0]) events.onFlight(lastMessage, false);
            return;
          }
          events.onFlight(flight === 5 || flight === 4 ? lastMessage : [datagram], true);
          // Thrown in the middle of werift's transmit loop, which is how that loop never starts waiting.
          throw FLIGHT_TAKEN;
        },
        close: () => Promise.resolve(),
      } as unknown as ConstructorParameters<typeof DtlsClient>[0]['transport'],
    };
    this.socket =
      role === 'client' ? new DtlsClient(options) : new DtlsServer({ ...options, certificateRequest: true });
    this.#internals = this.socket as unknown as DtlsInternals;
    const signed = (data: Buffer, hash: string): Buffer => sign(hash, data, certificate.key);
    Object.assign(this.#internals.cipher, {
      localCert: certificate.raw,
      localPrivateKey: { sign: signed },
      signatureHashAlgorithm: certificate.signatureHash,
      signatureData: signed,
    } satisfies Partial<DtlsInternals['cipher']>);
    this.#internals.handleFragmentHandshake = (fragments) => {
      if (role === 'client') return fragments.flatMap((fragment) => [...events.onFragment(fragment)]);
      // werift's server would take messages that became whole together by their type, not by their turn.
      for (const fragment of fragments) {
        for (const message of events.onFragment(fragment)) this.#take(message, fragment);
      }
      return [];
    };
    this.socket.onConnect.once(events.onConnect);
    this.socket.onError.subscribe((error: unknown) => this.#onError(error));
  }

  /** Begins, if it is for us to begin. */
  connect(): void {
    if (this.socket instanceof DtlsClient)
      this.socket.connect().catch((error: unknown) => this.#onError(error));
  }

  /** @param fragment one of werift's making: messages that it takes must be of its class */
  #take(message: HandshakeMessage, fragment: object): void {
    const { assemble } = fragment.constructor as unknown as {
      assemble(fragments: HandshakeMessage[]): HandshakeMessage;
    };
    this.#internals.onHandleHandshakes([assemble([message])]).catch((error: unknown) => this.#onError(error));
  }

  /** Forgets what only a handshake needs: nothing of it is repeated any more. */
  release(): void {
    const { dtls } = this.#internals;
    dtls.lastFlight = [];
    dtls.lastMessage = [];
    dtls.handshakeCache = {};
  }

  /** One record, header included. */
  input(record: Buffer): void {
    this.#input(record);
  }

  get clientRandom(): Buffer | undefined {
    return this.#internals.cipher.localRandom?.serialize();
  }

  get masterSecret(): Buffer | undefined {
    return this.#internals.cipher.masterSecret;
  }

  /** The handshake so far, both directions, each message with its header as if unfragmented (RFC 6347 4.2.6). */
  get transcript(): readonly { readonly msg_type: number; serialize(): Buffer }[] {
    return this.#internals.dtls.sortedHandshakeCache;
  }

  /** An encrypted record of epoch 1, header included. */
  seal(contentType: number, sequenceNumber: number, plain: Buffer): Buffer {
    const protocolVersion = { major: 254, minor: 253 };
    const header = { contentType, protocolVersion, epoch: 1, sequenceNumber, contentLen: plain.length };
    const sealed = this.#internals.cipher.encryptPacket({ recordLayerHeader: header, fragment: plain });
    const record = Buffer.alloc(13 + sealed.fragment.length);
    record.set([contentType, 254, 253, 0, 1]);
    record.writeUIntBE(sequenceNumber, 5, 6);
    record.writeUInt16BE(sealed.fragment.length, 11);
    record.set(sealed.fragment, 13);
    return record;
  }

  /** Throws when the record was not made with the session's keys. */
  open(record: Buffer): Buffer {
    return this.#internals.cipher.decryptPacket({
      recordLayerHeader: {
        contentType: record.readUInt8(0),
        protocolVersion: { major: record.readUInt8(1), minor: record.readUInt8(2) },
        epoch: record.readUInt16BE(3),
        sequenceNumber: record.readUIntBE(5, 6),
        contentLen: record.readUInt16BE(11),
      },
      fragment: record.subarray(13),
    });
  }
}

export type SrtpProfileNumbers = NonNullable<ConstructorParameters<typeof DtlsClient>[0]['srtpProfiles']>;

const FLIGHT_TAKEN = new Error('The flight was taken from werift, to be sent by us.');
