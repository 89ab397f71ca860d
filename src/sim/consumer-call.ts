import { randomBytes, randomInt } from 'node:crypto';
import { type RtpHeader, RtpPacket } from 'werift';
import { type AudioDecoder, type OpusLibrary, opusSamples48k } from '../media/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import { Ear } from './ear.ts';
import type { Heard, SimEventSink } from './events.ts';
import type { ReplyForm } from './faults.ts';
import type { CheckCounters } from './lite-agent.ts';
import { MediaPeer } from './media-peer.ts';
import { buildAnswer, buildRenegotiation, consumerMid, type GatewayOffer } from './meta-sdp.ts';
import { type HeardReports, RelayRtcp } from './relay-rtcp.ts';
import { Voice, type VoiceOptions } from './voice.ts';
import type { CallDelivery } from './webhooks.ts';

export interface ConsumerCallOptions extends VoiceOptions {
  readonly pageId: string;
  /** How the webhooks of this call are delivered. */
  readonly delivery?: CallDelivery;
  /** How the relay answers. */
  readonly reply?: ReplyForm;
  /** Meta's client gives up without any media for so long, ms; at the start and in mid-call. */
  readonly silenceDropMs?: { readonly start: number; readonly later: number };
}

/** `elsewhere`: another app of the Page accepted it. */
export type ConsumerCallState = 'ringing' | 'accepted' | 'connected' | 'elsewhere' | 'ended';

export interface CallEnd {
  /** As the terminate webhook says it. */
  readonly status: 'Completed' | 'Failed';
  readonly by: 'consumer' | 'business' | 'meta';
  readonly reason: string;
  /** What the business asked for, when it did. */
  readonly action?: 'reject' | 'terminate';
}

/** What the relay saw of the gateway; a test's oracle. */
export interface RelayView extends CheckCounters {
  /** SRTP or DTLS that could not be read. */
  readonly forged: number;
  /** RTP of another payload type, SSRC or mid than the offer's. */
  readonly strays: number;
  readonly rtcp: HeardReports;
  /** The consumer's packets, and how many of them the bad network took. */
  readonly sent: number;
}

/** What the simulator does for a call that its consumer's phone cannot: webhooks, and being forgotten. */
export interface CallHost {
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly random: () => number;
  readonly onEvent: SimEventSink;
  /** Where relays listen. */
  readonly relay: { readonly address: string; readonly address6?: string | undefined };
  terminated(call: ConsumerCall, end: CallEnd, durationS: number | undefined): Promise<void>;
}

/** Meta shows "Not Answered" after this, ms. */
const ACCEPT_WINDOW_MS = 60_000;
const RTCP_INTERVAL_MS = 5_000;
const FIRST_RTCP_MS = 500;

/** One call as the consumer's phone lives it, from pressing *Call* to the end. */
export class ConsumerCall {
  readonly id = `c_${randomBytes(9).toString('base64url')}`;
  readonly pageId: string;
  readonly psid: string;
  readonly options: ConsumerCallOptions;
  readonly startedAtMs: number;
  /** Resolves when the business accepted. */
  readonly accepted: Promise<void>;
  /** Resolves when DTLS is up. */
  readonly connected: Promise<void>;
  /** Resolves when the consumer hears the first packet. */
  readonly firstAudio: Promise<void>;
  /** Resolves when the terminate webhook was delivered. */
  readonly ended: Promise<CallEnd>;
  readonly #host: CallHost;
  readonly #ear = new Ear(16_000);
  readonly #pcm = new Int16Array(5_760);
  readonly #resolve: { accepted(): void; connected(): void; firstAudio(): void; ended(end: CallEnd): void };
  #state: ConsumerCallState = 'ringing';
  #decoder: AudioDecoder | undefined;
  #peer: MediaPeer | undefined;
  #voice: Voice | undefined;
  #rtcp: RelayRtcp | undefined;
  #report: TimerHandle | undefined;
  #offer: GatewayOffer | undefined;
  #strays = 0;
  #window: TimerHandle | undefined;
  #silence: TimerHandle | undefined;
  #connectedAtMs: number | undefined;
  #end: CallEnd | undefined;

