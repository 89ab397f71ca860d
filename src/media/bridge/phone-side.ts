import { randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { DatagramIo, Peer } from '../../shared/datagram.ts';
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
  readonly #io: DatagramIo;
  readonly #clock: Clock;
  readonly #header = new RtpHeader();
  readonly #onEvent: (event: BridgeEvent) => void;
  readonly #cname = Buffer.from(`gw-${randomInt(2 ** 47).toString(36)}`);
  #plan: PhonePlan | undefined;
  #ports: RtpPorts | undefined;
  #toConsumer: ToConsumer | undefined;
  /** Where the phone's packets really come from; starts as what its SDP says. */
  #remote: Peer | undefined;
  #remoteRtcp: Peer | undefined;
  #declared: Peer | undefined;
  #latched = false;
  #closed = false;
  open = false;

  constructor(io: DatagramIo, clock: Clock, onEvent: (event: BridgeEvent) => void) {
    this.state = new LegState('phone', new Outlet(randomInt(1, 2 ** 32)), clock, onEvent);
    this.#io = io;
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
      this.#io,
      options,
      (packet, length, from) => this.#datagram(packet, length, from),
      (packet, length) => this.state.readRtcp(packet, length),
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
    if (!moved) return;
    this.#declared = port === 0 ? undefined : this.#io.peer(address, port);
    this.#remote = this.#declared;
    this.#remoteRtcp = rtcpPort === 0 ? undefined : this.#io.peer(address, rtcpPort);
    this.#latched = false;
  }

  /** `length` bytes of the outlet's packet. */
  emit(length: number, payloadAt: number): void {
    const ports = this.#ports;
    const { outlet } = this.state;
    const remote = this.#remote;
    if (!ports || !this.open || !remote) return;
    ports.rtp.send(outlet.packet, length, remote);
    outlet.count(length, payloadAt);
    this.state.sent(length);
  }

  /** @param scratch for the report */
  sendReport(scratch: Uint8Array, nowMs: number): void {
    if (!this.#ports || !this.#remoteRtcp) return;
    const length = this.state.report(scratch, this.#cname, nowMs);
    this.#ports.rtcp.send(scratch, length, this.#remoteRtcp);
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

  #datagram(packet: Buffer, received: number, from: Peer): void {
    if (received > 1 && isRtcp(packet)) return this.state.readRtcp(packet, received);
    this.state.count(received, this.#take(packet, received, from));
  }

  #take(packet: Buffer, received: number, from: Peer): DropReason | undefined {
    const header = this.#header;
    const plan = this.#plan;
    const { reception } = this.state;
    if (!header.parse(packet, received)) return 'malformed';
    if (!plan) return 'notOpen';
    const type = header.payloadType;
    const isEvent = plan.telephoneEvent !== undefined && type === plan.telephoneEvent.receivePayloadType;
    if (!isEvent && !plan.receivePayloadTypes.includes(type)) return 'payloadType';
    if (!this.#latch(from)) return 'source';
    const now = this.#clock.monotonic();
    const nowTicks = ((now * plan.clockRate) / 1000) | 0;
    const arrival = reception.arrive(header.ssrc, header.sequence, header.timestamp, nowTicks, !isEvent);
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
  #latch(from: Peer): boolean {
    const remote = this.#remote;
    if (from === remote && this.#latched) return true;
    if (from.is(remote)) {
      this.#remote = from;
      this.#latched = true;
      return true;
    }
    // The address that the phone declared wins over any other, so that who speaks first cannot steal the call.
    const declared = this.#declared?.address;
    if (this.#latched && (from.address !== declared || remote?.address === declared)) return false;
    this.#remote = from;
    this.#remoteRtcp = this.#io.peer(from.address, from.port + 1);
    this.#latched = true;
    return true;
  }

  #tellDigit(): void {
    const { digit, durationMs } = this.dtmf;
    this.#onEvent({ kind: 'dtmf', digit, durationMs, from: 'phone' });
  }
}
