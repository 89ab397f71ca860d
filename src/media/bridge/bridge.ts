import type { QualitySample } from '../../shared/leg-quality.ts';
import type { PacketCapture } from '../capture/packet-capture.ts';
import { DTMF_KEYS } from '../dtmf/index.ts';
import type { CallLook } from '../one-way/look.ts';
import type { SrtpKeys } from '../srtp/session.ts';
import { ConsumerSide } from './consumer-side.ts';
import type { PcmSource, PcmTap, PlayMode } from './inserts.ts';
import { legLook } from './leg-look.ts';
import { legStats } from './leg-stats.ts';
import { PhoneSide } from './phone-side.ts';
import { QualityMeter } from './quality.ts';
import { ToConsumer } from './to-consumer.ts';
import { ToPhone } from './to-phone.ts';
import type { Totals } from './totals.ts';
import type {
  BridgeOptions,
  BridgeStats,
  EngineOptions,
  Leg,
  PhonePlan,
  ReceivePlan,
  SendPlan,
} from './types.ts';

/** Mean time between two reports; each is 0.5 to 1.5 times as long (RFC 3550 section 6.2), the first a tenth of it. */
const RTCP_INTERVAL_MS = 5_000;
const CHORES_EVERY_MS = 100;

/**
 * The media of one call: the consumer's SRTP on one side, the phone's RTP on the other, and a direction each way
 * between them. A packet is handled when it arrives; the engine's tick does what no packet drives. Nothing here
 * waits, and nothing is thrown.
 */
export class Bridge {
  readonly #engine: EngineOptions;
  readonly #options: BridgeOptions;
  readonly #onClosed: (bridge: Bridge) => void;
  readonly #report = Buffer.alloc(256);
  readonly #consumer: ConsumerSide;
  readonly #phone: PhoneSide;
  readonly #toPhone: ToPhone;
  readonly #toConsumer: ToConsumer;
  readonly #meters = { consumer: new QualityMeter(), phone: new QualityMeter() };
  #open = false;
  #nextChoresMs = 0;
  #nextRtcpMs = 0;
  #closing: Promise<BridgeStats> | undefined;

