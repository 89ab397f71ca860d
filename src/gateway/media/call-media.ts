import type {
  Bridge,
  BridgeEvent,
  BridgeStats,
  MediaEngine,
  PhonePlan,
  RecordDesk,
  SoundBank,
} from '../../media/index.ts';
import { MESSENGER_SDP, WHATSAPP_SDP } from '../../sdp/index.ts';
import { systemClock } from '../../shared/clock.ts';
import type { DatagramIo } from '../../shared/datagram.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { openWebrtcLeg, type WebrtcEvents, type WebrtcLeg, type WebrtcState } from '../../webrtc/index.ts';
import { CallRecording } from './call-recording.ts';
import { CallSounds } from './call-sounds.ts';
import { CallTap } from './call-tap.ts';
import { OneWayWatch } from './one-way-watch.ts';
import type { CallAudio, LiveMedia, MediaEvent, MediaRequests, WorkerOptions } from './protocol.ts';

/** What all calls of a worker share. */
export interface WorkerParts {
  readonly engine: MediaEngine;
  readonly io: DatagramIo;
  readonly bank: SoundBank;
  /** undefined: nothing can be recorded. */
  readonly desk: RecordDesk | undefined;
}

const NO_AUDIO: CallAudio = { recording: 'off' };

/** One call inside a media worker: the WebRTC leg and the bridge, tied together. */
export class CallMedia {
  readonly #call: string;
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #log: Log;
  readonly #tell: (event: MediaEvent) => void;
  #leg: WebrtcLeg | undefined;
  #bridge: Bridge | undefined;
  #sounds: CallSounds | undefined;
  #recording: CallRecording | undefined;
  readonly #tap: CallTap;
  readonly #oneWay: OneWayWatch;
  #closing: Promise<BridgeStats | undefined> | undefined;
  /** Events before the bridge exists cannot come: nobody knows our address yet. */
  #lost = false;
  #secure = false;
  #heardConsumer = false;
  /** An announcement takes the place of a phone. */
  #alone = false;
  #early = false;

  constructor(
    call: string,
    parts: WorkerParts,
    options: WorkerOptions,
    log: Log,
    tell: (event: MediaEvent) => void,
  ) {
    this.#call = call;
    this.#parts = parts;
    this.#options = options;
    this.#log = log;
    this.#tell = tell;
    this.#tap = new CallTap(tell, () => this.#oneWay.takeLevels());
    this.#oneWay = new OneWayWatch({ call, clock: systemClock, log, tell });
  }

  /** Binds both legs. Rejects with WEBRTC_BIND, MEDIA_RTP_PORTS or what is wrong with the offer; the caller then closes. */
  async open({
    platform,
    offerSdp,
    audio = NO_AUDIO,
  }: Omit<MediaRequests['open']['params'], 'call'>): Promise<MediaRequests['open']['result']> {
    const { webrtc, rtp } = this.#options;
    const leg = await openWebrtcLeg({
      ...webrtc,
      dialect: platform === 'whatsapp' ? WHATSAPP_SDP : MESSENGER_SDP,
      ...(offerSdp === undefined ? {} : { remoteOffer: offerSdp }),
      io: this.#parts.io,
      clock: systemClock,
      log: this.#log,
      events: this.#events(),
    });
    this.#leg = leg;
    if (this.#closing) {
      await leg.close();
      throw new GatewayError('GATEWAY_NO_CALL');
    }
    const bridge = this.#parts.engine.openBridge(
      { mediaTimeoutMs: rtp.mediaTimeoutMs, onEvent: (event) => this.#bridgeEvent(event) },
      leg.ssrc,
    );
    this.#bridge = bridge;
    this.#addSounds(bridge, audio);
    bridge.attachConsumer(
      (packet, length) => leg.send(packet, length),
      () => leg.strangers,
    );
    const { address, port } = await bridge.openPhone(rtp);
    this.#tap.opened(bridge, leg, { address, port });
    return { localSdp: leg.localSdp, phoneAddress: address, phonePort: port };
  }

