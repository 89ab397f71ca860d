import { type CallFacts, type CallRecord, DEFAULT_POLICY, Ledger } from '../call/index.ts';
import { type HttpServers, startHttp } from '../http/index.ts';
import type { BridgeStats } from '../media/index.ts';
import { answerHandshake, GraphClient, verifySignature } from '../meta/index.ts';
import { renderMetrics } from '../observe/index.ts';
import { type RoutingInput, targetsOfPage } from '../routing/index.ts';
import {
  type JournalWriter,
  noJournal,
  openJournal,
  openRecordFile,
  ProfileCache,
  type RecordWriter,
  recordStream,
} from '../store/index.ts';
import { MediaSide } from './call-media.ts';
import { MetaSide } from './call-meta.ts';
import { PhoneSide } from './call-phone.ts';
import { CallRunner } from './call-runner.ts';
import { Intake } from './intake.ts';
import { MediaPlane } from './media/plane.ts';
import type { MediaEvent, WorkerOptions } from './media/protocol.ts';
import type { GatewayOptions } from './options.ts';
import { routingInput } from './routing-input.ts';
import { type SipSide, startSipSide } from './sip-side.ts';

/** How long `close` waits for calls to end on both sides before it goes on without them, ms. */
const CLOSE_PATIENCE_MS = 8_000;

