import type { GatewayConfig } from '../config/index.ts';
import type { CallSettings, GraphClient, GraphFailure } from '../meta/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** What keeps consumers' calls from us, though nothing fails. */
export type Drift = 'audio' | 'routing' | 'subscription' | 'feature';

/** The first look, ms: the gateway takes calls first. */
const FIRST_AFTER_MS = 30_000;

export interface PageWatchOptions {
  /** This, `intervalMs` and `repair` are read when they are needed. */
  readonly pages: readonly { readonly id: string; readonly app: string }[];
  readonly graph: Pick<GraphClient, 'settings' | 'page' | 'runsLow'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between two rounds; 0: only what webhooks tell is looked at. */
  readonly intervalMs: number;
  /** Write back what is amiss. */
  readonly repair: boolean;
  /** What is amiss of a Page has changed; empty: nothing is any more. */
  readonly onDrift?: (pageId: string, amiss: readonly Drift[]) => void;
}

/** Counted since the start. */
export interface PageWatchStats {
  readonly checks: number;
  /** Looks that were not taken because Meta's quota ran low. */
  readonly shed: number;
  /** Looks that Graph did not answer. */
  readonly failed: number;
  /** Times that a Page was found to have drifted. */
  readonly drifts: number;
  readonly repairs: number;
  /** What is amiss now. */
  readonly amiss: readonly { readonly pageId: string; readonly what: Drift }[];
}

/** The last look at a Page. */
export interface PageLook {
  /** When Meta last told how it is set, milliseconds since the epoch; undefined: not yet. */
  readonly checkedAtMs?: number | undefined;
  /** Why the look after that came to nothing. */
  readonly failure?: string | undefined;
}

/**
 * Looks every few minutes whether each Page still sends its calls here: somebody may switch them off in Meta's own
 * tools, and subscriptions have vanished without a word. What is amiss is told each time it is seen (`meta.drift`), and
 * repaired where the configuration says so.
 */
export class PageWatch {
  readonly #options: PageWatchOptions;
  readonly #amiss = new Map<string, readonly Drift[]>();
  /** The look that is under way, by Page. */
  readonly #looks = new Map<string, Promise<void>>();
  readonly #counts = { checks: 0, shed: 0, failed: 0, drifts: 0, repairs: 0 };
  readonly #lastLook = new Map<string, PageLook>();
  #timer: TimerHandle | undefined;
  #everyMs: number;
  #closed = false;

  constructor(options: PageWatchOptions) {
    this.#options = options;
    this.#everyMs = options.intervalMs;
    if (options.intervalMs > 0) this.#arm(Math.min(FIRST_AFTER_MS, options.intervalMs));
  }

  /** By the configuration in effect. */
  static following(
    meta: () => GatewayConfig['meta'],
    rest: Omit<PageWatchOptions, 'pages' | 'intervalMs' | 'repair'>,
  ): PageWatch {
    return new PageWatch({
      ...rest,
      get pages() {
        return meta().pages;
      },
      get intervalMs() {
        return meta().watchIntervalMs;
      },
      get repair() {
        return meta().repair;
      },
    });
  }

