import type { FastifyInstance } from 'fastify';
import { createOpusLibrary, type OpusLibrary } from '../media/index.ts';
import { type Clock, systemClock, type TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { type Log, silentLog } from '../shared/log.ts';
import {
  type CallEnd,
  type CallHost,
  type CallNews,
  ConsumerCall,
  type ConsumerCallOptions,
} from './consumer-call.ts';
import { Consumers, type Person } from './consumers.ts';
import { controlRoutes } from './control.ts';
import { keepLast, type SimEvent, type SimEventSink } from './events.ts';
import { Faults, type ReplyForm } from './faults.ts';
import { type GraphHost, graphApp } from './graph.ts';
import { settingsHook } from './page-hook.ts';
import { PageState } from './page-state.ts';
import { WHATSAPP_LIMITS } from './permission-ledger.ts';
import type { Profile } from './profile.ts';
import type { SimPlatform } from './relay-leg.ts';
import type { WebhookEvent } from './webhook-body.ts';
import { type CallDelivery, handshake, nameOf, Webhooks } from './webhooks.ts';
import { type BusinessNumber, permissionReplyEntry } from './whatsapp/webhook-body.ts';

export interface MetaSimulatorOptions {
  /** Where webhooks go; may be set later by `setWebhookUrl`. */
  readonly webhookUrl?: string;
  /** Default messenger. */
  readonly platform?: SimPlatform;
  /** On WhatsApp the phone_number_id. */
  readonly pageId: string;
  /** WhatsApp: the number itself. Default +254 700 000001. */
  readonly displayNumber?: string;
  readonly accessToken: string;
  readonly appSecret: string;
  /** Of the app; unset: any id goes with the right secret. */
  readonly appId?: string;
  readonly requireAppSecretProof?: boolean;
  /** The numbers 2018390 to 2018396 come as `error_subcode` of 100 in place of `code`. Default false. */
  readonly callingErrorsAsSubcode?: boolean;
  /** Pauses before an unanswered webhook is tried again, ms; the last one for all that follow. Default as Meta does. */
  readonly webhookRetriesMs?: readonly number[];
  /** Where Graph and the control API listen. Default 127.0.0.1. */
  readonly address?: string;
  /** Where the relays listen. Default 127.0.0.1, and ::1 if the machine has it. */
  readonly relayAddress?: string;
  /** Port of Graph and of the control API; 0, the default, takes any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly random?: () => number;
  readonly onEvent?: SimEventSink;
}

/** Calls to look back at; each ended one has up to two minutes of audio. */
const KEPT_CALLS = 100;

/** Someone with Messenger on their phone. */
export interface Consumer {
  readonly psid: string;
  /** Presses *Call*: the connect webhook goes out. */
  call(options: NewCall): ConsumerCall;
}

/** What a simulated consumer's voice is made of when the business calls; the pitch of the demo. */
const CALLED_TONE_HZ = 440;

export type NewCall = Omit<ConsumerCallOptions, 'pageId' | 'whenCalled' | 'platform'> & {
  readonly pageId?: string;
};

/** Meta, as far as a gateway sees it: Graph, webhooks, and the media relay of every call. */
export class MetaSimulator implements GraphHost, CallHost {
  options: MetaSimulatorOptions;
  readonly faults = new Faults();
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly random: () => number;
  readonly relay: { readonly address: string; readonly address6?: string | undefined };
  /** What happened, oldest first. */
  readonly events: SimEvent[] = [];
  /** What the gateway told of calls that are over, by call. */
  readonly metrics = new Map<string, object>();
  readonly consumers: Consumers;
  readonly page = new PageState(() => this.#webhooks?.subscribed !== false);
  /** Form of the word on permission. */
  permissionForm: GraphHost['permissionForm'] = 'reference';
  /** Form of the reply to connect, and how the webhooks of such calls are delivered. */
  connectReply: ReplyForm = {};
  connectDelivery: CallDelivery = {};
  /** What consumers sound like when the business calls them. */
  calledVoice: Omit<NewCall, 'pageId' | 'delivery' | 'reply'> = { toneHz: CALLED_TONE_HZ };
  readonly #calls = new Map<string, ConsumerCall>();
  readonly #closing = new AbortController();
  readonly #log: Log;
  readonly #app: FastifyInstance;
  #webhooks: Webhooks | undefined;
  /** What the usage headers tell; undefined: there are none. */
  usage: GraphHost['usage'] = { percent: 3, regainMinutes: 0 };
  #url = '';
  readonly #waiting: ((call: ConsumerCall) => void)[] = [];
  readonly #timers = new Set<TimerHandle>();
  /** Graph requests about calls: action, call, status. */
  readonly requests: {
    readonly action: string;
    readonly callId: string | undefined;
    readonly status: number;
  }[] = [];

  /** Rejects with SIM_LISTEN when its port cannot be opened. */
  static async start(options: MetaSimulatorOptions): Promise<MetaSimulator> {
    const simulator = new MetaSimulator(options, await createOpusLibrary());
    const { address: host = '127.0.0.1', port = 0 } = options;
    try {
      simulator.#url = await simulator.#app.listen({ host, port });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError('SIM_LISTEN', `Cannot listen on ${host}:${port}: ${reason}`, {}, { cause });
    }
    return simulator;
  }

  private constructor(options: MetaSimulatorOptions, opus: OpusLibrary) {
    this.options = options;
    this.consumers = new Consumers(options.platform === 'whatsapp' ? WHATSAPP_LIMITS : undefined);
    this.opus = opus;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.relay = options.relayAddress
      ? { address: options.relayAddress }
      : { address: '127.0.0.1', address6: '::1' };
    this.#log = options.log ?? silentLog;
    this.#app = graphApp(this);
    controlRoutes(this.#app, this);
    if (options.webhookUrl) this.setWebhookUrl(options.webhookUrl);
  }

  /** Keeps it for the control API and tells whoever listens. */
  readonly onEvent: SimEventSink = (event) => {
    keepLast(this.events, event);
    this.options.onEvent?.(event);
  };

  /** The Page's `audio_enabled`; off makes every call request fail with 1893056. */
  get audioEnabled(): boolean {
    return this.page.settings.audio_enabled;
  }

  set audioEnabled(audio_enabled: boolean) {
    this.page.settings = { ...this.page.settings, audio_enabled };
  }

  /** WhatsApp's number; undefined: this is Messenger. */
  get number(): BusinessNumber | undefined {
    const { platform, pageId, displayNumber = '+254 700 000001' } = this.options;
    if (platform !== 'whatsapp') return undefined;
    return { id: pageId, displayNumber, nameOf: (waId) => this.profile(waId)?.name };
  }

  /** Base address for `meta.graphUrl`. */
  get graphUrl(): string {
    return this.#url;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get webhooks(): Webhooks {
    if (!this.#webhooks) throw new Error('setWebhookUrl was not called');
    return this.#webhooks;
  }

  get calls(): readonly ConsumerCall[] {
    return [...this.#calls.values()];
  }

  /** Somebody made a new Page token at Meta: requests with the old one are refused from now on. */
  rotateToken(accessToken: string): void {
    this.options = { ...this.options, accessToken };
  }

  setWebhookUrl(url: string): void {
    this.#webhooks?.close();
    this.#webhooks = new Webhooks({
      url,
      number: this.number,
      secret: this.options.appSecret,
      retriesMs: this.options.webhookRetriesMs,
      clock: this.clock,
      log: this.#log,
      onUnsubscribed: () =>
        this.onEvent({ atMs: this.clock.now(), from: 'meta', to: 'gateway', what: 'unsubscribed' }),
    });
  }

  /**
   * @param name what the profile look-up tells; unset: there is no profile
   * @param permission whether the consumer lets the Page call
   */
  consumer({
    psid,
    permission,
    whenCalled,
    whenAsked,
    windowClosed,
    ...profile
  }: Omit<Person, 'profile'> & Partial<Profile> & { readonly permission?: boolean }): Consumer {
    const { name } = profile;
    const known = name ? { ...profile, name } : undefined;
    this.consumers.learn({ psid, profile: known, whenCalled, whenAsked, windowClosed });
    if (permission === true) this.consumers.permissions.grant(psid, this.clock.now());
    if (permission === false) this.consumers.permissions.revoke(psid);
    return {
      psid,
      call: (options) => {
        const call = new ConsumerCall(this, psid, {
          ...options,
          platform: this.#platform,
          pageId: options.pageId ?? this.options.pageId,
        });
        this.#calls.set(call.id, call);
        this.#forgetOld();
        this.onEvent({
          atMs: this.clock.now(),
          from: 'consumer',
          to: 'meta',
          what: 'presses Call',
          callId: call.id,
        });
        void this.#called(call);
        return call;
      },
    };
  }

  get #platform(): SimPlatform {
    return this.options.platform ?? 'messenger';
  }

  /** The business is told; on WhatsApp with the offer of the relay. */
  async #called(call: ConsumerCall): Promise<void> {
    const isWhatsApp = this.#platform === 'whatsapp';
    const sdp = isWhatsApp ? await call.offer() : undefined;
    if (isWhatsApp && sdp === undefined) return;
    await this.#webhook(call, {
      event: 'connect',
      call_direction: 'user_initiated',
      from: call.psid,
      to: call.pageId,
      ...(sdp === undefined ? {} : { session: { sdp_type: 'offer', sdp } }),
    });
  }

  call(callId: string): ConsumerCall | undefined {
    return this.#calls.get(callId);
  }

  profile(psid: string): Profile | undefined {
    return this.consumers.get(psid)?.profile;
  }

  isBusy(psid: string): boolean {
    return this.calls.some((call) => call.psid === psid && call.state !== 'ended');
  }

  place(psid: string, opaque?: string): ConsumerCall {
    const call = new ConsumerCall(this, psid, {
      ...this.calledVoice,
      platform: this.#platform,
      ...(opaque === undefined ? {} : { opaque }),
      reply: this.connectReply,
      delivery: this.connectDelivery,
      pageId: this.options.pageId,
      whenCalled: this.consumers.get(psid)?.whenCalled ?? {},
    });
    this.#calls.set(call.id, call);
    this.#forgetOld();
    for (const wake of this.#waiting.splice(0)) wake(call);
    return call;
  }

  placed(call: ConsumerCall, answer?: string): void {
    setImmediate(() => {
      void this.#webhook(call, {
        event: 'connect',
        call_direction: 'business_initiated',
        from: call.pageId,
        to: call.psid,
        ...(answer === undefined ? {} : { session: { sdp_type: 'answer', sdp: answer } }),
      });
      call.ring();
    });
  }

  /** The next call that the business places. */
  nextPlaced(): Promise<ConsumerCall> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  news(call: ConsumerCall, news: CallNews): void {
    void this.#webhook(
      call,
      news.kind === 'media_update'
        ? {
            event: 'media_update',
            session: {
              version: news.version,
              sdp_renegotiation: { sdp_type: 'offer', sdp: news.offer },
            },
          }
        : { event: 'call_status', recipient_id: call.psid, call_status: news.kind },
    );
  }

  asked({ psid, whenAsked }: Person): void {
    this.onEvent({
      atMs: this.clock.now(),
      from: 'meta',
      to: 'consumer',
      what: 'asks for permission to call',
    });
    if (!whenAsked || whenAsked.does === 'ignore') return;
    const { does } = whenAsked;
    const timer = this.clock.after(whenAsked.afterMs ?? 100, () => {
      this.#timers.delete(timer);
      void this.#permissionReply(psid, does);
    });
    this.#timers.add(timer);
  }

  shown(_person: Person, template: 'call_prompt' | 'audio_call'): void {
    const what = template === 'call_prompt' ? 'shows a prompt to call' : 'shows a button to call';
    this.onEvent({ atMs: this.clock.now(), from: 'meta', to: 'consumer', what });
  }

  subscribed(): void {
    this.#webhooks?.subscribe();
  }

  handshake = (url: string, verifyToken: string): Promise<boolean> =>
    handshake(url, verifyToken, this.closing).catch(() => false);

  settingsChanged(): void {
    if (!this.page.tells('call_settings_update')) return;
    const now = this.clock.now();
    this.onEvent({ atMs: now, from: 'meta', to: 'gateway', what: 'webhook call_settings_update' });
    const { settings, forms } = this.page;
    void this.#webhooks?.item(settingsHook(this.options.pageId, settings, now, forms.settingsHook));
  }

  async #permissionReply(psid: string, response: 'approve' | 'reject'): Promise<void> {
    const now = this.clock.now();
    this.onEvent({ atMs: now, from: 'consumer', to: 'meta', what: `${response}s calls` });
    const until = response === 'approve' ? this.consumers.permissions.grant(psid, now) : undefined;
    if (response === 'reject') this.consumers.permissions.revoke(psid);
    if (!this.page.tells('call_permission_reply')) return;
    if (this.number) {
      await this.#webhooks?.item(permissionReplyEntry(this.number, psid, response, now, until));
      return;
    }
    await this.#webhooks?.item({
      sender: { id: psid },
      recipient: { id: this.options.pageId },
      timestamp: Math.floor(now / 1000),
      call_permission_reply: {
        response,
        ...(until === undefined ? {} : { expiration_timestamp: String(Math.floor(until / 1000)) }),
      },
    });
  }

  onRequest(action: string, callId: string | undefined, status: number): void {
    keepLast(this.requests, { action, callId, status });
    this.onEvent({
      atMs: this.clock.now(),
      from: 'gateway',
      to: 'meta',
      what: `Graph ${action} -> ${status}`,
      ...(callId ? { callId } : {}),
    });
  }

  async terminated(call: ConsumerCall, end: CallEnd, durationS: number | undefined): Promise<void> {
    const now = Math.floor(this.clock.now() / 1000);
    // Implicit grants: a call that was connected, and a consumer's call that the Page missed.
    const missed = call.options.whenCalled === undefined && durationS === undefined && end.by !== 'business';
    if (durationS !== undefined || missed) this.consumers.permissions.grant(call.psid, this.clock.now());
    if (durationS !== undefined && this.number) this.consumers.permissions.resetRequests(call.psid);
    await this.#webhook(call, {
      event: 'terminate',
      status: end.status,
      ...(end.status === 'Failed' && this.number ? { reason: end.reason } : {}),
      ...(durationS === undefined ? {} : { start_time: now - durationS, end_time: now, duration: durationS }),
    });
  }

  /** Ends everything without a word. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers) timer.clear();
    this.#webhooks?.close();
    await Promise.all(this.calls.map((call) => call.close()));
    await this.#app.close();
  }

  /** A simulator may run for days; Meta, too, does not know a call id for ever. */
  #forgetOld(): void {
    for (const [id, { state }] of this.#calls) {
      if (this.#calls.size <= KEPT_CALLS) return;
      if (state !== 'ended') continue;
      this.#calls.delete(id);
      this.metrics.delete(id);
    }
  }

  async #webhook(
    call: ConsumerCall,
    event: Pick<WebhookEvent, 'event'> & Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const timestamp = Math.floor(this.clock.now() / 1000);
    const { page } = this;
    // A consumer's call rings Meta's own inbox, or nobody's; those that the business placed are told all the same.
    if (call.options.whenCalled ? !page.tells('calls') : !page.rings) return;
    this.onEvent({
      atMs: this.clock.now(),
      from: 'meta',
      to: 'gateway',
      what: `webhook ${event.event}`,
      callId: call.id,
    });
    const { delivery = {} } = call.options;
    const own = delivery[nameOf(event)];
    const { opaque } = call.options;
    await this.#webhooks?.call(
      call.pageId,
      {
        id: call.id,
        timestamp,
        ...event,
        ...(this.number ? { consumer: call.psid } : {}),
        ...(opaque === undefined ? {} : { opaque }),
      },
      { ...delivery, ...own },
    );
  }
}
