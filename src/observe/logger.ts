import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log } from '../shared/log.ts';
import { logFields } from './log-fields.ts';

/** The process's logger; `child` for a call. */
export interface RootLog extends Log {
  /** Adds the bindings to every line; they are treated as above debug, because they are on those lines too. */
  child(bindings: object): RootLog;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines for operators, on standard error unless a destination is given: `level`, `time` (ISO 8601, UTC), the
 * fields, `msg` (the name of the event). See `logFields` for what is cut.
 */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}): RootLog {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: false }),
  );
  return wrap(logger);
}

function wrap(logger: Logger): RootLog {
  const write =
    (level: Exclude<LogLevel, 'silent'>) =>
    (fields: object, event: string): void => {
      // What is not written is not worked on either.
      if (!logger.isLevelEnabled(level)) return;
      logger[level](logFields(fields, { personal: level === 'debug' }), event);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (bindings) => wrap(logger.child(logFields(bindings, { personal: false }))),
  };
}
