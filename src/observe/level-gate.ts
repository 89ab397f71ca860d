export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/**
 * Which lines are written now. One for a logger and all its children: pino's children keep the level of their birth, and
 * those of running calls would miss a change.
 */
export class LevelGate {
  level: LogLevel;

  constructor(level: LogLevel) {
    this.level = level;
  }

  admits(level: Exclude<LogLevel, 'silent'>): boolean {
    return RANK[level] >= RANK[this.level];
  }
}
