import type { LogLevel } from '../observe/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** What writes the log; `LeveledLog` is one. */
export interface LevelControl {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
}

export interface LogLevelView {
  readonly level: LogLevel;
  /** What the configuration says. */
  readonly configured: LogLevel;
  /** Milliseconds since the epoch at which the configured one counts again; absent: until somebody says so. */
  readonly untilMs?: number;
}

export interface LogLevelDeskOptions {
  readonly configured: LogLevel;
  readonly control: LevelControl;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long the lines of a toggle are written, ms: they name persons, and are forgotten easily. */
const TOGGLED_MS = 600_000;

/** How much is logged, changed while the gateway runs; for a while, or until the next word. */
export class LogLevelDesk {
  readonly #options: LogLevelDeskOptions;
  #configured: LogLevel;
  #untilMs: number | undefined;
  #timer: TimerHandle | undefined;
  /** Somebody said otherwise than the configuration. */
  #isOwn = false;

  constructor(options: LogLevelDeskOptions) {
    this.#options = options;
    this.#configured = options.configured;
  }

  get view(): LogLevelView {
    const { level } = this.#options.control;
    const untilMs = this.#untilMs;
    return { level, configured: this.#configured, ...(untilMs === undefined ? {} : { untilMs }) };
  }

  /** @param forMs then the configured level counts again; without it, until the next word or restart */
  set(level: LogLevel, forMs?: number): LogLevelView {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#untilMs = undefined;
    this.#isOwn = level !== this.#configured;
    this.#apply(level);
    if (forMs !== undefined && this.#isOwn) {
      const { clock } = this.#options;
      this.#untilMs = clock.now() + forMs;
      this.#timer = clock.after(forMs, () => void this.set(this.#configured));
    }
    return this.view;
  }

  /** Everything for ten minutes, or, when everything is written now, what the configuration says. */
  toggle(): LogLevelView {
    const { level } = this.#options.control;
    if (level !== 'debug') return this.set('debug', TOGGLED_MS);
    return this.set(this.#configured === 'debug' ? 'info' : this.#configured);
  }

  /** What the configuration says now: another level than before counts, but not before the end of what was asked for a while. */
  configure(level: LogLevel): void {
    if (level === this.#configured) return;
    this.#configured = level;
    if (this.#isOwn && this.#untilMs !== undefined) return;
    this.set(level);
  }

  close(): void {
    this.#timer?.clear();
  }

  /** The change itself is written either way: by the more talkative of the two. */
  #apply(level: LogLevel): void {
    const { control, log } = this.#options;
    const from = control.level;
    if (from === level) return;
    const forced = { from, to: level };
    log.warn(forced, 'log.level');
    control.setLevel(level);
    if (from === 'error' || from === 'silent') log.warn(forced, 'log.level');
  }
}
