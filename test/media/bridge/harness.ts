import { createSocket, type Socket } from 'node:dgram';
import { createOpusLibrary } from '../../../src/media/codec/index.ts';
import {
  type Bridge,
  type BridgeEvent,
  MediaEngine,
  type PhoneCodec,
  type PhonePlan,
} from '../../../src/media/index.ts';
import { RtpHeader, writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { type SrtpKeys, SrtpSession } from '../../../src/media/srtp/session.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { io } from '../../support/datagram-io.ts';

export const opus = await createOpusLibrary();

export interface Heard {
  readonly header: RtpHeader;
  readonly payload: Buffer;
}

const PHONE: Record<PhoneCodec, { payloadType: number; clockRate: number }> = {
  PCMU: { payloadType: 0, clockRate: 8_000 },
  PCMA: { payloadType: 8, clockRate: 8_000 },
  G722: { payloadType: 9, clockRate: 8_000 },
  opus: { payloadType: 107, clockRate: 48_000 },
  L16: { payloadType: 108, clockRate: 16_000 },
};

function keys(): { ours: SrtpKeys; theirs: SrtpKeys } {
  const side = (seed: number) => ({ key: Buffer.alloc(16, seed), salt: Buffer.alloc(14, seed + 1) });
  const [a, b] = [side(1), side(9)];
  const profile = 'AES_CM_128_HMAC_SHA1_80';
  return { ours: { profile, local: a, remote: b }, theirs: { profile, local: b, remote: a } };
}

/** A bridge between a consumer (real SRTP, no network) and a phone on a real UDP socket; time is a fake clock. */
export class Harness {
  readonly clock = new FakeClock();
  readonly engine = new MediaEngine({
    opus,
    io,
    clock: this.clock,
    log: silentLog,
    opusComplexity: 5,
  });
  readonly events: BridgeEvent[] = [];
  readonly consumerHeard: Heard[] = [];
  readonly phoneHeard: Heard[] = [];
  readonly phone: Socket = createSocket('udp4');
  readonly codec: PhoneCodec;
  readonly bridge: Bridge;
  readonly #srtp: SrtpSession;
  readonly #sealed = new Map<string, Buffer>();
  #gatewayPort = 0;
  #wake: (() => void) | undefined;

  static async open(codec: PhoneCodec, change: Partial<PhonePlan> = {}): Promise<Harness> {
    const harness = new Harness(codec);
    await new Promise<void>((resolve) => harness.phone.bind(0, '127.0.0.1', () => resolve()));
    const { port } = await harness.bridge.openPhone({ address: '127.0.0.1', portMin: 0, portMax: 0 });
    harness.#gatewayPort = port;
    harness.bridge.setPhonePlan(harness.plan(change));
    harness.bridge.setOpen(true);
    return harness;
  }

  private constructor(codec: PhoneCodec) {
    this.codec = codec;
    const { ours, theirs } = keys();
    this.#srtp = new SrtpSession(theirs);
    this.bridge = this.engine.openBridge(
      { mediaTimeoutMs: 30_000, onEvent: (event) => this.events.push(event) },
      0x1234,
    );
    this.bridge.attachConsumer((packet, sent) => {
      const copy = Buffer.from(packet.subarray(0, sent));
      if ((copy[1] as number) >= 192 && (copy[1] as number) <= 223) return;
      const length = this.#srtp.unprotectRtp(copy, copy.length);
      if (length < 0) throw new Error(`consumer cannot read: ${this.#srtp.refusal}`);
      this.consumerHeard.push(heard(copy, length));
    });
    this.bridge.setKeys(ours);
    this.bridge.setConsumerPlan({
      receive: { opusPayloadTypes: [111], telephoneEvents: [{ payloadType: 110, clockRate: 48_000 }] },
      send: {
        payloadType: 111,
        ssrc: 0x1234,
        cname: 'gw',
        useInbandFec: true,
        maxAverageBitrate: 20_000,
        maxPlaybackRate: 16_000,
      },
    });
    this.phone.on('message', (packet) => {
      if ((packet[1] as number) >= 192 && (packet[1] as number) <= 223) return;
      this.phoneHeard.push(heard(Buffer.from(packet), packet.length));
      this.#wake?.();
    });
  }

  get gatewayPort(): number {
    return this.#gatewayPort;
  }

  plan(change: Partial<PhonePlan> = {}): PhonePlan {
    const { payloadType, clockRate } = PHONE[this.codec];
    const event = clockRate === 48_000 ? 102 : 101;
    return {
      codec: this.codec,
      payloadType,
      receivePayloadTypes: [payloadType],
      clockRate,
      remote: { address: '127.0.0.1', port: this.phone.address().port, rtcpPort: 9, rtcpMux: false },
      telephoneEvent: { payloadType: event, clockRate, receivePayloadType: event },
      ptimeMs: 20,
      direction: 'sendrecv',
      ...change,
    };
  }

  /** One packet of the consumer's, protected and handed in. */
  fromConsumer(
    payload: Uint8Array,
    sequence: number,
    timestamp: number,
    options: { payloadType?: number; marker?: boolean; ssrc?: number } = {},
  ): void {
    const packet = Buffer.alloc(payload.length + 64);
    const at = writeRtpHeader(
      packet,
      options.marker ?? false,
      options.payloadType ?? 111,
      sequence & 0xffff,
      timestamp >>> 0,
      options.ssrc ?? 77,
    );
    packet.set(payload, at);
    const length = this.#srtp.protectRtp(packet, at + payload.length);
    const name = `${options.ssrc ?? 77} ${sequence & 0xffff}`;
    // SRTP protects an index once; the network may bring the packet twice.
    if (length > 0) this.#sealed.set(name, Buffer.from(packet.subarray(0, length)));
    const sealed = Buffer.from(this.#sealed.get(name) ?? Buffer.alloc(0));
    this.bridge.consumerDatagram(sealed, sealed.length);
  }

  fromPhone(
    payload: Uint8Array,
    sequence: number,
    timestamp: number,
    options: { payloadType?: number; socket?: Socket } = {},
  ): Promise<void> {
    const packet = Buffer.alloc(payload.length + 12);
    writeRtpHeader(
      packet,
      false,
      options.payloadType ?? PHONE[this.codec].payloadType,
      sequence & 0xffff,
      timestamp >>> 0,
      88,
    );
    packet.set(payload, 12);
    return this.toGateway(packet, options.socket);
  }

  /** Resolves when the gateway's socket has handled it. */
  async toGateway(packet: Uint8Array, socket: Socket = this.phone): Promise<void> {
    const before = this.bridge.dump().phone.received;
    socket.send(packet, this.#gatewayPort, '127.0.0.1');
    while (this.bridge.dump().phone.received === before)
      await new Promise((resolve) => setImmediate(resolve));
  }

  /** Resolves when the phone has received `count` packets in all. */
  async phoneHears(count: number): Promise<readonly Heard[]> {
    while (this.phoneHeard.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.phoneHeard;
  }

  async close(): Promise<void> {
    await this.engine.close();
    await new Promise<void>((resolve) => this.phone.close(() => resolve()));
  }
}

function heard(packet: Buffer, length: number): Heard {
  const header = new RtpHeader();
  if (!header.parse(packet, length)) throw new Error('malformed RTP');
  return {
    header,
    payload: packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength),
  };
}
