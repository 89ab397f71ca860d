import type { Clock } from '../../shared/clock.ts';
import type { PacketCapture } from '../capture/packet-capture.ts';
import { EventReceiver, type KeyStep } from '../dtmf/index.ts';
import { isRtcp, RtpHeader } from '../rtp/header.ts';
import { PacketBudget } from '../rtp/packet-budget.ts';
import type { Arrival } from '../rtp/reception.ts';
import { type SrtpKeys, SrtpSession } from '../srtp/session.ts';
import { LegState } from './leg-state.ts';
import { Outlet } from './outlet.ts';
import type { ToPhone } from './to-phone.ts';
import type { BridgeEvent, ReceivePlan, SendPlan, Taken } from './types.ts';

/** Packets that carry our mid after each description of Meta's. */
const TAGGED_PACKETS = 25;

/** The consumer's end: SRTP and SRTCP in, checked and handed to the direction of the phone; SRTP out. */
export class ConsumerSide {
  readonly state: LegState;
  readonly #events = new EventReceiver((step, nowMs) => this.#key(step, nowMs));
  readonly #clock: Clock;
  readonly #header = new RtpHeader();
  readonly #budget = new PacketBudget();
  readonly #onEvent: (event: BridgeEvent) => void;
  #srtp: SrtpSession | undefined;
  #send: ((packet: Uint8Array, length: number) => void) | undefined;
  #strangers: () => number = () => 0;
  #receivePlan: ReceivePlan | undefined;
  #sendPlan: SendPlan | undefined;
  #cname: Uint8Array = new Uint8Array();
  #toPhone: ToPhone | undefined;
  open = false;
  /** While somebody wants the packets. */
  capture: PacketCapture | undefined;