/** One gateway: owns its calls, its servers and everything that they hold open. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #routing: RoutingInput;
  readonly #ledger = new Ledger();
  readonly #profiles = new ProfileCache();
  readonly #calls = new Map<string, { readonly runner: CallRunner; readonly media: MediaSide }>();
  readonly #graph: GraphClient;
  readonly #intake: Intake;
  #plane!: MediaPlane;
  #sip!: SipSide;
  #http!: HttpServers;
  #journal: JournalWriter = noJournal;
  #records!: RecordWriter;
  #closing: Promise<void> | undefined;
  /** Bodies that were answered 200 and are worked on in the next turn of the event loop. */
  #idle: (() => void) | undefined;

  private constructor(options: GatewayOptions) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#routing = routingInput(config);
    const secrets = new Map(config.meta.apps.map((app) => [app.id, app.secret]));
    const pages = new Map(config.meta.pages.map((page) => [page.id, page]));
    this.#graph = new GraphClient({
      baseUrl: config.meta.graphUrl.replace(/\/+$/, ''),
      version: config.meta.version,
      credentials: (pageId) => {
        const page = pages.get(pageId);
        const appSecret = page && secrets.get(page.app);
        return page && { accessToken: page.accessToken, ...(appSecret ? { appSecret } : {}) };
      },
      sendAppSecretProof: config.meta.sendAppSecretProof,
      timeouts: {
        acceptMs: config.meta.acceptTimeoutMs,
        endMs: config.meta.endTimeoutMs,
        profileMs: config.meta.profileTimeoutMs,
      },
      clock,
      log,
      random: Math.random,
      onUsage: (pageId, usage) => {
        if (usage.percent >= 80) log.warn({ pageId, ...usage }, 'meta.usage-high');
      },
    });
    this.#intake = new Intake({
      ledger: this.#ledger,
      now: () => clock.now(),
      log,
      call: (callId) => this.#calls.get(callId)?.runner,
      isPage: (pageId) => pages.has(pageId),
      startCall: (facts) => this.#startCall(facts),
      onMissed: (record) => this.#record(record),
    });
  }

  /** Starts everything, or nothing: what was opened before a failure is closed again. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options);
    try {
      await gateway.#open();
      return gateway;
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  get webhookUrl(): string {
    return this.#http.webhookUrl;
  }

  get adminUrl(): string {
    return this.#http.adminUrl;
  }

  /** Where the embedded SIP server listens. */
  get sipContacts(): SipSide['contacts'] {
    return this.#sip.contacts;
  }

  /** Calls that are not forgotten yet. */
  get calls(): number {
    return this.#calls.size;
  }

  /** What is open in the media worker and in the SIP leg: for tests and operators. */
  async inventory(): Promise<{
    calls: number;
    media: { calls: number; bridges: number; resources: string[] };
    sip: object;
  }> {
    const media = await this.#plane.request('inventory', {});
    return { calls: this.#calls.size, media, sip: this.#sip.control.dump() };
  }

  /** Kills the media worker as a crash would; for tests of what follows. */
  crashMediaWorker(): Promise<void> {
    return this.#plane.crash();
  }

  /** Takes no more calls, ends those that are there on both sides, then closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { config, clock, log, version } = this.#options;
    const { records, journal } = config;
    this.#records =
      records.path === '-'
        ? recordStream(this.#options.recordStream, log)
        : await openRecordFile(records.path, log);
    if (journal.path) this.#journal = await openJournal({ path: journal.path });
    this.#plane = await MediaPlane.start({
      worker: this.#workerOptions(),
      clock,
      log,
      onEvent: (call, event) => this.#mediaEvent(call, event),
      onLost: (calls) => {
        for (const call of calls) this.#calls.get(call)?.runner.dispatch({ type: 'media.workerLost' });
      },
    });
    this.#sip = await startSipSide({
      config: config.sip,
      version,
      clock,
      log,
      ready: () => !this.#closing,
      onState: (state) => log.info({ state }, 'sip.control'),
    });
    this.#http = await startHttp({
      webhook: {
        ...config.http.listen,
        path: config.http.webhookPath,
        bodyLimitBytes: config.http.bodyLimitBytes,
        handshake: (query) =>
          answerHandshake(
            query,
            config.meta.apps.map((app) => app.verifyToken),
          ),
        verify: (raw, signature) =>
          verifySignature(
            raw,
            signature,
            config.meta.apps.map((app) => app.secret),
          ),
        accept: (raw, receivedAtMs) => this.#accept(raw, receivedAtMs),
      },
      admin: {
        ...config.admin.listen,
        health: () => this.#health(),
        metrics: () =>
          renderMetrics({
            sip: this.#sip.stats(),
            gateway: { calls: this.#calls.size, ready: this.#health().ready },
          }),
        calls: () => [...this.#calls].map(([callId, { runner }]) => ({ callId, ...runner.dump() })),
      },
      now: () => clock.now(),
      log,
    });
    log.info(
      {
        webhook: this.#http.webhookUrl,
        admin: this.#http.adminUrl,
        sip: this.#sip.contacts,
        pages: config.meta.pages.length,
      },
      'gateway.started',
    );
  }

  #workerOptions(): WorkerOptions {
    const { webrtc, rtp, media } = this.#options.config;
    return { webrtc, rtp, opusComplexity: media.opusComplexity };
  }

  /** 200 first, work after. */
  #accept(raw: Uint8Array, receivedAtMs: number): void {
    setImmediate(() => this.#intake.take(raw, receivedAtMs));
  }

  #startCall(facts: CallFacts): void {
    const { config, clock, log } = this.#options;
    const { callId, pageId, psid } = facts;
    const callLog = log.child({ callId, pageId });
    if (this.#closing || this.#calls.size >= config.limits.maxCalls) {
      callLog.warn(
        { limit: config.limits.maxCalls, closing: this.#closing !== undefined },
        'call.over-limit',
      );
      void this.#graph.reject(pageId, callId);
      return;
    }
    const targets = targetsOfPage(this.#routing, pageId);
    if (!targets.ok)
      callLog.error({ code: targets.error.code, detail: targets.error.message }, 'call.no-route');
    const route = config.routes[config.meta.pages.find((page) => page.id === pageId)?.route ?? ''];
    const cached = this.#profiles.get(pageId, psid, clock.now());
    let media: MediaSide | undefined;
    const runner = new CallRunner({
      setup: {
        facts,
        targets: targets.ok ? targets.value : [],
        policy: {
          ...DEFAULT_POLICY,
          profileBudgetMs: config.meta.profileTimeoutMs,
          ringBudgetMs: route?.ringBudgetMs ?? DEFAULT_POLICY.ringBudgetMs,
          acceptTimeoutMs: config.meta.acceptTimeoutMs + 2_000,
          mediaSetupMs: config.webrtc.setupTimeoutMs,
          maxDurationMs: config.limits.maxCallDurationMs,
        },
        callerName: cached?.name,
      },
      clock,
      log: callLog,
      journal: this.#journal,
      onLadder: this.#options.onLadder,
      sides: (context) => {
        media = new MediaSide(callId, this.#plane, context);
        return {
          media,
          meta: new MetaSide(facts, this.#graph, this.#profiles, () => clock.now(), context),
          phone: new PhoneSide(
            {
              sip: this.#sip.control,
              caller: { callId, pageId, psid },
              targets: targets.ok ? targets.value : [],
              trunks: config.trunks,
              ...(config.rtp.externalAddress ? { externalAddress: config.rtp.externalAddress } : {}),
            },
            media,
            context,
          ),
        };
      },
      onRecord: (record, stats, codec) => this.#record(withMedia(record, stats, codec)),
      onEnded: () => {
        this.#calls.delete(callId);
        this.#ledger.bury(callId, 'ended', clock.now());
        if (this.#calls.size === 0) this.#idle?.();
      },
    });
    if (media) this.#calls.set(callId, { runner, media });
  }

  #mediaEvent(call: string, event: MediaEvent): void {
    this.#calls.get(call)?.media.receive(event);
  }

  #record(record: object): void {
    this.#records.write(record);
    this.#options.onRecord?.(record);
  }

  #health(): { ready: boolean; details: object } {
    const sip = this.#sip.control.connected;
    return {
      ready: sip && !this.#closing,
      details: { calls: this.#calls.size, sip, closing: this.#closing !== undefined },
    };
  }

  async #shut(): Promise<void> {
    const { clock, log } = this.#options;
    log.info({ calls: this.#calls.size }, 'gateway.closing');
    if (this.#calls.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      for (const { runner } of this.#calls.values()) runner.dispatch({ type: 'shutdown' });
      const impatient = clock.after(CLOSE_PATIENCE_MS, () => this.#idle?.());
      if (this.#calls.size > 0) await idle;
      impatient.clear();
      if (this.#calls.size > 0) log.warn({ calls: this.#calls.size }, 'gateway.calls-left');
    }
    // Each part may be missing: a start that failed closes what it had opened.
    await (this.#http as HttpServers | undefined)?.close();
    await (this.#sip as SipSide | undefined)?.close();
    await (this.#plane as MediaPlane | undefined)?.stop();
    await this.#graph.close();
    await this.#journal.close();
    await (this.#records as RecordWriter | undefined)?.close();
    log.info({}, 'gateway.closed');
  }
}

/** The call's record with what its media counted. */
function withMedia(record: CallRecord, stats: BridgeStats | undefined, codec: string | undefined): object {
  return { ...record, ...(codec ? { codec } : {}), ...(stats ? { media: stats } : {}) };
}
