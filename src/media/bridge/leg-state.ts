import type { Clock } from '../../shared/clock.ts';
import { Reception } from '../rtp/reception.ts';
import { RtcpState, writeReport } from '../rtp/rtcp.ts';
import { Counters } from './counters.ts';
import type { Outlet } from './outlet.ts';
import type { BridgeEvent, Leg, Taken } from './types.ts';

/** What both legs keep alike: counters, reception, reports, and when somebody was last heard. */
export class LegState {
  readonly name: Leg;
  readonly counters = new Counters();
  readonly reception = new Reception();
  readonly rtcp = new RtcpState();
  readonly outlet: Outlet;
  readonly #clock: Clock;
  readonly #onEvent: (event: BridgeEvent) => void;
  readonly #sent: { readonly ssrc: number; packets: number; bytes: number; timestamp: number };
  readonly #wallOriginMs: number;
  #heardMs = 0;
  /** `silent` was told and nothing came since. */
  #told = false;

  constructor(name: Leg, outlet: Outlet, clock: Clock, onEvent: (event: BridgeEvent) => void) {
    this.name = name;
    this.outlet = outlet;
    this.#clock = clock;
    this.#wallOriginMs = clock.now() - clock.monotonic();
    this.#onEvent = onEvent;
    this.#sent = { ssrc: outlet.ssrc, packets: 0, bytes: 0, timestamp: 0 };
  }

  /** Counts a received datagram by what became of it. */
  count(bytes: number, taken: Taken): void {
    const { counters } = this;
    counters.received += 1;
    counters.bytesReceived += bytes;
    if (taken === 'waiting') return;
    if (taken) counters.drop(taken);
    else counters.used += 1;
  }

  /** A valid packet came. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#told = false;
  }

  first(): void {
    if (this.counters.firstPacketAtMs !== 0) return;
    this.counters.firstPacketAtMs = this.#clock.now();
    this.#onEvent({ kind: 'firstPacket', leg: this.name });
  }

  /** Tells once of each silence longer than `timeoutMs`. */
  watch(nowMs: number, timeoutMs: number): void {
    const silent = nowMs - this.#heardMs;
    if (this.#told || silent < timeoutMs) return;
    this.#told = true;
    this.#onEvent({ kind: 'silent', leg: this.name, ms: Math.round(silent) });
  }

  /** One compound packet in the clear. */
  readRtcp(packet: Uint8Array, length: number): void {
    const now = this.#clock.monotonic();
    const hadBye = this.rtcp.bye;
    const theirs = this.reception.received > 0 ? this.reception.ssrc : undefined;
    if (!this.rtcp.read(packet, length, this.outlet.ssrc, theirs, this.#wall(now), now)) return;
    // Only authenticated reports prove that the consumer lives; a phone's need no proof.
    this.heard(now);
    if (this.rtcp.bye && !hadBye) this.#onEvent({ kind: 'rtcpBye', leg: this.name });
  }

  /** Writes our report on this leg; returns its length in bytes. */
  report(out: Uint8Array, cname: Uint8Array, nowMs: number): number {
    const { outlet, reception, rtcp } = this;
    const sent = this.#sent;
    sent.packets = outlet.packets;
    sent.bytes = outlet.payloadBytes;
    sent.timestamp = outlet.timestamp;
    return writeReport(out, sent, reception, rtcp, cname, this.#wall(nowMs), nowMs);
  }

  /** Wall-clock ms that no step of the system's clock disturbs, with its fraction: round trips are measured by it. */
  #wall(nowMs: number): number {
    return this.#wallOriginMs + nowMs;
  }

  sent(bytes: number): void {
    this.counters.sent += 1;
    this.counters.bytesSent += bytes;
  }
}
