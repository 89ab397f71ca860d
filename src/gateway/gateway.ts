import { DEFAULT_POLICY, Ledger } from '../call/index.ts';
import type { GatewayConfig, LoadedConfig } from '../config/index.ts';
import { EventFeed, type HttpServers } from '../http/index.ts';
import type { GraphClient, WhatsAppClient } from '../meta/index.ts';
import type { Registrar } from '../sip/index.ts';
import {
  type FileLock,
  type JournalWriter,
  noJournal,
  type OpenDirectory,
  type RecordSinks,
} from '../store/index.ts';
import { AccountBook } from './accounts.ts';
import { Admission } from './admission.ts';
import { openCallJournal } from './call-journal.ts';
import { CallReports } from './call-reports.ts';
import { Calls } from './calls.ts';
import { type ClosingPart, closeInOrder } from './closing.ts';
import { Credentials } from './credentials.ts';
import { directoryOf } from './directory-file.ts';
import { metaClients } from './graph.ts';
import { startHttpSide } from './http-side.ts';
import { Intake } from './intake.ts';
import { type Inventory, inventoryOf } from './inventory.ts';
import { LogLevelDesk } from './log-level.ts';
import { checkMediaAddresses } from './media/local-addresses.ts';
import { MediaPlane } from './media/plane.ts';
import { WorkerSettings } from './media/worker-settings.ts';
import { type MetricsDesk, openMetricsDesk } from './metrics-desk.ts';
import type { GatewayOptions } from './options.ts';
import { lockOwnFiles } from './own-files.ts';
import { PageBoard } from './page-board.ts';
import { PageWatch } from './page-watch.ts';
import { PermissionReplies } from './permission-replies.ts';
import { PlacedCalls } from './placed-calls.ts';
import { Readings } from './readings.ts';
import { openRecords } from './record-sinks.ts';
import { recordingKeeper } from './recording-keeper.ts';
import type { Recovery } from './recovery.ts';
import { ReloadDesk, type ReloadReport } from './reload/desk.ts';
import { LiveConfig } from './reload/live-config.ts';
import { reloadParts } from './reload/parts.ts';
import { type SipSide, startSipSide } from './sip-side.ts';
import { TraceDesk } from './trace/desk.ts';
import { TrunkDesk } from './trunks/desk.ts';
import { registrarOf } from './trunks/registrar.ts';

/**
 * How long `close` waits for calls to end on both sides before it goes on without them, ms: as long as a call that
 * ends waits itself, so that Graph's retries are not cut off. A second signal ends the process at once.
 */
const CLOSE_PATIENCE_MS = DEFAULT_POLICY.recordWaitMs + DEFAULT_POLICY.abandonMs + 1_000;

/** How long it waits for calls that came by webhook while the others ended, ms. */
const LATE_PATIENCE_MS = 5_000;