  /** @param ssrc our SSRC towards Meta, as in our offer */
  constructor(
    engine: EngineOptions,
    options: BridgeOptions,
    ssrc: number,
    opusComplexity: number,
    onClosed: (bridge: Bridge) => void,
  ) {
    const { clock, io, opus } = engine;
    const { onEvent } = options;
    this.#engine = engine;
    this.#options = options;
    this.#onClosed = onClosed;
    const consumer = new ConsumerSide(ssrc, clock, onEvent);
    const phone = new PhoneSide(io, clock, onEvent, (error) => this.fail(error));
    this.#consumer = consumer;
    this.#phone = phone;
    this.#toPhone = new ToPhone(
      opus,
      opusComplexity,
      consumer.state.counters,
      phone.state.outlet,
      (length, at) => phone.emit(length, at),
      () => onEvent({ kind: 'played', leg: 'phone' }),
    );
    this.#toConsumer = new ToConsumer(
      opus,
      opusComplexity,
      phone.state.counters,
      consumer.state.outlet,
      (length, at) => consumer.emit(length, at),
      () => onEvent({ kind: 'played', leg: 'consumer' }),
    );
    consumer.join(this.#toPhone);
    phone.join(this.#toConsumer);
  }

  /**
   * `send` takes the first `length` bytes, one protected datagram; valid only during the call.
   * @param strangers what the transport has dropped unread of strangers so far, datagrams
   */
  attachConsumer(
    send: (packet: Uint8Array, length: number) => void,
    strangers: () => number = () => 0,
  ): void {
    this.#consumer.attach(send, strangers);
  }

  setKeys(keys: SrtpKeys): void {
    this.#consumer.setKeys(keys);
  }

  setConsumerPlan(plan: { readonly receive: ReceivePlan; readonly send: SendPlan }): void {
    if (this.#closing) return;
    this.#consumer.setPlan(plan);
    this.#toConsumer.configureSend(plan.send);
  }

  /** Binds the phone's pair of ports. Rejects with MEDIA_RTP_PORTS. */
  openPhone(options: {
    address: string;
    portMin: number;
    portMax: number;
  }): Promise<{ address: string; port: number }> {
    return this.#phone.bind(options);
  }

  /** The first plan, or another one after a re-INVITE; the source address is learned anew. */
  setPhonePlan(plan: PhonePlan): void {
    if (this.#closing) return;
    this.#phone.setPlan(plan);
    this.#toPhone.configure(plan);
    this.#toConsumer.configurePhone(plan);
  }

  /** A key that the phone told of by SIP INFO: one of `0-9*#A-D`, down for `durationMs` ms until now. */
  infoKey(digit: string, durationMs: number): void {
    const code = DTMF_KEYS.indexOf(digit);
    if (this.#open && digit.length === 1 && code >= 0) this.#phone.infoKey(code, durationMs);
  }

  /**
   * The phone is to speak within that time from now on, ms: RTP, for RTCP does not count; if it does not, `unspoken` is told.
   * Another plan gives it that time anew, another phone ends it.
   */
  expectPhone(limitMs: number): void {
    this.#phone.expect(limitMs);
  }

  /** The phone may have been silent until now: how long it is counts from here. */
  listenAnew(): void {
    this.#phone.state.heard(this.#engine.clock.monotonic());
  }

  /** Both directions talk only when true; what comes before is dropped, so that nobody hears a backlog. */
  setOpen(open: boolean): void {
    const now = this.#engine.clock.monotonic();
    if (open && !this.#open) {
      this.#nextRtcpMs = now + this.#rtcpIntervalMs() / 10;
      this.#consumer.state.heard(now);
      this.#phone.state.heard(now);
    }
    this.#open = open;
    this.#consumer.open = open;
    this.#phone.open = open;
  }

  /** The first `length` bytes are one SRTP or SRTCP datagram of the consumer's, changed in place. */
  consumerDatagram(packet: Uint8Array, length: number): void {
    this.#consumer.datagram(packet, length);
  }

  /** libopus complexity of this call, 0 to 10. */
  setOpusComplexity(complexity: number): void {
    this.#toConsumer.setComplexity(complexity);
    this.#toPhone.setComplexity(complexity);
  }

  /** From now on `tap` hears what `leg` says. */
  tap(leg: Leg, tap: PcmTap): void {
    // Codecs that are made behind the end would never be closed.
    if (this.#closing) return;
    if (leg === 'consumer') this.#toPhone.tap(tap);
    else this.#toConsumer.tap(tap);
  }

  untap(leg: Leg, tap: PcmTap): void {
    if (this.#closing) return;
    if (leg === 'consumer') this.#toPhone.untap(tap);
    else this.#toConsumer.untap(tap);
  }

  /** What `leg` hears from now on, until the source ends (event `played`) or undefined takes its place. */
  play(leg: Leg, source: PcmSource | undefined, mode: PlayMode = 'instead'): void {
    if (this.#closing) return;
    if (leg === 'consumer') this.#toConsumer.play(source, mode);
    else this.#toPhone.play(source, mode);
  }

  /** What no packet drives; called by the engine every 20 ms. */
  tick(nowMs: number): void {
    if (!this.#open) return;
    this.#consumer.tick(nowMs);
    this.#phone.tick(nowMs);
    this.#toPhone.tick(nowMs);
    this.#toConsumer.tick(nowMs);
    if (nowMs < this.#nextChoresMs) return;
    this.#nextChoresMs = nowMs + CHORES_EVERY_MS;
    this.#doChores(nowMs);
  }

  /** What may be a tenth of a second late, and is not worth looking at in each tick of hundreds of calls. */
  #doChores(nowMs: number): void {
    this.#toConsumer.hearReports(this.#consumer.state.rtcp);
    if (nowMs >= this.#nextRtcpMs) {
      this.#nextRtcpMs = nowMs + this.#rtcpIntervalMs();
      // Round trips are measured by these: with the fraction that the tick's time has lost.
      const exactMs = this.#engine.clock.monotonic();
      this.#consumer.sendReport(this.#report, exactMs);
      this.#phone.sendReport(this.#report, exactMs);
    }
    this.#consumer.state.watch(nowMs, this.#options.mediaTimeoutMs);
    this.#phone.state.watch(nowMs, this.#options.mediaTimeoutMs);
  }

  /** A bug of this bridge: it ends, its call is told, the others go on. */
  fail(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    void this.close();
    this.#options.onEvent({ kind: 'bug', message });
  }

  /** Adds what both legs counted so far; as cheap as may be, for it is asked of every call each second. */
  countInto(totals: Totals): void {
    totals.add(this.#consumer.state.counters, this.#phone.state.counters);
    totals.consumer.strangers += this.#consumer.strangers;
    totals.phone.strangers += this.#phone.strangers;
  }

  /** What both legs did since the last asking. */
  quality(): QualitySample {
    const stats = this.dump();
    return {
      consumer: this.#meters.consumer.take(stats.consumer, this.#consumer.state),
      phone: this.#meters.phone.take(stats.phone, this.#phone.state),
    };
  }

  /** For the judge of one-way audio. @param unsent datagrams to the consumer that the system refused */
  look(transport: CallLook['transport'], unsent: number): CallLook {
    const { plan, stranger } = this.#phone;
    const refusedFamily = stranger ? (stranger.address.includes(':') ? 6 : 4) : 0;
    return {
      transport,
      open: this.#open,
      phoneDirection: plan?.direction,
      agreement: this.#phone.agreement,
      pausing: this.#toConsumer.pausing,
      consumer: legLook(this.#consumer.state, {
        unsent,
        astray: 0,
        agreedTypes: this.#consumer.payloadTypes,
        refusedFamily: 0,
      }),
      phone: legLook(this.#phone.state, {
        unsent: this.#phone.unsent,
        astray: this.#phone.astray,
        agreedTypes: plan?.receivePayloadTypes ?? [],
        refusedFamily,
      }),
    };
  }

  /** From whom the phone's leg refused a packet last, `address:port`; personal. */
  get stranger(): string | undefined {
    const { stranger } = this.#phone;
    return stranger && `${stranger.address}:${stranger.port}`;
  }

  /** From now on it is shown every packet of both legs; undefined: nobody is. */
  captureInto(capture: PacketCapture | undefined): void {
    this.#consumer.capture = capture;
    this.#phone.capture = capture;
  }

  dump(): BridgeStats {
    const { plan } = this.#phone;
    const [consumer, phone] = [this.#consumer.state, this.#phone.state];
    return {
      codec: plan?.codec,
      consumer: legStats(consumer, {
        codec: 'opus',
        clockRate: 48_000,
        buffer: this.#toPhone.buffer,
        strangers: this.#consumer.strangers,
      }),
      phone: legStats(phone, {
        codec: plan?.codec ?? 'PCMU',
        clockRate: plan?.clockRate ?? 8_000,
        buffer: this.#toConsumer.buffer,
        strangers: this.#phone.strangers,
      }),
    };
  }

  /** Idempotent; the sockets are closed when it resolves. */
  close(): Promise<BridgeStats> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  #rtcpIntervalMs(): number {
    return RTCP_INTERVAL_MS * (0.5 + (this.#engine.random ?? Math.random)());
  }

  async #shut(): Promise<BridgeStats> {
    this.#open = false;
    this.#onClosed(this);
    const stats = this.dump();
    this.#consumer.close();
    this.#toPhone.close();
    this.#toConsumer.close();
    await this.#phone.close();
    return stats;
  }
}
