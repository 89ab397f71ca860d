import { randomInt } from 'node:crypto';
import { isRtcp, RtpHeader } from '../rtp/header.ts';
import { Reception } from '../rtp/reception.ts';
import { RtcpState, writeReport } from '../rtp/rtcp.ts';
import { type SrtpKeys, SrtpSession } from '../srtp/session.ts';
import { Counters } from './counters.ts';
import { DtmfReceiver } from './dtmf.ts';
import { Outlet } from './outlet.ts';
import { openRtpPorts, type RtpPorts } from './rtp-ports.ts';
import { ToConsumer } from './to-consumer.ts';
import { ToPhone } from './to-phone.ts';
import type {
  BridgeOptions,
  BridgeStats,
  DropReason,
  EngineOptions,
  Leg,
  PhonePlan,
  ReceivePlan,
  SendPlan,
} from './types.ts';

const RTCP_INTERVAL_MS = 5_000;
const FIRST_RTCP_MS = 500;
/** Packets that carry our mid after each description of Meta's. */
const TAGGED_PACKETS = 25;

/**
 * The media of one call: the consumer's SRTP on one side, the phone's RTP on the other. A packet is handled when it
 * arrives; the engine's tick does what no packet drives. Nothing here waits, and nothing is thrown.
 */
export class Bridge {
  readonly #engine: EngineOptions;
  readonly #options: BridgeOptions;
  readonly #onClosed: (bridge: Bridge) => void;
  readonly #header = new RtpHeader();
  readonly #report = Buffer.alloc(256);
  readonly #consumer = new LegState();
  readonly #phone = new LegState();
  readonly #toPhone: ToPhone;
  readonly #toConsumer: ToConsumer;
  readonly #consumerOutlet: Outlet;
  readonly #phoneOutlet = new Outlet(randomInt(1, 2 ** 32));
  readonly #consumerDtmf = new DtmfReceiver();
  readonly #phoneDtmf = new DtmfReceiver();
  readonly #phoneCname = Buffer.from(`gw-${randomInt(2 ** 47).toString(36)}`);
  #consumerCname: Uint8Array = new Uint8Array();
  #srtp: SrtpSession | undefined;
  #sendToConsumer: ((packet: Uint8Array) => void) | undefined;
  #receivePlan: ReceivePlan | undefined;
  #sendPlan: SendPlan | undefined;
  #phonePlan: PhonePlan | undefined;
  #ports: RtpPorts | undefined;
  /** Where the phone's packets really come from; starts as what its SDP says. */
  #remote = { address: '', port: 0, rtcpPort: 0, latched: false };
  #open = false;
  #nextRtcpMs = 0;
  #closing: Promise<BridgeStats> | undefined;