  get stats(): PageWatchStats {
    const amiss = [...this.#amiss].flatMap(([pageId, all]) => all.map((what) => ({ pageId, what })));
    return { ...this.#counts, amiss };
  }

  /** What is known of one Page. */
  look(pageId: string): PageLook & { readonly amiss: readonly Drift[] } {
    return { ...this.#lastLook.get(pageId), amiss: this.#amiss.get(pageId) ?? [] };
  }

  /** A webhook says what the settings are now. */
  settingsUpdated(pageId: string, settings: CallSettings): void {
    const drift = ofSettings(settings);
    if (drift.length === 0 && !this.#amiss.has(pageId)) return;
    // Told before anything is asked: the quota may run low.
    if (drift.length > 0) this.#tell(pageId, drift);
    void this.check(pageId);
  }

  /** Pages or the interval are others now: those that are gone are looked at no more. */
  changed(): void {
    const { pages, intervalMs } = this.#options;
    for (const known of [this.#amiss, this.#lastLook]) {
      for (const pageId of known.keys()) if (!pages.some(({ id }) => id === pageId)) known.delete(pageId);
    }
    if (this.#closed || intervalMs === this.#everyMs) return;
    this.#everyMs = intervalMs;
    this.#timer?.clear();
    if (intervalMs > 0) this.#arm(Math.min(FIRST_AFTER_MS, intervalMs));
  }

  /** Graph refused a call because calling is switched off (1893056). */
  settingsRefused(pageId: string): void {
    this.#tell(pageId, ['audio']);
    void this.check(pageId);
  }

  /** Looks now; a look that is under way counts. Never rejects. */
  check(pageId: string): Promise<void> {
    const running = this.#looks.get(pageId);
    if (running) return running;
    const look = this.#look(pageId).finally(() => this.#looks.delete(pageId));
    this.#looks.set(pageId, look);
    return look;
  }

  /** Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.clear();
    await Promise.all(this.#looks.values());
  }

  #arm(ms: number): void {
    // A reload in the middle of a round has armed it already.
    this.#timer?.clear();
    this.#timer = this.#options.clock.after(ms, () => void this.#round());
  }

  async #round(): Promise<void> {
    for (const { id } of this.#options.pages) {
      if (this.#closed) return;
      await this.check(id);
    }
    if (!this.#closed && this.#everyMs > 0) this.#arm(this.#everyMs);
  }

  async #look(pageId: string): Promise<void> {
    const { graph, repair } = this.#options;
    if (graph.runsLow(pageId)) {
      this.#counts.shed += 1;
      return;
    }
    this.#counts.checks += 1;
    const drift = await this.#drift(pageId);
    if (!drift || this.#closed) return;
    this.#tell(pageId, drift);
    if (drift.length > 0 && repair) await this.#repair(pageId, drift);
  }

  /** undefined: Graph did not say, or a reload has taken the Page away meanwhile. */
  async #drift(pageId: string): Promise<readonly Drift[] | undefined> {
    const { settings, page } = this.#options.graph;
    const read = await settings.get(pageId);
    if (!read.ok) return this.#failed(pageId, read.failure);
    const subscribed = await page.subscriptions(pageId);
    if (!subscribed.ok) return this.#failed(pageId, subscribed.failure);
    const feature = await page.feature(pageId);
    if (!feature.ok) return this.#failed(pageId, feature.failure);
    const appId = this.#options.pages.find(({ id }) => id === pageId)?.app;
    if (appId === undefined) return undefined;
    this.#lastLook.set(pageId, { checkedAtMs: this.#options.clock.now() });
    const own = subscribed.apps.find(({ id }) => id === appId);
    return [
      ...ofSettings(read.settings),
      ...(own?.fields.includes('calls') ? [] : (['subscription'] as const)),
      ...(feature.enabled ? [] : (['feature'] as const)),
    ];
  }

  #failed(pageId: string, failure: GraphFailure): undefined {
    this.#counts.failed += 1;
    const { message, remedy } = failure;
    this.#lastLook.set(pageId, { ...this.#lastLook.get(pageId), failure: message });
    this.#options.log.warn({ pageId, failure: message, remedy }, 'meta.watch-failed');
  }

  #tell(pageId: string, drift: readonly Drift[]): void {
    const { log } = this.#options;
    const before = this.#amiss.get(pageId) ?? [];
    const changed = before.length !== drift.length || drift.some((what) => !before.includes(what));
    if (changed) this.#options.onDrift?.(pageId, drift);
    if (drift.length === 0) {
      this.#amiss.delete(pageId);
      if (before.length > 0) log.info({ pageId, was: before }, 'meta.drift-over');
      return;
    }
    if (drift.some((what) => !before.includes(what))) this.#counts.drifts += 1;
    this.#amiss.set(pageId, drift);
    log.warn({ pageId, drift, remedy: drift.map((what) => REMEDY[what]).join(' ') }, 'meta.drift');
  }

  /** The subscription first: without it Meta refuses to route calls to partners. The feature is Meta's to give. */
  async #repair(pageId: string, drift: readonly Drift[]): Promise<void> {
    const { graph, log } = this.#options;
    const outcomes: ({ readonly ok: true } | { readonly ok: false; readonly failure: GraphFailure })[] = [];
    if (drift.includes('subscription')) outcomes.push(await graph.page.subscribe(pageId));
    const change: CallSettings = {
      ...(drift.includes('audio') ? { audioEnabled: true } : {}),
      ...(drift.includes('routing') ? { ringTarget: 'PARTNERS' } : {}),
    };
    if (Object.keys(change).length > 0) outcomes.push(await graph.settings.set(pageId, change));
    for (const outcome of outcomes) {
      if (!outcome.ok) log.warn({ pageId, failure: outcome.failure.message }, 'meta.repair-failed');
    }
    if (outcomes.length === 0 || outcomes.some(({ ok }) => !ok) || this.#closed) return;
    this.#counts.repairs += 1;
    log.warn({ pageId, repaired: drift.filter((what) => what !== 'feature') }, 'meta.repaired');
    const left = await this.#drift(pageId);
    if (left) this.#tell(pageId, left);
  }
}

const REMEDY: Readonly<Record<Drift, string>> = {
  audio: 'Set audio_enabled of the Page (or meta.repair: true).',
  routing: 'Set call_routing of the Page to PARTNERS (or meta.repair: true).',
  subscription: 'Subscribe the app to calls of the Page (or meta.repair: true).',
  feature: 'Ask Meta for messenger_api_calling of the Page.',
};

/** What is not told is not amiss. */
function ofSettings({ audioEnabled, ringTarget }: CallSettings): Drift[] {
  return [
    ...(audioEnabled === false ? (['audio'] as const) : []),
    ...(ringTarget !== undefined && ringTarget !== 'PARTNERS' ? (['routing'] as const) : []),
  ];
}
