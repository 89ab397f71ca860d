import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log } from '../shared/log.ts';
import { redactSdp } from './redact.ts';

/** The process's logger; `child` for a call. */
export interface RootLog extends Log {
  child(bindings: object): RootLog;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Fields that never reach a log, wherever they stand. */
const SECRET_FIELDS = [
  'accessToken',
  'token',
  'secret',
  'appSecret',
  'password',
  'authorization',
  'icePwd',
  'key',
  'salt',
];

/** JSON lines for operators. Secrets are cut by name, session descriptions lose their passwords. */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}): RootLog {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: '[secret]' },
      serializers: { sdp: (sdp: unknown) => (typeof sdp === 'string' ? redactSdp(sdp) : sdp) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: false }),
  );
  return wrap(logger);
}

function wrap(logger: Logger): RootLog {
  return {
    debug: (fields, event) => logger.debug(fields, event),
    info: (fields, event) => logger.info(fields, event),
    warn: (fields, event) => logger.warn(fields, event),
    error: (fields, event) => logger.error(fields, event),
    child: (bindings) => wrap(logger.child(bindings)),
  };
}