  applyAnswer(sdp: string): undefined {
    const result = this.#legOrThrow().applyAnswer(sdp);
    if (!result.ok) throw result.error;
    return undefined;
  }

  applyRenegotiation(sdp: string): { answerSdp: string } {
    const result = this.#legOrThrow().applyRenegotiation(sdp);
    if (!result.ok) throw result.error;
    return { answerSdp: result.value.answerSdp };
  }

  setPhonePlan(plan: PhonePlan): undefined {
    this.#bridgeOrThrow().setPhonePlan(plan);
    this.#sounds?.planned(plan);
    this.#tap.planned(plan);
    return undefined;
  }

  choose({ announcement, recording }: CallAudio): undefined {
    this.#sounds?.choose(announcement);
    this.#recording?.choose(recording, announcement !== undefined);
    return undefined;
  }

  wait(waiting: boolean): undefined {
    const bridge = this.#bridgeOrThrow();
    // Meanwhile nobody minded a silence, which is told of once.
    if (!waiting) bridge.listenAnew();
    this.#sounds?.wait(waiting);
    this.#oneWay.wait(waiting);
    return undefined;
  }

  expectPhone(ms: number): undefined {
    this.#bridgeOrThrow().expectPhone(ms);
    return undefined;
  }

  answered(): undefined {
    this.#oneWay.answered();
    return undefined;
  }

  infoKey(digit: string, durationMs: number): undefined {
    this.#bridgeOrThrow().infoKey(digit, durationMs);
    return undefined;
  }

