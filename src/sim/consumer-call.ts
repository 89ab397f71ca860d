import { randomBytes } from 'node:crypto';
import type { TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import type { WhenCalled } from './consumers.ts';
import { type Heard, NOTHING_HEARD, type SimEventSink, type SimParty } from './events.ts';
import type { ReplyForm } from './faults.ts';
import type { MediaFault } from './media-fault.ts';
import type { ConsumerState, GatewayOffer, MUTE_FORMS } from './meta-sdp.ts';
import {
  type RelayHost,
  RelayLeg,
  type RelayView,
  type SimPlatform,
  type TakenConsumer,
} from './relay-leg.ts';
import type { VoiceOptions } from './voice.ts';
import type { CallDelivery } from './webhooks.ts';

export interface ConsumerCallOptions extends VoiceOptions {
  readonly pageId: string;
  /** Default messenger. */
  readonly platform?: SimPlatform;
  /** What the business's connect carried, echoed in the webhooks of the call (WhatsApp). */
  readonly opaque?: string;
  /** Until Meta shows "Not answered", ms. Default 60 s, on WhatsApp 30 s. */
  readonly acceptWindowMs?: number;
  /** The business calls, and this is what the consumer does. */
  readonly whenCalled?: WhenCalled;
  /** How the webhooks of this call are delivered. */
  readonly delivery?: CallDelivery;
  /** How the relay answers. */
  readonly reply?: ReplyForm;
  /** What is broken in the consumer's media. Default nothing. */
  readonly mediaFault?: MediaFault;
  /** Meta's client gives up without any media for so long, ms; at the start and in mid-call. Default 20 and 30 s. */
  readonly silenceDropMs?: { readonly start: number; readonly later: number };
}

/** `accepted`: by the business, or picked up by the consumer. `elsewhere`: another app of the Page accepted it. */
export type ConsumerCallState = 'ringing' | 'accepted' | 'connected' | 'elsewhere' | 'ended';

export interface CallEnd {
  /** As the terminate webhook says it. */
  readonly status: 'Completed' | 'Failed';
  readonly by: 'consumer' | 'business' | 'meta';
  readonly reason: string;
  /** What the business asked for, when it did. */
  readonly action?: 'reject' | 'terminate';
}

/** What Meta tells the business of a call that the business placed. */
export type CallNews =
  | { readonly kind: 'ringing' | 'accepted' | 'rejected' }
  | { readonly kind: 'media_update'; readonly version: number; readonly offer: string };

/** What the simulator does for a call that its consumer's phone cannot. */
export interface CallHost extends RelayHost {
  readonly onEvent: SimEventSink;
  /** Sends a webhook about a call of the business. */
  news(call: ConsumerCall, news: CallNews): void;
  /** Sends the terminate webhook; resolves when it was delivered or given up. */
  terminated(call: ConsumerCall, end: CallEnd, durationS: number | undefined): Promise<void>;
}

/** Meta shows "Not Answered" after this, ms. */
const ACCEPT_WINDOW_MS = { messenger: 60_000, whatsapp: 30_000 };
const SILENCE_DROP_MS = { start: 20_000, later: 30_000 };
const RING_AFTER_MS = 50;
const ACT_AFTER_MS = 300;

/** One call as the consumer's phone lives it, whoever pressed *Call*, to the end. */
export class ConsumerCall {
  readonly id: string;
  readonly pageId: string;
  readonly psid: string;
  readonly options: ConsumerCallOptions;
  readonly startedAtMs: number;
  readonly #accepted = Promise.withResolvers<void>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #firstAudio = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<CallEnd>();
  /** Resolves when the business accepted; like the next two it stays pending when the call ends first: race `ended`. */
  readonly accepted: Promise<void> = this.#accepted.promise;
  /** Resolves when DTLS is up. */
  readonly connected: Promise<void> = this.#connected.promise;
  /** Resolves when the consumer hears the first packet. */
  readonly firstAudio: Promise<void> = this.#firstAudio.promise;
  /** Resolves when the terminate webhook was delivered or given up. */
  readonly ended: Promise<CallEnd> = this.#ended.promise;
  readonly #host: CallHost;
  readonly #window: TimerHandle;
  #state: Exclude<ConsumerCallState, 'ended'> = 'ringing';
  #opening: Promise<RelayLeg> | undefined;
  #leg: RelayLeg | undefined;
  #connectedAtMs: number | undefined;
  #end: CallEnd | undefined;
  #endedAtMs: number | undefined;
  #version = 0;
  #does: ConsumerState = {};
  #offered: GatewayOffer | undefined;
  #device: TimerHandle | undefined;
  #secured = false;
  /** The answer of pre_accept; accept must repeat it. */
  #preAnswer: string | undefined;

  constructor(host: CallHost, psid: string, options: ConsumerCallOptions) {
    this.#host = host;
    this.psid = psid;
    this.pageId = options.pageId;
    this.options = options;
    const { platform = 'messenger' } = options;
    const windowMs = options.acceptWindowMs ?? ACCEPT_WINDOW_MS[platform];
    this.id = `${platform === 'whatsapp' ? 'wacid.' : 'c_'}${randomBytes(9).toString('base64url')}`;
    this.startedAtMs = host.clock.now();
    const reason = `not answered within ${windowMs / 1000} s`;
    this.#window = host.clock.after(windowMs, () =>
      this.#finish({ status: 'Completed', by: 'meta', reason }),
    );
  }

  get state(): ConsumerCallState {
    return this.#end ? 'ended' : this.#state;
  }

  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** Wall-clock milliseconds; undefined while it lasts. */
  get endedAtMs(): number | undefined {
    return this.#endedAtMs;
  }

  heard(): Heard {
    return this.#leg?.heard() ?? NOTHING_HEARD;
  }

  /** RTP packets heard so far; costs nothing, as looking for the pitch does. */
  get packets(): number {
    return this.#leg?.ear.rxPackets ?? 0;
  }

  /** What the relay saw of the gateway; undefined before accept. */
  relay(): RelayView | undefined {
    return this.#leg?.view();
  }

  /** What was heard, 16 kHz mono; the last two minutes. */
  recording(): { readonly sampleRate: number; readonly pcm: Int16Array } {
    return { sampleRate: 16_000, pcm: this.#leg?.ear.recording() ?? new Int16Array() };
  }

  /**
   * Presses keys; resolves when the last one is let go, or when the call ends. Throws SIM_NOT_CONNECTED: there is no
   * keypad before the call is connected, nor after it.
   */
  async sendDtmf(digits: string): Promise<void> {
    if (this.state !== 'connected') throw new GatewayError('SIM_NOT_CONNECTED');
    this.#tell('consumer', 'meta', `DTMF ${digits.length} keys`);
    await this.#leg?.press(digits);
  }

  /**
   * The consumer mutes or unmutes: muted, nothing but keys is sent, no RTCP either. On Messenger the business is told
   * in a media_update. Nothing before accept and after the end.
   *
   * @param form how it looks in that; default unchanged
   */
  mute(muted: boolean, form: (typeof MUTE_FORMS)[number] = 'unchanged'): void {
    if (this.#end || !this.#leg) return;
    this.#tell('consumer', 'meta', muted ? 'mutes' : 'unmutes');
    this.#leg.mute(muted);
    this.#change({ ...this.#does, muted: muted ? form : undefined });
  }

  /** The consumer turns the camera on or off; `moved`: the voice goes to another m-line. Nothing before accept. */
  video(video: ConsumerState['video']): void {
    if (this.#end || !this.#leg) return;
    this.#tell('consumer', 'meta', video ? 'turns the camera on' : 'turns the camera off');
    this.#change({ ...this.#does, video });
  }

  /**
   * Hands the consumer's media to another program, such as a load generator: the relay's socket is closed, and the call
   * lives on without it until either side hangs up. Undefined before DTLS is up and after the end.
   */
  async takeMedia(): Promise<TakenConsumer | undefined> {
    return this.#end ? undefined : this.#leg?.take();
  }

  /** Version of the session; 0 until either side changed it. */
  get mediaVersion(): number {
    return this.#version;
  }

  /** The business changed the media from our version on: the answer and the renegotiation. */
  updatedByBusiness(version: number): { readonly answer: string; readonly renegotiation: string } {
    this.#version = version;
    this.#tell('gateway', 'meta', `media_update ${version}`);
    return { answer: this.#leg?.description ?? '', renegotiation: this.#leg?.renegotiation ?? '' };
  }

  /** What the business offered when the call began. */
  get offered(): GatewayOffer | undefined {
    return this.#offered;
  }

  #change(does: ConsumerState): void {
    this.#does = does;
    const offer = this.#leg?.change(does) ?? '';
    if (offer === '') return;
    this.#version += 1;
    this.#host.news(this, { kind: 'media_update', version: this.#version, offer });
  }

  /** The consumer hangs up; resolves when the terminate webhook was delivered or given up. */
  async hangup(): Promise<void> {
    if (this.#end) return;
    this.#tell('consumer', 'meta', 'hangs up');
    await this.#finish({ status: 'Completed', by: 'consumer', reason: 'consumer hung up' });
  }

  /** Another app of the Page accepts; this gateway is not the call's owner any more. Until the consumer hangs up. */
  answeredElsewhere(): void {
    if (this.state !== 'ringing') return;
    this.#window.clear();
    this.#state = 'elsewhere';
    this.#tell('consumer', 'meta', 'answered by another app');
  }

  /** The business accepted with its offer: what Graph replies with, or undefined: the call ended meanwhile. */
  async accept(
    offer: GatewayOffer,
  ): Promise<{ readonly answer: string; readonly renegotiation: string } | undefined> {
    if (this.state !== 'ringing') return undefined;
    this.#window.clear();
    this.#state = 'accepted';
    const leg = await this.#openLeg(offer, false);
    if (!leg) return undefined;
    this.#accepted.resolve();
    return { answer: leg.description, renegotiation: leg.renegotiation };
  }

  /** The business calls with its offer: what Graph answers with, or undefined: the call ended meanwhile. */
  async place(offer: GatewayOffer): Promise<string | undefined> {
    return (await this.#openLeg(offer, true))?.description;
  }

  /** WhatsApp: what the connect webhook offers, or undefined: the call ended meanwhile. */
  async offer(): Promise<string | undefined> {
    return (await this.#openLeg(undefined, true))?.description;
  }

  /** What the business's pre_accept said, once it did. */
  get preAnswer(): string | undefined {
    return this.#preAnswer;
  }

  /** WhatsApp: the business rings somebody; media may come up, and must not be heard yet. */
  preAccept(answer: GatewayOffer, sdp: string): void {
    this.#preAnswer = sdp;
    this.#leg?.meet(answer);
  }

  /** WhatsApp: the business's answer, the same again after a pre_accept. */
  acceptAnswer(answer: GatewayOffer): void {
    if (this.state !== 'ringing' || !this.#leg) return;
    this.#window.clear();
    this.#state = 'accepted';
    if (this.#preAnswer === undefined) this.#leg.meet(answer);
    this.#leg.talk();
    this.#accepted.resolve();
    if (this.#secured) this.#connect();
  }

  /** Meta's word is out: the consumer's device rings, and the consumer does what they do. */
  ring(): void {
    const { whenCalled = {} } = this.options;
    this.#after(whenCalled.ringAfterMs ?? RING_AFTER_MS, () => {
      this.#tell('meta', 'consumer', 'rings');
      this.#host.news(this, { kind: 'ringing' });
      const { does = 'answer', afterMs = ACT_AFTER_MS } = whenCalled;
      if (does === 'ignore') return;
      this.#after(afterMs, () => (does === 'decline' ? this.decline() : this.pickUp()));
    });
  }

  /** The consumer does not want the business's call; only WhatsApp says so. */
  decline(): void {
    if (this.state !== 'ringing') return;
    if (this.options.platform === 'whatsapp') this.#host.news(this, { kind: 'rejected' });
    void this.hangup();
  }

  /** The consumer takes the business's call. */
  pickUp(): void {
    if (this.state !== 'ringing' || !this.#leg) return;
    this.#window.clear();
    this.#device?.clear();
    this.#state = 'accepted';
    this.#tell('consumer', 'meta', 'picks up');
    this.#host.news(this, { kind: 'accepted' });
    const { renegotiation: offer } = this.#leg;
    if (offer !== '') this.#host.news(this, { kind: 'media_update', version: ++this.#version, offer });
    this.#leg.talk();
    this.#accepted.resolve();
    if (this.#secured) this.#connect();
  }

  async #openLeg(offer: GatewayOffer | undefined, waits: boolean): Promise<RelayLeg | undefined> {
    this.#offered = offer;
    this.#opening = RelayLeg.open(this.#host, {
      platform: this.options.platform ?? 'messenger',
      offer,
      waits,
      voice: this.options,
      reply: this.options.reply ?? {},
      fault: this.options.mediaFault,
      silenceDropMs: this.options.silenceDropMs ?? SILENCE_DROP_MS,
      onSecure: () => this.#secure(),
      onFirstAudio: () => {
        this.#tell('gateway', 'consumer', 'first audio packet');
        this.#firstAudio.resolve();
      },
      onFailed: (reason) => void this.#finish({ status: 'Failed', by: 'meta', reason }),
    });
    try {
      this.#leg = await this.#opening;
    } catch (error) {
      void this.#finish({ status: 'Failed', by: 'meta', reason: `relay: ${String(error)}` });
      return undefined;
    }
    // The consumer may have hung up while the socket was opened; whoever ended the call closes the leg.
    return this.#end ? undefined : this.#leg;
  }

  #after(ms: number, fn: () => void): void {
    this.#device = this.#host.clock.after(ms, () => {
      if (!this.#end) fn();
    });
  }

  /** The business said reject or terminate. */
  endByBusiness(action: 'reject' | 'terminate'): Promise<void> {
    const reason = action === 'reject' ? 'business rejected' : 'business terminated';
    return this.#finish({ status: 'Completed', by: 'business', reason, action });
  }

  /** Drops everything without a webhook. */
  async close(): Promise<void> {
    this.#end ??= { status: 'Failed', by: 'meta', reason: 'simulator closed' };
    await this.#release();
  }

  #secure(): void {
    if (this.#end) return;
    this.#secured = true;
    this.#tell('meta', 'gateway', 'DTLS up');
    // A call of the business is connected when somebody has picked up, too.
    if (this.#state !== 'ringing') this.#connect();
  }

  #connect(): void {
    this.#state = 'connected';
    this.#connectedAtMs = this.#host.clock.now();
    this.#connected.resolve();
  }

  async #finish(end: CallEnd): Promise<void> {
    if (this.#end) return;
    this.#end = end;
    this.#endedAtMs = this.#host.clock.now();
    const durationS =
      this.#connectedAtMs === undefined
        ? undefined
        : Math.max(1, Math.round((this.#host.clock.now() - this.#connectedAtMs) / 1000));
    await this.#release();
    await this.#host.terminated(this, end, durationS);
    this.#ended.resolve(end);
  }

  async #release(): Promise<void> {
    this.#window.clear();
    this.#device?.clear();
    // A relay that could not be opened was told by accept already.
    const leg = await this.#opening?.catch(() => undefined);
    await leg?.close();
  }

  #tell(from: SimParty, to: SimParty, what: string): void {
    this.#host.onEvent({ atMs: this.#host.clock.now(), from, to, what, callId: this.id });
  }
}
