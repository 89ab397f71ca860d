import { randomInt } from 'node:crypto';
import { mayName } from '../../shared/addresses.ts';
import type { Clock } from '../../shared/clock.ts';
import type { DatagramIo, Peer, Sender } from '../../shared/datagram.ts';
import { StrangerGate } from '../../shared/stranger-gate.ts';
import type { PacketCapture } from '../capture/packet-capture.ts';
import {
  DTMF_KEYS,
  DtmfDetector,
  EventReceiver,
  KeyMerge,
  type KeyMethod,
  type KeyStep,
} from '../dtmf/index.ts';
import { isRtcp, RtpHeader } from '../rtp/header.ts';
import { PacketBudget } from '../rtp/packet-budget.ts';
import { SrtpSession } from '../srtp/session.ts';
import { LegState } from './leg-state.ts';
import { Outlet } from './outlet.ts';
import { openRtpPorts, type RtpPorts } from './rtp-ports.ts';
import { SpeechWatch } from './speech-watch.ts';
import type { ToConsumer } from './to-consumer.ts';
import type { BridgeEvent, PhonePlan, Taken } from './types.ts';

/** Longer keys of SIP INFO are cut: the phone's voice is not heard meanwhile, and the word may come as late. */
const MAX_INFO_KEY_MS = 2_000;

/**
 * The phone's end: RTP and RTCP in, checked and handed to the direction of the consumer; RTP out. With keys in the plan
 * nothing is taken or sent in the clear.
 */
export class PhoneSide {
  readonly state: LegState;
  readonly #events = new EventReceiver((step, nowMs) => this.#eventKey(step, nowMs));
  readonly #merge = new KeyMerge();
  readonly #speech = new SpeechWatch();
  /** The key that an event says is down was not told of by another method before. */
  #eventIsNew = false;
  #toneIsNew = false;
  /** What was agreed before the last re-INVITE. */
  #formerEvent: PhonePlan['telephoneEvent'];
  #detector: DtmfDetector | undefined;
  readonly #io: DatagramIo;
  readonly #clock: Clock;
  readonly #header = new RtpHeader();
  readonly #budget = new PacketBudget();
  readonly #gate = new StrangerGate();
  readonly #onEvent: (event: BridgeEvent) => void;
  readonly #cname = Buffer.from(`gw-${randomInt(2 ** 47).toString(36)}`);
  #plan: PhonePlan | undefined;
  #ports: RtpPorts | undefined;
  #toConsumer: ToConsumer | undefined;
  #srtp: SrtpSession | undefined;
  /** Kept over plans without keys: none of its keys may be begun anew. */
  #session: SrtpSession | undefined;
  /** Where the phone's packets really come from; starts as what its SDP says. */
  #remote: Peer | undefined;
  #remoteRtcp: Peer | undefined;
  #declared: Peer | undefined;
  #declaredRtcp: Peer | undefined;
  /** Where the phone spoke from whose place another has taken: it may go on for a while, and is nobody any more. */
  #former: Peer | undefined;
  #latched = false;
  /** Who was refused last. */
  #stranger: Peer | undefined;
  #agreement = 0;
  #closed = false;
  /** The plan names an address where nobody may point us. */
  #isAstray = false;
  #astray = 0;
  /** Whose network the phone may name: our own; with every address bound that is loopback as well. */
  #home = '127.0.0.1';
  open = false;
  /** While somebody wants the packets. */
  capture: PacketCapture | undefined;

  readonly #onBug: (error: unknown) => void;

  /** @param onBug something was thrown on the way of a packet */
  constructor(
    io: DatagramIo,
    clock: Clock,
    onEvent: (event: BridgeEvent) => void,
    onBug: (error: unknown) => void,
  ) {
    this.state = new LegState('phone', new Outlet(randomInt(1, 2 ** 32)), clock, onEvent);
    this.#io = io;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#onBug = onBug;
  }

  /** Where what comes here goes; once, before the first packet. */
  join(toConsumer: ToConsumer): void {
    this.#toConsumer = toConsumer;
  }

  get plan(): PhonePlan | undefined {
    return this.#plan;
  }

  /** Another number with everything that changes what should come from the phone, or go there. */
  get agreement(): number {
    return this.#agreement;
  }

  /** Whose packets were refused last, for not being the phone's. */
  get stranger(): Peer | undefined {
    return this.#stranger;
  }

  /** Datagrams that the system refused to send. */
  get unsent(): number {
    const counters = this.#ports?.rtp.counters;
    return counters ? counters.unreachable + counters.failed : 0;
  }