  /** @param ssrc our SSRC towards Meta, as in our offer */
  constructor(
    engine: EngineOptions,
    options: BridgeOptions,
    ssrc: number,
    onClosed: (bridge: Bridge) => void,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#consumerOutlet = new Outlet(ssrc);
    this.#toPhone = new ToPhone(engine.opus, this.#consumer.counters, this.#phoneOutlet, (length, at) =>
      this.#emitToPhone(length, at),
    );
    this.#toConsumer = new ToConsumer(
      engine.opus,
      engine.opusComplexity,
      this.#phone.counters,
      this.#consumerOutlet,
      (length, at) => this.#emitToConsumer(length, at),
    );
  }

  /** `send` takes one protected datagram, valid only during the call. */
  attachConsumer(send: (packet: Uint8Array) => void): void {
    this.#sendToConsumer = send;
  }

  setKeys(keys: SrtpKeys): void {
    this.#srtp = new SrtpSession(keys);
  }

  setConsumerPlan(plan: { readonly receive: ReceivePlan; readonly send: SendPlan }): void {
    this.#receivePlan = plan.receive;
    this.#sendPlan = plan.send;
    this.#consumerCname = Buffer.from(plan.send.cname);
    this.#toConsumer.configureSend(plan.send);
    const { midExtensionId, mid } = plan.send;
    if (midExtensionId !== undefined && midExtensionId >= 1 && midExtensionId <= 14 && mid) {
      this.#consumerOutlet.tag(midExtensionId, mid, TAGGED_PACKETS);
    }
  }

  /** Binds the phone's pair of ports. Rejects with MEDIA_RTP_PORTS. */
  async openPhone(options: {
    address: string;
    portMin: number;
    portMax: number;
  }): Promise<{ address: string; port: number }> {
    const ports = await openRtpPorts(
      options,
      (packet, port, address) => this.#phoneDatagram(packet, port, address),
      (packet) => this.#phoneRtcp(packet),
    );
    this.#ports = ports;
    if (this.#closing) await Promise.all([ports.rtp.close(), ports.rtcp.close()]);
    return { address: options.address, port: ports.rtp.port };
  }

  /** The first plan, or another one after a re-INVITE; the source address is learned anew. */
  setPhonePlan(plan: PhonePlan): void {
    const { address, port, rtcpPort } = plan.remote;
    const moved = this.#phonePlan?.remote.address !== address || this.#phonePlan.remote.port !== port;
    this.#phonePlan = plan;
    if (moved) this.#remote = { address, port, rtcpPort, latched: false };
    this.#toPhone.configure(plan);
    this.#toConsumer.configurePhone(plan);
  }

  /** Both directions talk only when true; what comes before is dropped, so that nobody hears a backlog. */
  setOpen(open: boolean): void {
    const now = this.#engine.clock.monotonic();
    if (open && !this.#open) {
      this.#nextRtcpMs = now + FIRST_RTCP_MS;
      this.#consumer.heardMs = now;
      this.#phone.heardMs = now;
    }
    this.#open = open;
  }

  /** One SRTP or SRTCP datagram of the consumer's, changed in place. */
  consumerDatagram(packet: Uint8Array): void {
    const leg = this.#consumer;
    if (packet.length > 1 && isRtcp(packet)) return this.#consumerRtcp(packet);
    leg.counters.received += 1;
    leg.counters.bytesReceived += packet.length;
    const reason = this.#takeConsumer(packet, leg);
    if (reason) leg.counters.drop(reason);
    else leg.counters.used += 1;
  }

  /** What no packet drives; called by the engine every 20 ms. */
  tick(nowMs: number): void {
    if (!this.#open) return;
    if (this.#consumerDtmf.expired(nowMs)) {
      if (!this.#toPhone.passesThrough) this.#toPhone.event('end', this.#consumerDtmf, nowMs);
      this.#tellDigit(this.#consumerDtmf, 'consumer');
    }
    if (this.#phoneDtmf.expired(nowMs)) this.#tellDigit(this.#phoneDtmf, 'phone');
    this.#toPhone.tick(nowMs);
    this.#toConsumer.tick(nowMs);
    if (nowMs >= this.#nextRtcpMs) {
      this.#nextRtcpMs = nowMs + RTCP_INTERVAL_MS;
      this.#sendReports(nowMs);
    }
    this.#watch('consumer', this.#consumer, nowMs);
    this.#watch('phone', this.#phone, nowMs);
  }

  /** A bug of this bridge: it ends, its call is told, the others go on. */
  fail(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    void this.close();
    this.#options.onEvent({ kind: 'bug', message });
  }

  dump(): BridgeStats {
    const phoneClock = this.#phonePlan?.clockRate ?? 8_000;
    return {
      codec: this.#phonePlan?.codec,
      consumer: this.#consumer.counters.stats(this.#consumer.reception, this.#consumer.rtcp, 48_000),
      phone: this.#phone.counters.stats(this.#phone.reception, this.#phone.rtcp, phoneClock),
    };
  }

  /** Idempotent; the sockets are closed when it resolves. */
  close(): Promise<BridgeStats> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<BridgeStats> {
    this.#open = false;
    this.#onClosed(this);
    const stats = this.dump();
    this.#sendToConsumer = undefined;
    this.#toPhone.close();
    this.#toConsumer.close();
    const ports = this.#ports;
    if (ports) await Promise.all([ports.rtp.close(), ports.rtcp.close()]);
    return stats;
  }

  #takeConsumer(packet: Uint8Array, leg: LegState): DropReason | undefined {
    const header = this.#header;
    const plan = this.#receivePlan;
    const srtp = this.#srtp;
    if (!header.parse(packet, packet.length, true)) return 'malformed';
    if (!plan || !srtp) return 'notOpen';
    const type = header.payloadType;
    let eventClock = 0;
    // Video and whatever else nobody agreed to is dropped before it costs a decryption.
    if (!plan.opusPayloadTypes.includes(type)) {
      for (const event of plan.telephoneEvents) if (event.payloadType === type) eventClock = event.clockRate;
      if (eventClock === 0) return 'payloadType';
    }
    const length = srtp.unprotectRtp(packet, packet.length);
    if (length < 0) return srtp.refusal;
    if (!header.parse(packet, length)) return 'malformed';
    const now = this.#engine.clock.monotonic();
    const arrival = leg.reception.arrive(header.ssrc, header.sequence, header.timestamp, (now * 48) | 0);
    leg.heardMs = now;
    leg.told = false;
    if (arrival === 'duplicate') return 'duplicate';
    if (arrival === 'restart') this.#toPhone.resync();
    if (leg.counters.firstPacketAtMs === 0) this.#first('consumer', leg);
    if (!this.#open || !this.#phonePlan) return 'notOpen';
    if (eventClock > 0) {
      this.#takeEvent(packet, header, eventClock, now);
      return undefined;
    }
    if (arrival === 'late') return 'late';
    const used = this.#toPhone.audio(packet, header, arrival, leg.reception.missing, now);
    return used ? undefined : 'undecodable';
  }

  #takeEvent(packet: Uint8Array, header: RtpHeader, clockRate: number, now: number): void {
    const { payloadOffset, payloadLength, ssrc, timestamp } = header;
    const received = this.#consumerDtmf;
    const step = received.take(packet, payloadOffset, payloadLength, ssrc, timestamp, clockRate, now);
    if (this.#toPhone.passesThrough) this.#toPhone.passEvent(packet, header, clockRate, now);
    else if (step !== 'none') this.#toPhone.event(step, received, now);
    if (step === 'end') this.#tellDigit(received, 'consumer');
  }

  #phoneDatagram(packet: Buffer, port: number, address: string): void {
    const leg = this.#phone;
    if (packet.length > 1 && isRtcp(packet)) return this.#phoneRtcp(packet);
    leg.counters.received += 1;
    leg.counters.bytesReceived += packet.length;
    const reason = this.#takePhone(packet, port, address, leg);
    if (reason) leg.counters.drop(reason);
    else leg.counters.used += 1;
  }

  #takePhone(packet: Buffer, port: number, address: string, leg: LegState): DropReason | undefined {
    const header = this.#header;
    const plan = this.#phonePlan;
    if (!header.parse(packet, packet.length)) return 'malformed';
    if (!plan) return 'notOpen';
    const type = header.payloadType;
    const isEvent = plan.telephoneEvent !== undefined && type === plan.telephoneEvent.receivePayloadType;
    if (!isEvent && !plan.receivePayloadTypes.includes(type)) return 'payloadType';
    if (!this.#latch(port, address)) return 'source';
    const now = this.#engine.clock.monotonic();
    const arrival = leg.reception.arrive(
      header.ssrc,
      header.sequence,
      header.timestamp,
      ((now * plan.clockRate) / 1000) | 0,
    );
    leg.heardMs = now;
    leg.told = false;
    if (arrival === 'duplicate') return 'duplicate';
    if (!this.#open) return 'notOpen';
    if (leg.counters.firstPacketAtMs === 0) this.#first('phone', leg);
    if (isEvent && plan.telephoneEvent) {
      const { payloadOffset, payloadLength, ssrc, timestamp } = header;
      const { clockRate } = plan.telephoneEvent;
      const step = this.#phoneDtmf.take(
        packet,
        payloadOffset,
        payloadLength,
        ssrc,
        timestamp,
        clockRate,
        now,
      );
      if (step === 'end') this.#tellDigit(this.#phoneDtmf, 'phone');
      return undefined;
    }
    if (arrival === 'late') return 'late';
    if (plan.direction === 'sendonly' || plan.direction === 'inactive') return 'held';
    const used = this.#toConsumer.audio(packet, header, arrival, leg.reception.missing, now);
    return used ? undefined : 'undecodable';
  }

  /** Symmetric RTP (RFC 4961): the first source that speaks our codec is the phone; a stranger later is not. */
  #latch(port: number, address: string): boolean {
    const remote = this.#remote;
    if (address === remote.address && port === remote.port) {
      remote.latched = true;
      return true;
    }
    // The address that the phone declared wins over any other, so that who speaks first cannot steal the call.
    const declared = this.#phonePlan?.remote.address;
    if (remote.latched && (address !== declared || remote.address === declared)) return false;
    this.#remote = { address, port, rtcpPort: port + 1, latched: true };
    return true;
  }

  #consumerRtcp(packet: Uint8Array): void {
    const srtp = this.#srtp;
    if (!srtp) return;
    const length = srtp.unprotectRtcp(packet, packet.length);
    if (length < 0) return;
    this.#readRtcp('consumer', this.#consumer, packet, length, this.#consumerOutlet.ssrc);
  }

  #phoneRtcp(packet: Uint8Array): void {
    this.#readRtcp('phone', this.#phone, packet, packet.length, this.#phoneOutlet.ssrc);
  }

  #readRtcp(name: Leg, leg: LegState, packet: Uint8Array, length: number, ssrc: number): void {
    const { clock } = this.#engine;
    const now = clock.monotonic();
    const hadBye = leg.rtcp.bye;
    if (!leg.rtcp.read(packet, length, ssrc, clock.now(), now)) return;
    // Only authenticated reports prove that the consumer lives; a phone's need no proof.
    leg.heardMs = now;
    leg.told = false;
    if (leg.rtcp.bye && !hadBye) this.#options.onEvent({ kind: 'rtcpBye', leg: name });
  }

  #emitToPhone(length: number, payloadAt: number): void {
    const ports = this.#ports;
    if (!ports || !this.#open || this.#remote.port === 0) return;
    const outlet = this.#phoneOutlet;
    ports.rtp.send(outlet.packet, length, this.#remote.port, this.#remote.address);
    outlet.count(length, payloadAt);
    this.#phone.counters.sent += 1;
    this.#phone.counters.bytesSent += length;
  }

  #emitToConsumer(length: number, payloadAt: number): void {
    const send = this.#sendToConsumer;
    const srtp = this.#srtp;
    if (!send || !srtp || !this.#open) return;
    const outlet = this.#consumerOutlet;
    outlet.count(length, payloadAt);
    const protectedLength = srtp.protectRtp(outlet.packet, length);
    if (protectedLength < 0) return;
    send(outlet.packet.subarray(0, protectedLength));
    this.#consumer.counters.sent += 1;
    this.#consumer.counters.bytesSent += protectedLength;
  }

  #sendReports(nowMs: number): void {
    const wall = this.#engine.clock.now();
    const report = this.#report;
    if (this.#srtp && this.#sendToConsumer && this.#sendPlan) {
      const sent = countsOf(this.#consumerOutlet);
      const { reception, rtcp } = this.#consumer;
      const length = writeReport(report, sent, reception, rtcp, this.#consumerCname, wall, nowMs);
      this.#sendToConsumer(report.subarray(0, this.#srtp.protectRtcp(report, length)));
    }
    if (this.#ports && this.#remote.rtcpPort !== 0) {
      const sent = countsOf(this.#phoneOutlet);
      const { reception, rtcp } = this.#phone;
      const length = writeReport(report, sent, reception, rtcp, this.#phoneCname, wall, nowMs);
      this.#ports.rtcp.send(report, length, this.#remote.rtcpPort, this.#remote.address);
    }
  }

  #watch(name: Leg, leg: LegState, nowMs: number): void {
    const silent = nowMs - leg.heardMs;
    if (leg.told || silent < this.#options.mediaTimeoutMs) return;
    leg.told = true;
    this.#options.onEvent({ kind: 'silent', leg: name, ms: Math.round(silent) });
  }

  #first(name: Leg, leg: LegState): void {
    leg.counters.firstPacketAtMs = this.#engine.clock.now();
    this.#options.onEvent({ kind: 'firstPacket', leg: name });
  }

  #tellDigit(received: DtmfReceiver, from: Leg): void {
    this.#options.onEvent({ kind: 'dtmf', digit: received.digit, durationMs: received.durationMs, from });
  }
}

class LegState {
  readonly counters = new Counters();
  readonly reception = new Reception();
  readonly rtcp = new RtcpState();
  heardMs = 0;
  /** `silent` was told and nothing came since. */
  told = false;
}

function countsOf(outlet: Outlet): { ssrc: number; packets: number; bytes: number; timestamp: number } {
  return {
    ssrc: outlet.ssrc,
    packets: outlet.packets,
    bytes: outlet.payloadBytes,
    timestamp: outlet.timestamp,
  };
}