  constructor(host: CallHost, psid: string, options: ConsumerCallOptions) {
    this.#host = host;
    this.psid = psid;
    this.pageId = options.pageId;
    this.options = options;
    this.startedAtMs = host.clock.now();
    const [accepted, connected, firstAudio, ended] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<CallEnd>(),
    ];
    this.accepted = accepted.promise;
    this.connected = connected.promise;
    this.firstAudio = firstAudio.promise;
    this.ended = ended.promise;
    this.#resolve = {
      accepted: accepted.resolve,
      connected: connected.resolve,
      firstAudio: firstAudio.resolve,
      ended: ended.resolve,
    };
    this.#window = host.clock.after(ACCEPT_WINDOW_MS, () =>
      this.#finish({ status: 'Completed', by: 'meta', reason: 'not answered within 60 s' }),
    );
  }

  get state(): ConsumerCallState {
    return this.#state;
  }

  get end(): CallEnd | undefined {
    return this.#end;
  }

  heard(): Heard {
    return this.#ear.heard();
  }

  dump(): RelayView {
    const none: HeardReports = { senderReports: 0, receiverReports: 0, remoteLost: 0, bye: false };
    return {
      ...(this.#peer?.counters ?? { answered: 0, refused: {}, strangers: 0, forged: 0 }),
      strays: this.#strays,
      rtcp: this.#rtcp?.heard ?? none,
      sent: this.#voice?.packets ?? 0,
    };
  }

  /** Everything heard, 16 kHz mono. */
  recording(): { readonly sampleRate: number; readonly pcm: Int16Array } {
    return { sampleRate: this.#ear.sampleRate, pcm: this.#ear.recording() };
  }

  /** Presses keys; resolves when the last one is let go. */
  async sendDtmf(digits: string): Promise<void> {
    this.#tell('consumer', 'meta', `DTMF ${digits.length} keys`);
    await this.#voice?.press(digits);
  }

  /** The consumer hangs up; resolves when the terminate webhook was delivered. */
  async hangup(): Promise<void> {
    this.#tell('consumer', 'meta', 'hangs up');
    await this.#finish({ status: 'Completed', by: 'consumer', reason: 'consumer hung up' });
  }

  /** Another app of the Page accepts; this gateway is not the call's owner any more. Until the consumer hangs up. */
  answeredElsewhere(): void {
    if (this.#state !== 'ringing') return;
    this.#window?.clear();
    this.#state = 'elsewhere';
    this.#tell('consumer', 'meta', 'answered by another app');
  }

  /** The business accepted with its offer; returns what Graph replies with. */
  async accept(offer: GatewayOffer): Promise<{ readonly answer: string; readonly renegotiation: string }> {
    this.#window?.clear();
    this.#state = 'accepted';
    this.#offer = offer;
    const ufrag = `Hd82kQpLx0ZtWmYc${randomInt(10_000)}/57`;
    const otherUfrag = ufrag.replace('/', '//');
    const pwd = randomBytes(18).toString('base64');
    const person = `${880_000_000 + randomInt(1_000_000)}:${randomBytes(12).toString('base64url')}`;
    const peer = await MediaPeer.open({
      offer,
      ...this.#host.relay,
      ufrag,
      otherUfrag,
      pwd,
      onSecure: () => this.#secure(offer),
      onFailed: (reason) => void this.#finish({ status: 'Failed', by: 'meta', reason }),
      onRtp: (packet) => this.#hear(packet),
      onRtcp: (packet) => this.#rtcp?.rtcp(packet, this.#host.clock.monotonic()),
    });
    this.#peer = peer;
    if (this.#end) await peer.close();
    else {
      this.#rtcp = new RelayRtcp(this.#ssrc, person);
      this.#decoder = this.#host.opus.decoder(16_000);
      this.#watchSilence(this.options.silenceDropMs?.start ?? 20_000);
    }
    const parts = {
      offer,
      candidates: peer.candidates,
      ufrag,
      pwd,
      fingerprint: peer.fingerprint,
      person,
      track: String(randomInt(2 ** 47)),
      ssrc: this.#ssrc,
      telephoneEvent: this.options.reply?.telephoneEvent === true,
      bumpVersion: this.options.reply?.bumpVersion === true,
    };
    const renegotiation = buildRenegotiation(
      this.options.reply?.otherUfrag ? { ...parts, ufrag: otherUfrag } : parts,
    );
    this.#resolve.accepted();
    return { answer: buildAnswer(parts), renegotiation };
  }

  /** The business said reject or terminate. */
  endByBusiness(action: 'reject' | 'terminate'): Promise<void> {
    return this.#finish({ status: 'Completed', by: 'business', reason: `business ${action}ed`, action });
  }

  /** Drops everything without a webhook. */
  async close(): Promise<void> {
    this.#end ??= { status: 'Failed', by: 'meta', reason: 'simulator closed' };
    await this.#release();
  }

  readonly #ssrc = randomInt(1, 2 ** 32);

  #secure(offer: GatewayOffer): void {
    if (this.#end || !this.#peer) return;
    this.#state = 'connected';
    this.#connectedAtMs = this.#host.clock.now();
    this.#tell('meta', 'gateway', 'DTLS up');
    const { clock, opus, random } = this.#host;
    // Without a renegotiation there is only the line that we offered.
    const mid = this.options.reply?.withoutRenegotiation ? offer.mid : consumerMid(offer);
    const format = { ssrc: this.#ssrc, opusPayloadType: offer.opus, mid };
    this.#voice = new Voice(this.#peer, opus, clock, random, format, this.options);
    this.#voice.start();
    this.#reportAfter(FIRST_RTCP_MS);
    this.#resolve.connected();
  }

  #reportAfter(ms: number): void {
    const { clock } = this.#host;
    this.#report = clock.after(ms, () => {
      const voice = this.#voice;
      const report = voice && this.#rtcp?.report(voice, clock.now(), clock.monotonic());
      if (report) this.#peer?.sendRtcp(report);
      this.#reportAfter(RTCP_INTERVAL_MS);
    });
  }

  #hear(packet: Buffer): void {
    const { header, payload } = RtpPacket.deSerialize(packet);
    if (!this.#isOurs(header)) {
      this.#strays += 1;
      return;
    }
    if (opusSamples48k(payload) === 0) return;
    if (this.#ear.rxPackets === 0) {
      this.#tell('gateway', 'consumer', 'first audio packet');
      this.#resolve.firstAudio();
    }
    this.#rtcp?.rtp(header, this.#host.clock.monotonic());
    this.#ear.packet(header.sequenceNumber);
    const samples = this.#decoder?.decode(payload, this.#pcm) ?? 0;
    this.#ear.hear(this.#pcm, samples);
    this.#watchSilence(this.options.silenceDropMs?.later ?? 30_000);
  }

  /** The relay forwards what the offer announced, and nothing else. */
  #isOurs({ payloadType, ssrc, extensions }: RtpHeader): boolean {
    const offer = this.#offer;
    if (!offer || payloadType !== offer.opus || (offer.ssrc !== undefined && ssrc !== offer.ssrc))
      return false;
    const mid = extensions.find(({ id }) => id === 4)?.payload.toString('utf8');
    return mid === undefined || mid === offer.mid;
  }

  #watchSilence(ms: number): void {
    this.#silence?.clear();
    if (this.#end) return;
    this.#silence = this.#host.clock.after(ms, () =>
      this.#finish({ status: 'Failed', by: 'meta', reason: `no media for ${ms / 1000} s` }),
    );
  }

  async #finish(end: CallEnd): Promise<void> {
    if (this.#end) return;
    this.#end = end;
    const durationS =
      this.#connectedAtMs === undefined
        ? undefined
        : Math.max(1, Math.round((this.#host.clock.now() - this.#connectedAtMs) / 1000));
    await this.#release();
    this.#state = 'ended';
    await this.#host.terminated(this, end, durationS);
    this.#resolve.ended(end);
  }

  async #release(): Promise<void> {
    this.#window?.clear();
    this.#silence?.clear();
    this.#report?.clear();
    this.#voice?.close();
    await this.#peer?.close();
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#resolve.accepted();
  }

  #tell(from: 'consumer' | 'meta' | 'gateway', to: 'consumer' | 'meta' | 'gateway', what: string): void {
    this.#host.onEvent({ atMs: this.#host.clock.now(), from, to, what, callId: this.id });
  }
}