  /** @param ssrc ours towards Meta, as in our offer */
  constructor(ssrc: number, clock: Clock, onEvent: (event: BridgeEvent) => void) {
    this.state = new LegState('consumer', new Outlet(ssrc), clock, onEvent);
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** Where what comes here goes; once, before the first packet. */
  join(toPhone: ToPhone): void {
    this.#toPhone = toPhone;
  }

  /** @param strangers what the transport has dropped unread of strangers so far, datagrams */
  attach(send: (packet: Uint8Array, length: number) => void, strangers: () => number): void {
    this.#send = send;
    this.#strangers = strangers;
  }

  /** Datagrams of strangers that its transport dropped unread, because there were too many. */
  get strangers(): number {
    return this.#strangers();
  }

  setKeys(keys: SrtpKeys): void {
    this.#srtp = new SrtpSession(keys);
  }

  setPlan(plan: { readonly receive: ReceivePlan; readonly send: SendPlan }): void {
    this.#receivePlan = plan.receive;
    this.#sendPlan = plan.send;
    this.#cname = Buffer.from(plan.send.cname);
    const { midExtensionId, mid } = plan.send;
    if (midExtensionId !== undefined && midExtensionId >= 1 && midExtensionId <= 14 && mid) {
      this.state.outlet.tag(midExtensionId, mid, TAGGED_PACKETS);
    }
  }

  get payloadTypes(): readonly number[] {
    return this.#receivePlan?.opusPayloadTypes ?? [];
  }

  /** `received` bytes of SRTP or SRTCP, changed in place. */
  datagram(packet: Uint8Array, received: number): void {
    if (received > 1 && isRtcp(packet)) return this.#rtcp(packet, received);
    const taken = this.#take(packet, received);
    this.state.count(received, taken);
    if (this.capture) {
      const { payloadOffset: at, payloadLength } = this.#header;
      this.capture.rtp('consumer', true, packet, at, at + payloadLength, taken);
    }
  }

  /** `length` bytes of the outlet's packet, in the clear. */
  emit(length: number, payloadAt: number): void {
    const send = this.#send;
    const srtp = this.#srtp;
    if (!send || !srtp || !this.open) return;
    const { outlet } = this.state;
    outlet.count(length, payloadAt);
    if (this.capture) this.capture.rtp('consumer', false, outlet.packet, payloadAt, length);
    const protectedLength = srtp.protectRtp(outlet.packet, length);
    if (protectedLength < 0) return;
    send(outlet.packet, protectedLength);
    this.state.sent(protectedLength);
  }

  /** @param scratch for the report */
  sendReport(scratch: Uint8Array, nowMs: number): void {
    if (!this.#srtp || !this.#send || !this.#sendPlan) return;
    const length = this.state.report(scratch, this.#cname, nowMs);
    this.capture?.rtcp('consumer', false, scratch, length);
    this.#send(scratch, this.#srtp.protectRtcp(scratch, length));
  }

  /** An event whose end was lost. */
  tick(nowMs: number): void {
    this.#events.tick(nowMs);
  }

  close(): void {
    this.open = false;
    this.#send = undefined;
  }

  #take(packet: Uint8Array, received: number): Taken {
    const header = this.#header;
    const plan = this.#receivePlan;
    const srtp = this.#srtp;
    const toPhone = this.#toPhone;
    const { reception } = this.state;
    if (!header.parse(packet, received, true)) return 'malformed';
    if (!plan || !srtp || !toPhone) return 'notOpen';
    // Video and whatever else nobody agreed to is dropped before it costs a decryption.
    const eventClock = eventClockOf(plan, header.payloadType);
    if (eventClock === 0 && !plan.opusPayloadTypes.includes(header.payloadType)) {
      this.state.counters.refusedType = header.payloadType;
      return 'payloadType';
    }
    const length = srtp.unprotectRtp(packet, received);
    if (length < 0) return srtp.refusal;
    if (!header.trim(packet, length)) return 'malformed';
    const exact = this.#clock.monotonic();
    // Whole milliseconds are small integers, which are handed from function to function without an object.
    const now = Math.floor(exact);
    if (!this.#budget.take(now)) return 'flood';
    const arrival = reception.arrive(
      header.ssrc,
      header.sequence,
      header.timestamp,
      (exact * 48) | 0,
      eventClock === 0,
    );
    this.state.heard(now);
    if (arrival === 'duplicate') return 'duplicate';
    if (arrival === 'restart') toPhone.resync();
    this.state.first();
    if (!this.open || !toPhone.planned) return 'notOpen';
    if (eventClock > 0)
      return this.#takeEvent(packet, toPhone, arrival, eventClock, now) ? undefined : 'event';
    if (arrival === 'late' && !toPhone.buffers) return 'late';
    return toPhone.audio(packet, header, arrival, reception.missing, now);
  }

  #takeEvent(
    packet: Uint8Array,
    toPhone: ToPhone,
    arrival: Arrival,
    clockRate: number,
    now: number,
  ): boolean {
    const header = this.#header;
    const { payloadOffset: at, payloadLength, ssrc, timestamp, marker } = header;
    toPhone.eventComes(header, arrival, now);
    const isKey = this.#events.take(packet, at, payloadLength, ssrc, timestamp, marker, clockRate, now);
    toPhone.eventCame(header);
    return isKey;
  }

  #key(step: KeyStep, nowMs: number): void {
    const events = this.#events;
    this.#toPhone?.key(step, events, nowMs);
    if (step !== 'end') return;
    this.state.counters.keys += 1;
    this.#onEvent({ kind: 'dtmf', digit: events.digit, durationMs: events.durationMs, from: 'consumer' });
  }

  #rtcp(packet: Uint8Array, received: number): void {
    const srtp = this.#srtp;
    if (!srtp) return;
    const length = srtp.unprotectRtcp(packet, received);
    if (length < 0) return;
    this.capture?.rtcp('consumer', true, packet, length);
    this.state.readRtcp(packet, length);
  }
}

/** RTP clock of the telephone-event with this payload type, Hz; 0 when it is none. */
function eventClockOf(plan: ReceivePlan, payloadType: number): number {
  const events = plan.telephoneEvents;
  for (let i = 0; i < events.length; i++) {
    const event = events[i];
    if (event?.payloadType === payloadType) return event.clockRate;
  }
  return 0;
}