  /** Datagrams of strangers at both ports that were dropped unread, because there were too many. */
  get strangers(): number {
    return this.#gate.dropped;
  }

  /** Packets that were not sent because the phone named an address where nobody may point us. */
  get astray(): number {
    return this.#astray;
  }

  /** Binds the pair of ports. Rejects with MEDIA_RTP_PORTS. */
  async bind(options: {
    address: string;
    portMin: number;
    portMax: number;
  }): Promise<{ address: string; port: number }> {
    if (!/^(0\.0\.0\.0|::)$/.test(options.address)) this.#home = options.address;
    const ports = await openRtpPorts(
      this.#io,
      options,
      (packet, length, from) => {
        try {
          this.#datagram(packet, length, from);
        } catch (error) {
          this.#onBug(error);
        }
      },
      (packet, length, from) => {
        try {
          if (this.#mayLook(from, this.#remoteRtcp, this.#declaredRtcp)) this.#rtcp(packet, length, from);
        } catch (error) {
          this.#onBug(error);
        }
      },
    );
    this.#ports = ports;
    if (this.#closed) await this.close();
    return { address: options.address, port: ports.rtp.port };
  }

  /** The source address is learned anew when the plan's moves. */
  setPlan(plan: PhonePlan): void {
    const { address, port, rtcpPort } = plan.remote;
    const isAnother = this.#plan !== undefined && this.#plan.phone !== plan.phone;
    const moved = isAnother || this.#plan?.remote.address !== address || this.#plan.remote.port !== port;
    if (isAnother) this.#former = this.#remote;
    if (isAnother) this.#speech.end();
    if (moved || !this.#agreesOn(plan)) {
      const now = this.#clock.monotonic();
      this.#agreement += 1;
      this.#speech.again(now);
      // A silence that was told of was the former phone's, or of its hold.
      this.state.heard(now);
    }
    this.#listenForTones(plan);
    this.#plan = plan;
    this.#setKeys(plan.srtp);
    if (!moved) return;
    if (address === '0.0.0.0' || address === '::') {
      // The old way to hold: nothing is sent, RTCP neither (RFC 3264 section 8.4). Who the phone is, stays known.
      this.#remoteRtcp = undefined;
      return;
    }
    // Where nobody may point us, nothing is sent until somebody speaks from there.
    const isFit = mayName(this.#home, address);
    this.#isAstray = !isFit;
    this.#declared = port === 0 || !isFit ? undefined : this.#io.peer(address, port);
    this.#remote = this.#declared;
    this.#declaredRtcp = rtcpPort === 0 || !isFit ? undefined : this.#io.peer(address, rtcpPort);
    this.#remoteRtcp = this.#declaredRtcp;
    this.#latched = false;
  }

  #agreesOn({ direction, codec, receivePayloadTypes }: PhonePlan): boolean {
    const plan = this.#plan;
    return (
      plan?.direction === direction &&
      plan.codec === codec &&
      plan.receivePayloadTypes.join() === receivePayloadTypes.join()
    );
  }

  #listenForTones(plan: PhonePlan): void {
    const now = this.#clock.monotonic();
    const [was, is] = [this.#plan?.telephoneEvent, plan.telephoneEvent];
    if (was?.receivePayloadType !== is?.receivePayloadType || was?.clockRate !== is?.clockRate) {
      this.#events.reset(now);
      this.#formerEvent = was;
    }
    if ((this.#detector !== undefined) === (plan.inbandDtmf === true)) return;
    this.#detector?.reset(now);
    this.#detector = plan.inbandDtmf
      ? new DtmfDetector((step, code, ms, nowMs) => this.#toneKey(step, code, ms, nowMs))
      : undefined;
    this.#toConsumer?.detectKeys(this.#detector);
  }

  /** `length` bytes of the outlet's packet. */
  emit(length: number, payloadAt: number): void {
    const ports = this.#ports;
    const { outlet } = this.state;
    const remote = this.#remote;
    if (!ports || !this.open) return;
    if (!remote) {
      if (this.#isAstray) this.#astray += 1;
      return;
    }
    outlet.count(length, payloadAt);
    if (this.capture) this.capture.rtp('phone', false, outlet.packet, payloadAt, length, undefined, remote);
    const sent = this.#srtp ? this.#srtp.protectRtp(outlet.packet, length) : length;
    if (sent < 0) return;
    ports.rtp.send(outlet.packet, sent, remote);
    this.state.sent(sent);
  }

  /** @param scratch for the report */
  sendReport(scratch: Uint8Array, nowMs: number): void {
    if (!this.#ports || !this.#remoteRtcp) return;
    const length = this.state.report(scratch, this.#cname, nowMs);
    this.capture?.rtcp('phone', false, scratch, length, this.#remoteRtcp);
    const sent = this.#srtp ? this.#srtp.protectRtcp(scratch, length) : length;
    if (sent >= 0) this.#ports.rtcp.send(scratch, sent, this.#remoteRtcp);
  }

  /** An event whose end was lost, a tone that the packets ended with, a phone that should speak and does not. */
  tick(nowMs: number): void {
    this.#events.tick(nowMs);
    this.#detector?.tick(nowMs);
    const silentMs = this.#speech.take(nowMs);
    if (silentMs !== undefined) this.#onEvent({ kind: 'unspoken', ms: silentMs });
  }

  /** It is to speak within that time from now, ms. */
  expect(limitMs: number): void {
    this.#speech.begin(this.#clock.monotonic(), limitMs);
  }

  /** A key that the phone told of by SIP INFO: `code` 0 to 15, how long it was down in ms. */
  infoKey(code: number, toldMs: number): void {
    const durationMs = Math.min(toldMs, MAX_INFO_KEY_MS);
    const now = this.#clock.monotonic();
    const isNew = this.#merge.begin('info', code, now - durationMs);
    this.#merge.end('info', now);
    if (!isNew) return this.#merged();
    this.#toConsumer?.pressKey(code, durationMs);
    this.#tellDigit(code, durationMs);
  }

  /** Idempotent; the sockets are closed when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.open = false;
    const ports = this.#ports;
    if (ports) await Promise.all([ports.rtp.close(), ports.rtcp.close()]);
  }

  #datagram(packet: Buffer, received: number, from: Sender): void {
    if (!this.#mayLook(from, this.#remote, this.#declared)) return this.state.count(received, 'source');
    if (received > 1 && isRtcp(packet)) return this.#rtcp(packet, received, from);
    const taken = this.#take(packet, received, from);
    this.state.count(received, taken);
    if (this.capture) {
      const { payloadOffset: at, payloadLength } = this.#header;
      this.capture.rtp('phone', true, packet, at, at + payloadLength, taken, from.keep());
    }
  }

  /** Before anything is read: a stranger's flood costs the call no decryption, and its own budget nothing. */
  #mayLook(from: Sender, remote: Peer | undefined, declared: Peer | undefined): boolean {
    if (from === remote || from.is(remote) || from.is(declared)) return true;
    return this.#gate.take(from, this.#clock.monotonic());
  }

  #take(packet: Buffer, received: number, from: Sender): Taken {
    const header = this.#header;
    const plan = this.#plan;
    const { reception } = this.state;
    const srtp = this.#srtp;
    if (!header.parse(packet, received, srtp !== undefined)) return 'malformed';
    if (!plan) return 'notOpen';
    const type = header.payloadType;
    const eventClock = this.#eventClock(plan, type);
    const isNoise = plan.comfortNoise?.includes(type) === true;
    if (eventClock === 0 && !isNoise && !plan.receivePayloadTypes.includes(type)) {
      this.state.counters.refusedType = type;
      return 'payloadType';
    }
    if (srtp) {
      // Before the source is believed: only who has the key is the phone.
      const length = srtp.unprotectRtp(packet, received);
      if (length < 0) return srtp.refusal;
      if (!header.trim(packet, length)) return 'malformed';
    }
    if (!this.#latch(from)) {
      if (!from.is(this.#stranger)) this.#stranger = from.keep();
      return 'source';
    }
    const exact = this.#clock.monotonic();
    // Whole milliseconds are small integers, which are handed from function to function without an object.
    const now = Math.floor(exact);
    if (!this.#budget.take(now)) return 'flood';
    const nowTicks = ((exact * plan.clockRate) / 1000) | 0;
    const arrival = reception.arrive(
      header.ssrc,
      header.sequence,
      header.timestamp,
      nowTicks,
      eventClock === 0,
    );
    this.state.heard(now);
    if (arrival === 'duplicate') return 'duplicate';
    this.#speech.packet(now);
    if (!this.open) return 'notOpen';
    this.state.first();
    if (eventClock > 0) this.#toConsumer?.eventComes(header, now);
    if (eventClock > 0) return this.#takeEvent(packet, eventClock, now) ? undefined : 'event';
    if (arrival === 'late' && !this.#toConsumer?.buffers) return 'late';
    if (plan.direction === 'sendonly' || plan.direction === 'inactive') return 'held';
    return isNoise
      ? this.#toConsumer?.comfortNoise(packet, header, now)
      : this.#toConsumer?.audio(packet, header, arrival, reception.missing, now);
  }

  #setKeys(keys: PhonePlan['srtp']): void {
    if (keys && this.#session) this.#session.rekey(keys);
    else if (keys) this.#session = new SrtpSession(keys);
    this.#srtp = keys && this.#session;
  }

  #rtcp(packet: Buffer, received: number, from: Sender): void {
    // In the clear its address alone tells the phone from a stranger, who must not keep a dead call alive.
    const { address } = from;
    if (!this.#srtp && address !== this.#remote?.address && address !== this.#declared?.address) return;
    const length = this.#srtp ? this.#srtp.unprotectRtcp(packet, received) : received;
    if (length < 0) return;
    this.capture?.rtcp('phone', true, packet, length, from.keep());
    this.state.readRtcp(packet, length);
  }

  /**
   * Clock of the telephone-event with this payload type, Hz; 0 when it is none. Phones also send with the number that
   * they declared themselves, or go on with that of before a re-INVITE.
   */
  #eventClock({ telephoneEvent, receivePayloadTypes }: PhonePlan, type: number): number {
    if (telephoneEvent?.receivePayloadType === type) return telephoneEvent.clockRate;
    if (receivePayloadTypes.includes(type)) return 0;
    if (telephoneEvent?.payloadType === type) return telephoneEvent.clockRate;
    return this.#formerEvent?.receivePayloadType === type ? this.#formerEvent.clockRate : 0;
  }

  #takeEvent(packet: Buffer, clockRate: number, now: number): boolean {
    const { payloadOffset: at, payloadLength, ssrc, timestamp, marker } = this.#header;
    return this.#events.take(packet, at, payloadLength, ssrc, timestamp, marker, clockRate, now);
  }

  #eventKey(step: KeyStep, nowMs: number): void {
    const events = this.#events;
    if (step === 'start') this.#eventIsNew = this.#goesDown('rfc4733', events.code, nowMs);
    if (this.#eventIsNew) this.#toConsumer?.key(step, events, nowMs);
    if (step !== 'end') return;
    this.#merge.end('rfc4733', nowMs);
    if (this.#eventIsNew) this.#tellDigit(events.code, events.durationMs);
  }

  #toneKey(step: 'start' | 'end', code: number, durationMs: number, nowMs: number): void {
    if (step === 'start') {
      this.#toneIsNew = this.#goesDown('inband', code, nowMs);
      if (this.#toneIsNew) this.#toConsumer?.pressKey(code);
      return;
    }
    this.#merge.end('inband', nowMs);
    if (!this.#toneIsNew) return;
    this.#toConsumer?.releaseKey(durationMs);
    this.#tellDigit(code, durationMs);
  }

  #goesDown(method: KeyMethod, code: number, nowMs: number): boolean {
    const isNew = this.#merge.begin(method, code, nowMs);
    if (!isNew) this.#merged();
    return isNew;
  }

  #merged(): void {
    this.state.counters.keysMerged += 1;
  }

  /** Symmetric RTP (RFC 4961): the first source that speaks our codec is the phone; a stranger later is not. */
  #latch(from: Sender): boolean {
    const remote = this.#remote;
    if (from === remote && this.#latched) return true;
    // The very source that the phone declared is the phone, whoever of its host went on speaking from another port.
    if (from.is(remote) || from.is(this.#declared)) {
      if (!from.is(remote)) {
        this.#remoteRtcp = this.#declaredRtcp;
        this.#tellLatched(from);
      }
      this.#remote = from.keep();
      this.#latched = true;
      return true;
    }
    if (this.#former && from.is(this.#former)) return false;
    // The address that the phone declared wins over any other, so that who speaks first cannot steal the call.
    const declared = this.#declared?.address;
    if (this.#latched && (from.address !== declared || remote?.address === declared)) return false;
    this.#remote = from.keep();
    this.#remoteRtcp = this.#io.peer(from.address, from.port + 1);
    this.#latched = true;
    this.#tellLatched(from);
    return true;
  }

  #tellLatched({ address, port }: Sender): void {
    this.#onEvent({ kind: 'latched', address, port });
  }

  #tellDigit(code: number, durationMs: number): void {
    this.state.counters.keys += 1;
    this.#onEvent({ kind: 'dtmf', digit: DTMF_KEYS[code] as string, durationMs, from: 'phone' });
  }
}
