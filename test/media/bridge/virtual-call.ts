import type { OpusLibrary } from '../../../src/media/codec/index.ts';
import {
  type Bridge,
  type BridgeEvent,
  MediaEngine,
  type PhoneCodec,
  type PhonePlan,
} from '../../../src/media/index.ts';
import { RtpHeader, writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { type SrtpKeys, SrtpSession } from '../../../src/media/srtp/session.ts';
import type { Peer } from '../../../src/shared/datagram.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { MemoryIo } from '../../support/memory-io.ts';

export interface Sent {
  /** ms of the virtual clock. */
  readonly atMs: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

export const CLOCK_RATE: Readonly<Partial<Record<PhoneCodec, number>>> = {
  PCMU: 8_000,
  PCMA: 8_000,
  G722: 8_000,
  opus: 48_000,
};
const PAYLOAD_TYPE: Readonly<Partial<Record<PhoneCodec, number>>> = { PCMU: 0, PCMA: 8, G722: 9, opus: 107 };
const CONSUMER_SSRC = 77;

function keys(): { ours: SrtpKeys; theirs: SrtpKeys } {
  const side = (seed: number) => ({ key: Buffer.alloc(16, seed), salt: Buffer.alloc(14, seed + 1) });
  const [a, b] = [side(1), side(9)];
  const profile = 'AES_CM_128_HMAC_SHA1_80';
  return { ours: { profile, local: a, remote: b }, theirs: { profile, local: b, remote: a } };
}

/** A whole bridge, SRTP and codecs included, whose clock and network are the caller's: an hour takes seconds. */
export class VirtualCall {
  readonly clock = new FakeClock();
  readonly events: BridgeEvent[] = [];
  readonly toConsumer: Sent[] = [];
  readonly toPhone: Sent[] = [];
  readonly bridge: Bridge;
  readonly codec: PhoneCodec;
  /** False: what is sent is not kept. */
  keep = true;
  readonly #io = new MemoryIo();
  readonly #engine: MediaEngine;
  readonly #srtp: SrtpSession;
  readonly #phone = this.#io.peer('127.0.0.1', 9_000) as Peer;
  readonly #header = new RtpHeader();
  readonly #sealed = new Map<string, Buffer>();
  #port = 0;

  static async open(
    opus: OpusLibrary,
    codec: PhoneCodec,
    change: Partial<PhonePlan> = {},
  ): Promise<VirtualCall> {
    const call = new VirtualCall(opus, codec);
    const { port } = await call.bridge.openPhone({ address: '127.0.0.1', portMin: 0, portMax: 0 });
    call.#port = port;
    call.bridge.setPhonePlan(call.plan(change));
    call.bridge.setOpen(true);
    return call;
  }

  private constructor(opus: OpusLibrary, codec: PhoneCodec) {
    this.codec = codec;
    const { ours, theirs } = keys();
    this.#srtp = new SrtpSession(theirs);
    this.#engine = new MediaEngine({
      opus,
      io: this.#io,
      clock: this.clock,
      log: silentLog,
      opusComplexity: 5,
      random: () => 0.5,
    });
    this.#io.onSent = (packet, length) => this.#note(this.toPhone, Buffer.from(packet.subarray(0, length)));
    this.bridge = this.#engine.openBridge(
      { mediaTimeoutMs: 30_000, onEvent: (event) => this.events.push(event) },
      0x1234,
    );
    this.bridge.attachConsumer((packet, sent) => {
      const copy = Buffer.from(packet.subarray(0, sent));
      if (isRtcp(copy)) return;
      const length = this.#srtp.unprotectRtp(copy, copy.length);
      if (length < 0) throw new Error(`consumer cannot read: ${this.#srtp.refusal}`);
      this.#note(this.toConsumer, copy.subarray(0, length));
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
  }

  get now(): number {
    return this.clock.monotonic();
  }

  plan(change: Partial<PhonePlan> = {}): PhonePlan {
    const { codec } = this;
    const payloadType = PAYLOAD_TYPE[codec] as number;
    const clockRate = CLOCK_RATE[codec] as number;
    return {
      codec,
      payloadType,
      receivePayloadTypes: [payloadType],
      clockRate,
      remote: { address: '127.0.0.1', port: 9_000, rtcpPort: 9_001, rtcpMux: false },
      telephoneEvent: { payloadType: 101, clockRate, receivePayloadType: 101 },
      ptimeMs: 20,
      direction: 'sendrecv',
      ...change,
    };
  }

  /** Time goes on; ticks run. */
  until(ms: number): void {
    if (ms > this.now) this.clock.advance(ms - this.now);
  }

  /** The same SSRC and sequence again is the same datagram again, as the network brings it. */
  fromConsumer(
    payload: Uint8Array,
    sequence: number,
    timestamp: number,
    ssrc = CONSUMER_SSRC,
    type = 111,
  ): void {
    const packet = Buffer.alloc(payload.length + 64);
    const at = writeRtpHeader(packet, false, type, sequence & 0xffff, timestamp >>> 0, ssrc);
    packet.set(payload, at);
    const length = this.#srtp.protectRtp(packet, at + payload.length);
    const name = `${ssrc} ${sequence & 0xffff}`;
    if (length > 0) this.#sealed.set(name, Buffer.from(packet.subarray(0, length)));
    const sealed = Buffer.from(this.#sealed.get(name) ?? packet);
    if (this.#sealed.size > 400) this.#sealed.delete(this.#sealed.keys().next().value as string);
    this.bridge.consumerDatagram(sealed, sealed.length);
  }

  fromPhone(payload: Uint8Array, sequence: number, timestamp: number, ssrc = 88, type?: number): void {
    const packet = Buffer.alloc(payload.length + 12);
    const payloadType = type ?? (PAYLOAD_TYPE[this.codec] as number);
    writeRtpHeader(packet, false, payloadType, sequence & 0xffff, timestamp >>> 0, ssrc);
    packet.set(payload, 12);
    this.#io.deliver(this.#port, packet, this.#phone);
  }

  /** As it is, to the port that the phone sends to. */
  fromAnybody(packet: Buffer, address: string): void {
    this.#io.deliver(this.#port, packet, this.#io.peer(address, 40_000) as Peer);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  #note(list: Sent[], packet: Buffer): void {
    if (!this.keep || isRtcp(packet)) return;
    const header = this.#header;
    if (!header.parse(packet, packet.length)) throw new Error('malformed RTP');
    const { sequence, timestamp, ssrc, payloadType, marker, payloadOffset, payloadLength } = header;
    const payload = packet.subarray(payloadOffset, payloadOffset + payloadLength);
    list.push({ atMs: this.now, sequence, timestamp, ssrc, payloadType, marker, payload });
  }
}

const isRtcp = (packet: Buffer): boolean => (packet[1] as number) >= 192 && (packet[1] as number) <= 223;
