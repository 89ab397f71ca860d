import type { FastifyInstance } from 'fastify';
import { createOpusLibrary, type OpusLibrary } from '../media/index.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { type Log, silentLog } from '../shared/log.ts';
import { type CallEnd, type CallHost, ConsumerCall, type ConsumerCallOptions } from './consumer-call.ts';
import { controlRoutes } from './control.ts';
import type { SimEventSink } from './events.ts';
import { type Fault, Faults } from './faults.ts';
import { type GraphHost, graphApp } from './graph.ts';
import { Webhooks } from './webhooks.ts';

export interface MetaSimulatorOptions {
  /** Where webhooks go; may be set later by `setWebhookUrl`. */
  readonly webhookUrl?: string;
  readonly pageId: string;
  readonly accessToken: string;
  readonly appSecret: string;
  readonly requireAppSecretProof?: boolean;
  /** Port of Graph and of the control API; 0, the default, takes any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly random?: () => number;
  readonly onEvent?: SimEventSink;
}

/** Someone with Messenger on their phone. */
export interface Consumer {
  readonly psid: string;
  /** Presses *Call*: the connect webhook goes out. */
  call(options: Omit<ConsumerCallOptions, 'pageId'> & { readonly pageId?: string }): ConsumerCall;
}

/** Meta, as far as a gateway sees it: Graph, webhooks, and the media relay of every call. */
export class MetaSimulator implements GraphHost, CallHost {
  readonly options: MetaSimulatorOptions;
  readonly faults = new Faults();
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly random: () => number;
  readonly onEvent: SimEventSink;
  readonly #names = new Map<string, string>();
  readonly #calls = new Map<string, ConsumerCall>();
  readonly #closing = new AbortController();
  readonly #log: Log;
  readonly #app: FastifyInstance;
  #webhooks: Webhooks | undefined;
  #audioEnabled = true;
  #url = '';
  /** Graph requests about calls: action, call, status. */
  readonly requests: {
    readonly action: string;
    readonly callId: string | undefined;
    readonly status: number;
  }[] = [];

  static async start(options: MetaSimulatorOptions): Promise<MetaSimulator> {
    const simulator = new MetaSimulator(options, await createOpusLibrary());
    simulator.#url = await simulator.#app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
    return simulator;
  }

  private constructor(options: MetaSimulatorOptions, opus: OpusLibrary) {
    this.options = options;
    this.opus = opus;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.onEvent = options.onEvent ?? (() => {});
    this.#log = options.log ?? silentLog;
    this.#app = graphApp(this);
    controlRoutes(this.#app, this);
    if (options.webhookUrl) this.setWebhookUrl(options.webhookUrl);
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

  setWebhookUrl(url: string): void {
    this.#webhooks?.close();
    this.#webhooks = new Webhooks(url, this.options.appSecret, this.clock, this.#log);
  }

  /** The Page's `audio_enabled`; off makes every call request fail with 1893056. */
  setAudioEnabled(enabled: boolean): void {
    this.#audioEnabled = enabled;
  }

  addFault(fault: Fault): void {
    this.faults.add(fault);
  }

  /** @param name what the profile look-up tells; unset: there is no profile */
  consumer({ psid, name }: { readonly psid: string; readonly name?: string }): Consumer {
    if (name) this.#names.set(psid, name);
    return {
      psid,
      call: (options) => {
        const call = new ConsumerCall(this, psid, {
          ...options,
          pageId: options.pageId ?? this.options.pageId,
        });
        this.#calls.set(call.id, call);
        this.onEvent({
          atMs: this.clock.now(),
          from: 'consumer',
          to: 'meta',
          what: 'presses Call',
          callId: call.id,
        });
        void this.#webhook(call, {
          event: 'connect',
          call_direction: 'user_initiated',
          from: psid,
          to: call.pageId,
        });
        return call;
      },
    };
  }

  audioEnabled(): boolean {
    return this.#audioEnabled;
  }

  call(callId: string): ConsumerCall | undefined {
    return this.#calls.get(callId);
  }

  consumerName(psid: string): string | undefined {
    return this.#names.get(psid);
  }

  onRequest(action: string, callId: string | undefined, status: number): void {
    this.requests.push({ action, callId, status });
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
    await this.#webhook(call, {
      event: 'terminate',
      status: end.status,
      ...(durationS === undefined ? {} : { start_time: now - durationS, end_time: now, duration: durationS }),
    });
  }

  /** Ends everything without a word. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#webhooks?.close();
    await Promise.all(this.calls.map((call) => call.close()));
    await this.#app.close();
  }

  async #webhook(call: ConsumerCall, event: Readonly<Record<string, unknown>>): Promise<void> {
    const timestamp = Math.floor(this.clock.now() / 1000);
    this.onEvent({
      atMs: this.clock.now(),
      from: 'meta',
      to: 'gateway',
      what: `webhook ${String(event['event'])}`,
      callId: call.id,
    });
    await this.#webhooks?.call(call.pageId, { id: call.id, timestamp, ...event }, call.options.delivery);
  }
}
