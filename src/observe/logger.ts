import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log } from '../shared/log.ts';
import { LevelGate, type LogLevel } from './level-gate.ts';
import { descriptorSink, LineWriter } from './line-writer.ts';
import { logFields } from './log-fields.ts';

/** The process's logger; `child` for a call. */
export interface RootLog extends Log {
  /** Adds the bindings to every line; they are treated as above debug, because they are on those lines too. */
  child(bindings: object): RootLog;
  /**
   * Resolves when every line so far was handed to the system, or cannot be any more; never rejects. Lines are written
   * asynchronously: an ordinary end of the process writes what is left by itself, an abort or SIGKILL loses it. Waits
   * for standard error only; a destination that was given is its owner's to flush.
   */
  flush(): Promise<void>;
}

/** A logger whose level may change while it is used, for its children as well. */
export interface LeveledLog extends RootLog {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
}

/**
 * JSON lines for operators, on standard error unless a destination is given: `level`, `time` (ISO 8601, UTC), the
 * fields, `msg` (the name of the event). See `logFields` for what is cut.
 */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}): LeveledLog {
  const { destination = standardError() } = options;
  const logger = pino(
    {
      // The gate says what is written.
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const gate = new LevelGate(options.level);
  const root = wrap(logger, gate, async () => {
    if (destination instanceof LineWriter) await destination.flush();
  });
  return {
    ...root,
    get level() {
      return gate.level;
    },
    setLevel: (level) => {
      gate.level = level;
    },
  };
}

let ofProcess: LineWriter | undefined;

/** One for the process, like the descriptor itself: two would mix their lines. */
function standardError(): LineWriter {
  if (ofProcess) return ofProcess;
  const writer = new LineWriter(descriptorSink(2));
  process.on('exit', () => writer.flushSync());
  ofProcess = writer;
  return writer;
}

function wrap(logger: Logger, gate: LevelGate, flush: () => Promise<void>): RootLog {
  const write =
    (level: Exclude<LogLevel, 'silent'>) =>
    (fields: object, event: string): void => {
      // What is not written is not worked on either.
      if (!gate.admits(level)) return;
      logger[level](logFields(fields, { personal: level === 'debug' }), event);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (bindings) => wrap(logger.child(logFields(bindings, { personal: false })), gate, flush),
    flush,
  };
}