  setOpen(open: boolean): undefined {
    const bridge = this.#bridgeOrThrow();
    // Silence counts from here: a phone may have been silent as long as it rang.
    if (this.#early) bridge.setOpen(false);
    this.#early = false;
    bridge.setOpen(open);
    if (!open) return undefined;
    this.#sounds?.opened();
    if (!this.#alone) this.#recording?.opened();
    return undefined;
  }

  openEarly(ringback: boolean): undefined {
    this.#early = true;
    this.#bridgeOrThrow().setOpen(true);
    this.#sounds?.early(ringback);
    return undefined;
  }

  play({ leg, sound }: MediaRequests['play']['params']): undefined {
    this.#bridgeOrThrow();
    this.#sounds?.play(leg, sound);
    return undefined;
  }

  announce({ sound }: MediaRequests['announce']['params']): undefined {
    this.#bridgeOrThrow();
    this.#alone = true;
    this.#sounds?.announceAlone(sound, () => this.#tell({ kind: 'announced' }));
    return undefined;
  }

  stop({ leg }: MediaRequests['stop']['params']): undefined {
    this.#bridgeOrThrow();
    this.#sounds?.stop(leg);
    return undefined;
  }

  record({ action }: MediaRequests['record']['params']): MediaRequests['record']['result'] {
    this.#bridgeOrThrow();
    if (!this.#recording) throw new GatewayError('GATEWAY_NO_CALL');
    return this.#recording.act(action);
  }

  startCapture(wanted: { maxBytes: number; payload: boolean }): undefined {
    this.#bridgeOrThrow();
    this.#tap.startCapture(wanted);
    return undefined;
  }

  stopCapture(): undefined {
    this.#tap.stopCapture();
    return undefined;
  }

  /** Tells how it goes, for the trace. */
  sample(): void {
    if (this.#bridge && !this.#closing) this.#tap.sample();
  }

  /** Whether audio flows; to be called every `LOOK_EVERY_MS`. */
  look(): void {
    if (this.#bridge && this.#leg && !this.#closing) this.#oneWay.look(this.#bridge, this.#leg);
  }

  dump(): LiveMedia {
    return {
      call: this.#call,
      webrtc: this.#leg?.dump(),
      bridge: this.#bridge?.dump(),
      recording: this.#recording?.state,
      oneWay: this.#oneWay.verdicts,
    };
  }

  /** Idempotent; every socket and timer of the call is gone when it resolves. */
  close(): Promise<BridgeStats | undefined> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<BridgeStats | undefined> {
    this.#tap.close();
    // First it lets go of the bridge. Its summary is told before the reply to `close`, so that the call's record has it.
    const recorded = this.#recording?.close();
    const [stats] = await Promise.all([this.#bridge?.close(), this.#leg?.close(), recorded]);
    return stats;
  }

  #addSounds(bridge: Bridge, { announcement, recording: mode }: CallAudio): void {
    const { bank, desk } = this.#parts;
    const { sounds: options, record } = this.#options;
    const sounds = new CallSounds({
      bridge,
      bank,
      sounds: options,
      announcement,
      onPlayed: (leg) => this.#tell({ kind: 'played', leg }),
    });
    this.#sounds = sounds;
    const consentToneMs = record?.consentToneMs ?? 0;
    this.#recording = new CallRecording({
      call: this.#call,
      bridge,
      desk,
      mode,
      consentToneMs,
      announces: announcement !== undefined,
      clock: systemClock,
      beep: () => sounds.beep(),
      onStarted: (file) => this.#tell({ kind: 'recording', file }),
      onRecorded: (recording) => {
        if (!recording.complete) this.#log.error({ call: this.#call, ...recording }, 'recording.incomplete');
        this.#tell({ kind: 'recorded', recording });
      },
      onTrouble: (code, message) => this.#tell({ kind: 'recordingTrouble', code, message }),
    });
  }

  #events(): WebrtcEvents {
    return {
      onState: (state, reason) => this.#stateOf(state, reason),
      onKeys: (keys) => {
        this.#bridge?.setKeys(keys);
        this.#tap.secure(keys.profile);
      },
      onDatagram: (packet, length) => this.#bridge?.consumerDatagram(packet, length),
      onPlan: (plan) => this.#bridge?.setConsumerPlan(plan),
    };
  }

  #stateOf(state: WebrtcState, reason: string | undefined): void {
    if (this.#closing) return;
    this.#tap.iceState(state);
    this.#oneWay.transport(state);
    if (state === 'ice-connected') return this.#tell({ kind: 'iceConnected' });
    if (state === 'disconnected') return this.#log.warn({ call: this.#call }, 'webrtc.disconnected');
    if (state === 'secure') {
      // Again after a disconnection: the call knows already.
      if (!this.#secure) this.#tell({ kind: 'secure' });
      this.#secure = true;
      return;
    }
    if (state !== 'failed' || this.#lost) return;
    this.#lost = true;
    this.#tell({ kind: 'consumerLost', reason: reason ?? 'unknown' });
  }

  #bridgeEvent(event: BridgeEvent): void {
    if (this.#closing) return;
    // Meta's own webhook says that the consumer left; RTCP may come from a relay that changes.
    if (event.kind === 'rtcpBye')
      return this.#log.debug({ call: this.#call, leg: event.leg }, 'media.rtcp-bye');
    if (event.kind === 'latched') return this.#tap.latched(event.address, event.port);
    // Whose sound it was, CallSounds knows.
    if (event.kind === 'played') return;
    if (event.kind === 'firstPacket' && event.leg === 'consumer') {
      this.#heardConsumer = true;
      this.#sounds?.consumerHeard();
    }
    // Who mutes may send nothing at all. Meta is there as long as it consents (RFC 7675); losing that fails the leg.
    if (event.kind === 'silent') this.#tap.silent(event.leg, event.ms);
    if (event.kind === 'silent' && event.leg === 'consumer' && this.#heardConsumer)
      return this.#log.info({ call: this.#call, ms: event.ms }, 'media.consumer-silent');
    this.#tell(event);
  }

  #legOrThrow(): WebrtcLeg {
    if (!this.#leg || this.#closing) throw new GatewayError('GATEWAY_NO_CALL');
    return this.#leg;
  }

  #bridgeOrThrow(): Bridge {
    if (!this.#bridge || this.#closing) throw new GatewayError('GATEWAY_NO_CALL');
    return this.#bridge;
  }
}
