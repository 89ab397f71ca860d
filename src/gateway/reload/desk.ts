import {
  type ConfigChange,
  type ConfigProblem,
  type ConfigWarning,
  checkMixed,
  type LoadedConfig,
  planReload,
  type ReloadPlan,
} from '../../config/index.ts';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import type { ReloadCounts, ReloadOutcome } from './counts.ts';
import type { LiveConfig } from './live-config.ts';
import type { PreparedPart, ReloadPart } from './part.ts';

export interface ReloadDeskOptions {
  readonly live: LiveConfig;
  /** The file as it is now, secrets from theirs included; undefined: the gateway was given none. */
  readonly read: (() => LoadedConfig) | undefined;
  /** In the order in which they prepare. */
  readonly parts: readonly ReloadPart[];
  /** Resolves when the gateway has started: before that nothing can be changed. */
  readonly started: Promise<void>;
  /** It takes no more calls, and ends. */
  readonly isLeaving: () => boolean;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** For those who listen: `config_reloaded`, `config_refused`. */
  readonly onEvent: (event: string, data: object) => void;
}

export type ReloadReport =
  | {
      readonly ok: true;
      readonly outcome: 'applied' | 'unchanged' | 'planned';
      /** Those that wait for a restart included. */
      readonly changes: readonly ConfigChange[];
      readonly needsRestart: readonly string[];
      readonly warnings: readonly ConfigWarning[];
    }
  | {
      readonly ok: false;
      readonly outcome: Exclude<ReloadOutcome, 'applied' | 'unchanged'>;
      readonly problems: readonly ConfigProblem[];
    };

/** Problems that one line of the log names. */
const LOGGED_PROBLEMS = 20;

/**
 * Takes a changed configuration up, all of it or nothing: read, checked, compared, prepared by every part, and then put
 * into effect in one turn of the event loop. One at a time; who asks while others wait shares their turn.
 */
export class ReloadDesk {
  readonly #options: ReloadDeskOptions;
  readonly #outcomes = { applied: 0, unchanged: 0, invalid: 0, failed: 0, refused: 0 };
  #ok = true;
  #okAtMs: number;
  #needsRestart = 0;
  #last: Promise<unknown>;
  /** Its turn has not come yet: it will read the file as it is then. */
  #next: Promise<ReloadReport> | undefined;

  constructor(options: ReloadDeskOptions) {
    this.#options = options;
    this.#okAtMs = options.clock.now();
    this.#last = options.started;
  }