/** One gateway: owns its calls, its servers and everything that they hold open. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #live: LiveConfig;
  readonly #reload: ReloadDesk;
  readonly #level: LogLevelDesk | undefined;
  readonly #started = Promise.withResolvers<void>();
  readonly #calls: Calls;
  readonly #placed: PlacedCalls;
  readonly #credentials: Credentials;
  readonly #graph: GraphClient;
  readonly #whatsapp: WhatsAppClient;
  readonly #intake: Intake;
  readonly #accounts: AccountBook;
  readonly #events: EventFeed;
  readonly #pages: PageBoard;
  readonly #replies = new PermissionReplies();
  readonly #reports: CallReports;
  readonly #readings: Readings;
  readonly #trunks: TrunkDesk;
  /** What happened in each call. */
  readonly traces: TraceDesk;
  readonly #registrar: Registrar | undefined;
  readonly #admission: Admission;
  #recovery: Recovery | undefined;
  #settings!: WorkerSettings;
  #plane!: MediaPlane;
  #sip!: SipSide;
  #http!: HttpServers;
  #lock: FileLock | undefined;
  #journal: JournalWriter = noJournal;
  readonly #ledger = new Ledger();
  /** Calls of a gateway that died are being ended. */
  #recovering: Promise<void> | undefined;
  #records!: RecordSinks;
  #directory!: OpenDirectory;
  #metrics: MetricsDesk | undefined;
  #watch: PageWatch | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: GatewayOptions) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#pages = new PageBoard(() => clock.now());
    const live = new LiveConfig(config);
    this.#live = live;
    const { reloadConfig, logLevel } = options;
    this.#credentials = new Credentials({
      meta: config.meta,
      reload: reloadConfig && (() => metaOf(reloadConfig())),
      clock,
      log,
    });
    this.#level =
      logLevel && new LogLevelDesk({ configured: config.log.level, control: logLevel, clock, log });
    this.#events = new EventFeed({ log, clock });
    this.#registrar = registrarOf(config.sip, clock, log, () => this.#trunks.ways.bindingsChanged());
    this.#trunks = new TrunkDesk({
      trunks: config.trunks,
      registrar: this.#registrar,
      ringing: config.sip.registrar,
      clock,
      log,
      random: Math.random,
      onChange: ({ trunk, up, why }) => this.#reports.tell(up ? 'trunk_up' : 'trunk_down', { trunk, why }),
    });
    this.traces = new TraceDesk(live.in({ ...options, plane: () => this.#plane }));
    const clients = metaClients(() => live.now, {
      credentials: (pageId) => this.#credentials.of(pageId),
      onAnswer: (pageId) => this.#pages.token(pageId, 'accepted'),
      onFailure: (pageId, { kind }) => {
        if (kind === 'credential') {
          this.#pages.token(pageId, 'refused');
          this.#credentials.refused(pageId);
        }
        if (kind === 'settings' && this.#reports.isPage(pageId)) this.#watch?.settingsRefused(pageId);
      },
      clock,
      log,
    });
    this.#graph = clients.messenger;
    this.#whatsapp = clients.whatsapp;
    this.#accounts = new AccountBook(config.meta, clients);
    this.#reports = new CallReports({
      ...{ events: this.#events, accounts: this.#accounts, clock, onRecord: options.onRecord },
      records: () => this.#records,
      metrics: () => this.#metrics,
    });
    const ledger = this.#ledger;
    this.#placed = new PlacedCalls(clock, (event) => this.#intake.release(event));
    this.#admission = new Admission({
      get limits() {
        return live.now.limits;
      },
      plane: () => this.#plane,
      clock,
    });
    this.#calls = new Calls({
      get config() {
        return live.now;
      },
      ...{ clock, log, accounts: this.#accounts, admission: this.#admission },
      ledger,
      placed: this.#placed,
      trunks: this.#trunks,
      parts: () => ({
        plane: this.#plane,
        sip: this.#sip.control,
        journal: this.#journal,
        directory: this.#directory.directory,
      }),
      ...this.#reports.listeners,
      onLadder: options.onLadder,
      observe: (call) => this.traces.observe(call),
    });
    this.#intake = new Intake({
      ledger,
      placed: this.#placed,
      clock,
      log,
      call: (callId) => this.#calls.get(callId),
      accounts: this.#accounts,
      startCall: (facts, callerName) => this.#calls.take(facts, callerName),
      onHeard: (pageId, atMs) => this.#pages.heard(pageId, atMs),
      onPermission: (event) => {
        const { pageId, consumerId: psid, response, expirationMs: expiresAtMs } = event;
        this.#calls.permissions.answered(pageId, psid, response);
        if (!this.#replies.remember(event, clock.now())) return;
        const number = this.#directory.directory.numberOf(pageId, psid);
        this.#reports.tell('call_permission_reply', { pageId, psid, number, response, expiresAtMs });
      },
      onSettings: ({ kind, dedupeKey, timestampMs, ...settings }) => {
        this.#watch?.settingsUpdated(settings.pageId, settings);
        this.#reports.tell(kind, settings);
      },
      onMissed: (facts, why) => this.#calls.missed(facts, why),
      onTombstone: (callId) => this.#calls.tombstone(callId),
      onStrange: (event) => this.#recovery?.claim(event),
    });
    this.#reload = new ReloadDesk({
      live,
      read: reloadConfig,
      parts: reloadParts({
        accounts: this.#accounts,
        credentials: this.#credentials,
        trunks: this.#trunks,
        registrar: this.#registrar,
        level: this.#level,
        traces: this.traces,
        recorded: this.#reports.recorded,
        opened: () => ({
          ...{ media: this.#settings, sip: this.#sip, http: this.#http, watch: this.#watch },
          records: this.#records,
        }),
      }),
      started: this.#started.promise,
      isLeaving: () => this.#isLeaving,
      clock,
      log,
      onEvent: (event, data) => this.#reports.tell(event, data),
    });
    this.#readings = new Readings({
      ...{ calls: this.#calls, reports: this.#reports, trunks: this.#trunks, reload: this.#reload },
      isLeaving: () => this.#isLeaving,
      opened: () => ({
        ...{ plane: this.#plane, sip: this.#sip, http: this.#http },
        ...{ records: this.#records, watch: this.#watch },
      }),
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

  /** Where the SIP server listens. */
  get sipContacts(): SipSide['contacts'] {
    return this.#sip.contacts;
  }

  /** Calls that are not forgotten yet. */
  get calls(): number {
    return this.#calls.size;
  }

  /** What is open in the media workers and in the SIP leg: for tests and operators. */
  inventory(): Promise<Inventory> {
    return inventoryOf(this.#calls.size, this.#trunks, this.#plane, this.#sip.control);
  }

  /** Kills a media worker (from 0) as a crash would; for tests of what follows. */
  crashMediaWorker(worker?: number): Promise<void> {
    return this.#plane.crash(worker);
  }

  /**
   * Takes the configuration up as it is now, with secrets and certificates: all of it, but for what needs a restart, or
   * nothing. Waits for the start; never rejects.
   */
  reload(): Promise<ReloadReport> {
    return this.#reload.reload();
  }

  /** Everything is logged for ten minutes, or no more. */
  toggleDebug(): void {
    this.#level?.toggle();
  }

  /** Kills the embedded SIP server as a crash would; for tests of what follows. */
  crashSipServer(): Promise<void> {
    return this.#sip.crash();
  }

  /**
   * Takes no more calls, says it is not ready, and lets those that are up go on: resolves when the last is over, or after
   * `limits.drainMs`. Idempotent; `close` comes after it, and may come before it ends.
   */
  drain(): Promise<void> {
    const { drainMs } = this.#live.now.limits;
    this.#options.log.info({ calls: this.calls, forMs: drainMs }, 'gateway.draining');
    this.#draining ??= this.#calls.drain(drainMs);
    return this.#draining;
  }

  /** Takes no more calls, ends those that are there on both sides, then closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { config, clock, log, version } = this.#options;
    const { journal } = config;
    this.#lock = await lockOwnFiles(config, log);
    this.#records = await openRecords(this.#options);
    this.#directory = await directoryOf(config, log);
    this.#metrics = await openMetricsDesk(config, this.#graph, clock, log);
    const opened = await openCallJournal(journal.path, {
      records: this.#records,
      reports: this.#reports,
      ledger: this.#ledger,
      ...{ accounts: this.#accounts, clock, log },
    });
    this.#journal = opened.journal;
    this.#recovery = opened.recovery;
    const onRecovered = (file: object): void => this.#reports.tell('recording_recovered', file);
    this.#reports.recorded.keeper = await recordingKeeper(() => this.#live.now, clock, log, onRecovered);
    await checkMediaAddresses(config);
    this.#settings = new WorkerSettings(config, (options) => this.#plane.configure(options));
    this.#plane = await MediaPlane.start({
      workers: config.media.workers,
      worker: () => this.#settings.now,
      clock,
      log,
      onEvent: this.traces.watching((call, event) => this.#calls.mediaEvent(call, event)),
      onLost: (calls) => {
        this.#calls.lost(calls);
        this.#reports.recorded.keeper?.orphaned(calls);
      },
    });
    this.#sip = await startSipSide({
      config: config.sip,
      version,
      willsPath: journal.path === undefined ? undefined : `${journal.path}.sip`,
      clock,
      log,
      ready: () => !this.#isLeaving,
      onState: (state) => log.info({ state }, 'sip.control'),
      onIncomingInvite: (invite) => this.#calls.place(invite),
      trace: (message) => this.traces.sip(message),
      registrar: this.#registrar,
    });
    this.#trunks.watch(this.#sip.control);
    this.#http = await startHttpSide({
      config,
      live: this.#live,
      credentials: this.#credentials,
      intake: this.#intake,
      written: () => this.#journal.written(),
      admin: {
        accounts: this.#accounts,
        settings: this.#graph.settings,
        directory: () => this.#directory.directory,
        permissions: this.#calls.permissions,
        replies: this.#replies,
        calls: this.#calls,
        traces: this.traces,
        trunks: () => this.#trunks.list(),
        pages: () => this.#pages.list(this.#live.now.meta, (pageId) => this.#watch?.look(pageId)),
        health: () => this.#readings.health(),
        metrics: () => this.#readings.metrics(),
        drain: () => {
          void this.drain();
          this.#options.onDrain?.();
          return this.calls;
        },
        reload: this.#reload,
        level: this.#level,
      },
      events: this.#events,
      version,
      clock,
      log,
    });
    this.#watch = PageWatch.following(() => this.#live.now.meta, {
      graph: this.#graph,
      clock,
      log,
      onDrift: (pageId, amiss) => this.#reports.tell('page_drift', { pageId, amiss }),
    });
    this.#recovering = this.#recovery?.run(this.#journal);
    this.#started.resolve();
    const { webhookUrl: webhook, adminUrl: admin } = this.#http;
    const accounts = { pages: config.meta.pages.length, numbers: config.meta.numbers.length };
    log.info({ webhook, admin, sip: this.#sip.contacts, ...accounts }, 'gateway.started');
  }

  get #isLeaving(): boolean {
    return this.#draining !== undefined || this.#closing !== undefined;
  }

  async #shut(): Promise<void> {
    const { log } = this.#options;
    log.info({ calls: this.#calls.size }, 'gateway.closing');
    // A reload that waits for the start learns that there is none.
    this.#started.resolve();
    this.#level?.close();
    const parts: readonly ClosingPart[] = [
      ['admission', async () => this.#admission.close()],
      ['calls', () => this.#calls.shutDown(CLOSE_PATIENCE_MS)],
      ['placed calls', async () => this.#placed.close()],
      // Each of these may be missing: a start that failed closes what it had opened.
      ['http', () => (this.#http as HttpServers | undefined)?.close()],
      ['late calls', () => this.#calls.shutDown(LATE_PATIENCE_MS)],
      ['trunks', async () => this.#trunks.close()],
      ['sip', () => (this.#sip as SipSide | undefined)?.close()],
      ['traces', () => this.traces.close()],
      ['media', () => (this.#plane as MediaPlane | undefined)?.stop()],
      [
        'recovery',
        () => {
          this.#recovery?.stop();
          return this.#recovering;
        },
      ],
      ['graph', () => this.#graph.close()],
      ['whatsapp', () => this.#whatsapp.close()],
      ['metrics', () => this.#metrics?.close()],
      ['watch', () => this.#watch?.close()],
      ['recordings', () => this.#reports.recorded.keeper?.close()],
      ['journal', () => this.#journal.close()],
      ['directory', () => (this.#directory as OpenDirectory | undefined)?.close()],
      ['records', () => (this.#records as RecordSinks | undefined)?.close()],
      ['lock', () => this.#lock?.close()],
    ];
    await closeInOrder(parts, log);
    log.info({}, 'gateway.closed');
  }
}

const metaOf = (loaded: LoadedConfig): GatewayConfig['meta'] | undefined =>
  loaded.ok ? loaded.value.meta : undefined;
