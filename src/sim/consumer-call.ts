import { randomBytes, randomInt } from 'node:crypto';
import { RtpPacket } from 'werift';
import { type AudioDecoder, type OpusLibrary, opusSamples48k } from '../media/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import { Ear } from './ear.ts';
import type { Heard, SimEventSink } from './events.ts';
import type { ReplyForm } from './faults.ts';
import { MediaPeer } from './media-peer.ts';
import { buildAnswer, buildRenegotiation, type GatewayOffer } from './meta-sdp.ts';
import { Voice, type VoiceOptions } from './voice.ts';
import type { DeliveryOptions } from './webhooks.ts';

export interface ConsumerCallOptions extends VoiceOptions {
  readonly pageId: string;
  /** How the webhooks of this call are delivered. */
  readonly delivery?: DeliveryOptions;
  /** How the relay answers. */
  readonly reply?: ReplyForm;
  /** Meta's client gives up without any media for so long, ms; at the start and in mid-call. */
  readonly silenceDropMs?: { readonly start: number; readonly later: number };
}

export type ConsumerCallState = 'ringing' | 'accepted' | 'connected' | 'ended';

export interface CallEnd {
  /** As the terminate webhook says it. */
  readonly status: 'Completed' | 'Failed';
  readonly by: 'consumer' | 'business' | 'meta';
  readonly reason: string;
}

/** What the simulator does for a call that its consumer's phone cannot: webhooks, and being forgotten. */
export interface CallHost {
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly random: () => number;
  readonly onEvent: SimEventSink;
  terminated(call: ConsumerCall, end: CallEnd, durationS: number | undefined): Promise<void>;
}

/** Meta shows "Not Answered" after this, ms. */
const ACCEPT_WINDOW_MS = 60_000;

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

  /** The business accepted with its offer; returns what Graph replies with. */
  async accept(offer: GatewayOffer): Promise<{ readonly answer: string; readonly renegotiation: string }> {
    this.#window?.clear();
    this.#state = 'accepted';
    const ufrag = `Hd82kQpLx0ZtWmYc${randomInt(10_000)}/57`;
    const otherUfrag = ufrag.replace('/', '//');
    const pwd = randomBytes(18).toString('base64').replaceAll('=', '');
    const peer = await MediaPeer.open({
      offer,
      ufrag,
      otherUfrag,
      pwd,
      onSecure: () => this.#secure(offer),
      onFailed: (reason) => void this.#finish({ status: 'Failed', by: 'meta', reason }),
      onRtp: (packet) => this.#hear(packet),
    });
    if (this.#end) await peer.close();
    this.#peer = peer;
    this.#decoder ??= this.#host.opus.decoder(16_000);
    const parts = {
      offer,
      ...peer.address,
      ufrag,
      pwd,
      fingerprint: peer.fingerprint,
      person: `${880_000_000 + randomInt(1_000_000)}:${randomBytes(12).toString('base64url')}`,
      ssrc: this.#ssrc,
      telephoneEvent: this.options.reply?.telephoneEvent === true,
    };
    const renegotiation = buildRenegotiation(
      this.options.reply?.otherUfrag ? { ...parts, ufrag: otherUfrag } : parts,
    );
    this.#watchSilence(this.options.silenceDropMs?.start ?? 20_000);
    this.#resolve.accepted();
    return { answer: buildAnswer(parts), renegotiation };
  }

  /** The business said reject or terminate. */
  endByBusiness(reason: string): Promise<void> {
    return this.#finish({ status: 'Completed', by: 'business', reason });
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
    const settings = { ...this.options, ssrc: this.#ssrc, opusPayloadType: offer.opus };
    this.#voice = new Voice(this.#peer, opus, clock, random, settings);
    this.#voice.start();
    this.#resolve.connected();
  }

  #hear(packet: Buffer): void {
    const rtp = RtpPacket.deSerialize(packet);
    if (opusSamples48k(rtp.payload) === 0) return;
    if (this.#ear.rxPackets === 0) {
      this.#tell('gateway', 'consumer', 'first audio packet');
      this.#resolve.firstAudio();
    }
    this.#ear.packet(rtp.header.sequenceNumber);
    const samples = this.#decoder?.decode(rtp.payload, this.#pcm) ?? 0;
    this.#ear.hear(this.#pcm, samples);
    this.#watchSilence(this.options.silenceDropMs?.later ?? 30_000);
  }

  #watchSilence(ms: number): void {
    this.#silence?.clear();
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