  get counts(): ReloadCounts {
    return {
      outcomes: { ...this.#outcomes },
      ok: this.#ok,
      okAtMs: this.#okAtMs,
      needsRestart: this.#needsRestart,
    };
  }

  /** Never rejects. @param dryRun only tells what would be done */
  reload(dryRun = false): Promise<ReloadReport> {
    if (dryRun) return this.#inTurn(() => this.#tryOut());
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#reload();
    });
    return this.#next;
  }

  #inTurn(act: () => Promise<ReloadReport>): Promise<ReloadReport> {
    const turn = this.#last.then(act).catch((error: unknown): ReloadReport => {
      const err = error instanceof Error ? error.stack : String(error);
      this.#options.log.error({ code: 'GATEWAY_BUG', err }, 'config.reload-bug');
      return this.#no('failed', [problem('', 'the gateway met a bug.', 'See its log; report it.')]);
    });
    this.#last = turn;
    return turn;
  }

  /** What would be done; what parts say against it is told as well, as far as they can without acting. */
  async #tryOut(): Promise<ReloadReport> {
    const { report, plan } = this.#plan(true);
    if (!plan) return report;
    const parts = this.#options.parts.filter(({ acts }) => acts !== true);
    const prepared = await this.#prepare(parts, plan.config);
    if ('problems' in prepared) return { ok: false, outcome: 'failed', problems: prepared.problems };
    await this.#discard(prepared.parts);
    return report;
  }

  async #reload(): Promise<ReloadReport> {
    const { log, clock, onEvent, live } = this.#options;
    const { report, plan } = this.#plan(false);
    if (!plan || !report.ok) return report;
    const before = live.now;
    const prepared = await this.#prepare(this.#options.parts, plan.config);
    if ('problems' in prepared) return this.#no('failed', prepared.problems);
    // A drain may have begun while parts prepared; what they made is of no use to it.
    if (this.#options.isLeaving()) {
      await this.#discard(prepared.parts);
      return this.#no('refused', [LEAVING]);
    }
    live.replace(plan.config);
    for (const { name, part } of prepared.parts) this.#commit(name, part);
    this.#ok = true;
    this.#okAtMs = clock.now();
    this.#needsRestart = plan.needsRestart.length;
    const outcome =
      plan.config !== before || prepared.parts.some(({ isNews }) => isNews) ? 'applied' : 'unchanged';
    this.#outcomes[outcome] += 1;
    const changes = plan.changes.map(({ key }) => key);
    const { needsRestart } = plan;
    log.info({ outcome, changes, needsRestart }, 'config.reloaded');
    // What is called key is cut from logs.
    for (const { key: setting, ...said } of report.warnings) log.warn({ setting, ...said }, 'config.warning');
    onEvent('config_reloaded', { outcome, changes, needsRestart });
    return { ...report, outcome };
  }

  /** Reads and compares; what stands against it is told. */
  #plan(dryRun: boolean): { readonly report: ReloadReport; readonly plan?: ReloadPlan } {
    const { read, live, isLeaving } = this.#options;
    const no = (outcome: 'refused' | 'invalid' | 'failed', problems: readonly ConfigProblem[]) => ({
      report: dryRun ? ({ ok: false, outcome, problems } as const) : this.#no(outcome, problems),
    });
    if (!read) return no('refused', [NO_FILE]);
    if (isLeaving()) return no('refused', [LEAVING]);
    const loaded = read();
    if (!loaded.ok) return no('invalid', loaded.error);
    const plan = planReload(live.now, loaded.value);
    const { changes, needsRestart, config } = plan;
    const clashes = needsRestart.length > 0 ? checkMixed(config) : [];
    if (clashes.length > 0) return no('failed', clashes.map(waits(needsRestart)));
    return {
      report: { ok: true, outcome: 'planned', changes, needsRestart, warnings: loaded.warnings },
      plan,
    };
  }

  async #prepare(
    wanted: readonly ReloadPart[],
    next: LiveConfig['now'],
  ): Promise<{ readonly parts: readonly NamedPart[] } | { readonly problems: readonly ConfigProblem[] }> {
    const parts: NamedPart[] = [];
    for (const each of wanted) {
      try {
        const part = await each.prepare(next, this.#options.live.now);
        if (part) parts.push({ name: each.name, part, isNews: part.isNews === true });
      } catch (error) {
        await this.#discard(parts);
        if (!(error instanceof GatewayError)) throw error;
        const { code, message, remedy } = error;
        return { problems: [{ ...problem(each.name, message, remedy), code }] };
      }
    }
    return { parts };
  }

  async #discard(parts: readonly NamedPart[]): Promise<void> {
    for (const { part } of parts.toReversed()) await part.discard?.();
  }

  /** One that fails all the same is a bug; the others must not be left behind. */
  #commit(name: string, part: PreparedPart): void {
    try {
      part.commit();
    } catch (error) {
      const err = error instanceof Error ? error.stack : String(error);
      this.#options.log.error({ code: 'GATEWAY_BUG', part: name, err }, 'config.reload-bug');
    }
  }

  #no(outcome: 'invalid' | 'failed' | 'refused', problems: readonly ConfigProblem[]): ReloadReport {
    const { log, onEvent } = this.#options;
    this.#outcomes[outcome] += 1;
    this.#ok = false;
    const told = problems.slice(0, LOGGED_PROBLEMS);
    log.warn(
      { code: CODES[outcome], outcome, count: problems.length, problems: told },
      'config.not-reloaded',
    );
    onEvent('config_refused', { outcome, problems: told });
    return { ok: false, outcome, problems };
  }
}

interface NamedPart {
  readonly name: string;
  readonly part: PreparedPart;
  readonly isNews: boolean;
}

const CODES = {
  invalid: 'CONFIG_NOT_RELOADED',
  failed: 'CONFIG_NOT_APPLIED',
  refused: 'CONFIG_NOT_APPLIED',
} as const;

const problem = (key: string, message: string, remedy: string): ConfigProblem => ({
  key,
  line: 0,
  column: 0,
  message,
  remedy,
});

const NO_FILE = problem('', 'the gateway was not started from a file.', 'Restart it.');
const LEAVING = problem(
  '',
  'the gateway is ending, and takes nothing up any more.',
  'The next one starts with the file as it is.',
);

const waits =
  (keys: readonly string[]) =>
  (found: ConfigProblem): ConfigProblem => ({
    ...found,
    remedy: `Restart the gateway: ${keys.join(', ')} cannot change while it runs. Or: ${found.remedy}`,
  });
