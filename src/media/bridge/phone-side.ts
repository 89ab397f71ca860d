import { randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { isRtcp, RtpHeader } from '../rtp/header.ts';
import { DtmfReceiver } from './dtmf.ts';
import { LegState } from './leg-state.ts';
import { Outlet } from './outlet.ts';
import { openRtpPorts, type RtpPorts } from './rtp-ports.ts';
import type { ToConsumer } from './to-consumer.ts';
import type { BridgeEvent, DropReason, PhonePlan } from './types.ts';

/** The phone's end: RTP and RTCP in, checked and handed to the direction of the consumer; RTP out. */
export class PhoneSide {
  readonly state: LegState;
  readonly dtmf = new DtmfReceiver();
  readonly #clock: Clock;
  readonly #header = new RtpHeader();
  readonly #onEvent: (event: BridgeEvent) => void;
  readonly #cname = Buffer.from(`gw-${randomInt(2 ** 47).toString(36)}`);
  #plan: PhonePlan | undefined;
  #ports: RtpPorts | undefined;
  #toConsumer: ToConsumer | undefined;
  /** Where the phone's packets really come from; starts as what its SDP says. */
  #remote = { address: '', port: 0, rtcpPort: 0, latched: false };
  #closed = false;
  open = false;

  constructor(clock: Clock, onEvent: (event: BridgeEvent) => void) {
    this.state = new LegState('phone', new Outlet(randomInt(1, 2 ** 32)), clock, onEvent);
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** Where what comes here goes; once, before the first packet. */
  join(toConsumer: ToConsumer): void {
    this.#toConsumer = toConsumer;
  }

  get plan(): PhonePlan | undefined {
    return this.#plan;
  }

  /** Binds the pair of ports. Rejects with MEDIA_RTP_PORTS. */
  async bind(options: {
    address: string;
    portMin: number;
    portMax: number;
  }): Promise<{ address: string; port: number }> {
    const ports = await openRtpPorts(
      options,
      (packet, port, address) => this.#datagram(packet, port, address),
      (packet) => this.state.readRtcp(packet, packet.length),
    );
    this.#ports = ports;
    if (this.#closed) await this.close();
    return { address: options.address, port: ports.rtp.port };
  }

  /** The source address is learned anew when the plan's moves. */
  setPlan(plan: PhonePlan): void {
    const { address, port, rtcpPort } = plan.remote;
    const moved = this.#plan?.remote.address !== address || this.#plan.remote.port !== port;
    this.#plan = plan;
    if (moved) this.#remote = { address, port, rtcpPort, latched: false };
  }

  /** `length` bytes of the outlet's packet. */
  emit(length: number, payloadAt: number): void {
    const ports = this.#ports;
    const { outlet } = this.state;
    if (!ports || !this.open || this.#remote.port === 0) return;
    ports.rtp.send(outlet.packet, length, this.#remote.port, this.#remote.address);
    outlet.count(length, payloadAt);
    this.state.sent(length);
  }

  /** @param scratch for the report */
  sendReport(scratch: Uint8Array, nowMs: number): void {
    if (!this.#ports || this.#remote.rtcpPort === 0) return;
    const length = this.state.report(scratch, this.#cname, nowMs);
    this.#ports.rtcp.send(scratch, length, this.#remote.rtcpPort, this.#remote.address);
  }

  /** An event whose end was lost. */
  tick(nowMs: number): void {
    if (this.dtmf.expired(nowMs)) this.#tellDigit();
  }

  /** Idempotent; the sockets are closed when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.open = false;
    const ports = this.#ports;
    if (ports) await Promise.all([ports.rtp.close(), ports.rtcp.close()]);
  }

  #datagram(packet: Buffer, port: number, address: string): void {
    if (packet.length > 1 && isRtcp(packet)) return this.state.readRtcp(packet, packet.length);
    this.state.count(packet.length, this.#take(packet, port, address));
  }

  #take(packet: Buffer, port: number, address: string): DropReason | undefined {
    const header = this.#header;
    const plan = this.#plan;
    const { reception } = this.state;
    if (!header.parse(packet, packet.length)) return 'malformed';
    if (!plan) return 'notOpen';
    const type = header.payloadType;
    const isEvent = plan.telephoneEvent !== undefined && type === plan.telephoneEvent.receivePayloadType;
    if (!isEvent && !plan.receivePayloadTypes.includes(type)) return 'payloadType';
    if (!this.#latch(port, address)) return 'source';
    const now = this.#clock.monotonic();
    const nowTicks = ((now * plan.clockRate) / 1000) | 0;
    const arrival = reception.arrive(header.ssrc, header.sequence, header.timestamp, nowTicks);
    this.state.heard(now);
    if (arrival === 'duplicate') return 'duplicate';
    if (!this.open) return 'notOpen';
    this.state.first();
    if (isEvent && plan.telephoneEvent) {
      this.#takeEvent(packet, plan.telephoneEvent.clockRate, now);
      return undefined;
    }
    if (arrival === 'late') return 'late';
    if (plan.direction === 'sendonly' || plan.direction === 'inactive') return 'held';
    const used = this.#toConsumer?.audio(packet, header, arrival, reception.missing, now);
    return used ? undefined : 'undecodable';
  }

  #takeEvent(packet: Buffer, clockRate: number, now: number): void {
    const { payloadOffset, payloadLength, ssrc, timestamp } = this.#header;
    const step = this.dtmf.take(packet, payloadOffset, payloadLength, ssrc, timestamp, clockRate, now);
    if (step === 'end') this.#tellDigit();
  }

  /** Symmetric RTP (RFC 4961): the first source that speaks our codec is the phone; a stranger later is not. */
  #latch(port: number, address: string): boolean {
    const remote = this.#remote;
    if (address === remote.address && port === remote.port) {
      remote.latched = true;
      return true;
    }
    // The address that the phone declared wins over any other, so that who speaks first cannot steal the call.
    const declared = this.#plan?.remote.address;
    if (remote.latched && (address !== declared || remote.address === declared)) return false;
    this.#remote = { address, port, rtcpPort: port + 1, latched: true };
    return true;
  }

  #tellDigit(): void {
    const { digit, durationMs } = this.dtmf;
    this.#onEvent({ kind: 'dtmf', digit, durationMs, from: 'phone' });
  }
}
